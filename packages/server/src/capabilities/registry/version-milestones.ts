import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import { type NewestVersions, newestVersions } from './newest-versions.ts'
import { requireModel } from './read-models.ts'
import './tables.ts'

/** When a version came how far, as the registry knows it. */
export interface VersionMilestones {
  readonly model: string
  readonly version: number
  readonly registeredAt: number
  /** When its newest request for approval was opened. */
  readonly askedAt: number | null
  readonly approvedAt: number | null
  readonly declinedAt: number | null
  readonly approval: 'waiting' | 'approved' | 'declined' | null
  readonly gate: 'passed' | 'failed' | null
}

const itemsAtOnce = 500

/** The newest versions of a project or a model, newest first. */
export async function readMilestones(db: Reader, project: string, which: NewestVersions): Promise<VersionMilestones[]> {
  if (which.model !== undefined) await requireModel(db, project, which.model)
  const rows = await newestVersions(db, project, which)
    .select(['model', 'version', 'created_at', 'approval', 'approval_item', 'gate'])
    .execute()
  const items = new Map<string, { opened_at: number; decided_at: number | null }>()
  const asked = rows.flatMap((row) => (row.approval_item === null ? [] : (parseUrn(row.approval_item)?.id ?? [])))
  for (let start = 0; start < asked.length; start += itemsAtOnce)
    for (const item of await db
      .selectFrom('inbox_item')
      .select(['id', 'opened_at', 'decided_at'])
      .where('project_id', '=', project)
      .where('id', 'in', asked.slice(start, start + itemsAtOnce))
      .execute())
      items.set(item.id, item)
  return rows.map((row) => {
    const item = row.approval_item === null ? undefined : items.get(parseUrn(row.approval_item)?.id ?? '')
    return {
      model: row.model,
      version: row.version,
      registeredAt: row.created_at,
      askedAt: item?.opened_at ?? null,
      approvedAt: row.approval === 'approved' ? (item?.decided_at ?? null) : null,
      declinedAt: row.approval === 'declined' ? (item?.decided_at ?? null) : null,
      approval: row.approval,
      gate: row.gate,
    }
  })
}
