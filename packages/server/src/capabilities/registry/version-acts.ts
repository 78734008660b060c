import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import { type NewestVersions, newestVersions } from './newest-versions.ts'
import { requireModel, versionUrn } from './read-models.ts'
import './tables.ts'

/** Something that moved a version from one to another, or sent it back. */
export type VersionAct =
  | {
      readonly kind: 'asked'
      readonly at: number
      readonly by: string
      readonly item: string
      readonly to: string | null
    }
  | { readonly kind: 'assigned'; readonly at: number; readonly item: string; readonly to: string | null }
  | {
      readonly kind: 'decided'
      readonly at: number
      readonly by: string
      readonly item: string
      readonly approved: boolean
      readonly reason: string
    }
  | {
      readonly kind: 'withdrawn'
      readonly at: number
      readonly by: string
      readonly item: string
      readonly reason: string
    }
  | { readonly kind: 'gate'; readonly at: number; readonly by: string; readonly reason: string }

/** A version with who registered it and what was done about it since, oldest first. */
export interface VersionActs {
  readonly model: string
  readonly version: number
  readonly registeredAt: number
  readonly registeredBy: string
  /** Whose work it is, whoever registered it. */
  readonly authors: readonly string[]
  readonly acts: readonly VersionAct[]
}

const atOnce = 400

/** The newest versions of a project or a model, newest first, with requests, decisions and gates that said no. */
export async function readVersionActs(db: Reader, project: string, which: NewestVersions): Promise<VersionActs[]> {
  if (which.model !== undefined) await requireModel(db, project, which.model)
  const rows = await newestVersions(db, project, which)
    .select(['model', 'version', 'created_at', 'created_by', 'authors'])
    .execute()
  const acts = new Map<string, VersionAct[]>(rows.map((row) => [versionUrn(project, row.model, row.version), []]))
  // At the same moment a gate speaks before somebody is asked.
  await addGates(db, project, acts)
  await addRequests(db, project, acts)
  return rows.map((row) => ({
    model: row.model,
    version: row.version,
    registeredAt: row.created_at,
    registeredBy: row.created_by,
    authors: JSON.parse(row.authors) as string[],
    acts: (acts.get(versionUrn(project, row.model, row.version)) ?? []).toSorted((a, b) => a.at - b.at),
  }))
}

async function addRequests(db: Reader, project: string, acts: ReadonlyMap<string, VersionAct[]>): Promise<void> {
  const subjects = [...acts.keys()]
  for (let start = 0; start < subjects.length; start += atOnce) {
    const items = await db
      .selectFrom('inbox_item')
      .select(['id', 'subject', 'opened_at', 'opened_by', 'assignee', 'decided_at', 'decided_by'])
      .select(['decision_option', 'decision_reason'])
      .where('project_id', '=', project)
      .where('kind', '=', 'approval')
      .where('subject', 'in', subjects.slice(start, start + atOnce))
      .execute()
    const moved = await movesOf(
      db,
      project,
      items.map(({ id }) => id),
    )
    for (const item of items) {
      const list = acts.get(item.subject)
      if (!list) continue
      const own = moved.get(item.id) ?? []
      const first = own.find((one) => one.kind === 'assigned')
      const to = first ? first.before : item.assignee
      list.push({ kind: 'asked', at: item.opened_at, by: item.opened_by, item: item.id, to })
      list.push(...own)
      if (item.decided_at !== null && item.decided_by !== null)
        list.push({
          kind: 'decided',
          at: item.decided_at,
          by: item.decided_by,
          item: item.id,
          approved: item.decision_option === 'approve',
          reason: item.decision_reason ?? '',
        })
    }
  }
}

type Move = Extract<VersionAct, { kind: 'assigned' | 'withdrawn' }> & { readonly before: string | null }

/** To whom requests were given, and which were taken back, oldest first; only events know. */
async function movesOf(db: Reader, project: string, items: readonly string[]): Promise<Map<string, Move[]>> {
  const found = new Map<string, Move[]>()
  if (items.length === 0) return found
  const rows = await db
    .selectFrom('event')
    .select(['subject', 'name', 'data', 'at', 'by'])
    .where('project_id', '=', project)
    .where(
      'subject',
      'in',
      items.map((id) => urn(project, 'inbox', id)),
    )
    .where('name', 'in', ['inbox.assigned', 'inbox.withdrawn'])
    .orderBy('at')
    .execute()
  for (const { subject, name, data, at, by } of rows) {
    const item = parseUrn(subject)?.id ?? ''
    const said = JSON.parse(data) as { assignee?: string | null; before?: string | null; reason?: string }
    const list = found.get(item) ?? []
    found.set(item, list)
    list.push(
      name === 'inbox.assigned'
        ? { kind: 'assigned', at, item, to: said.assignee ?? null, before: said.before ?? null }
        : { kind: 'withdrawn', at, by, item, reason: said.reason ?? '', before: null },
    )
  }
  return found
}

async function addGates(db: Reader, project: string, acts: ReadonlyMap<string, VersionAct[]>): Promise<void> {
  const models = [...new Set([...acts.keys()].map((subject) => parseUrn(subject)?.id ?? ''))]
  for (let start = 0; start < models.length; start += atOnce)
    for (const { model, version, record, at } of await db
      .selectFrom('model_evidence')
      .select(['model', 'version', 'record', 'at'])
      .where('project_id', '=', project)
      .where('model', 'in', models.slice(start, start + atOnce))
      .where('kind', '=', 'gate')
      .where('verdict', '=', 'failed')
      .execute()) {
      const { by, summary } = JSON.parse(record) as { by: string; summary: string }
      acts.get(versionUrn(project, model, version))?.push({ kind: 'gate', at, by, reason: summary })
    }
}
