import type { RunDraft } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { RunTable } from '../tracking/index.ts'
import { draftsOf, type MadeDraft } from './draft-run.ts'
import { withNotes } from './run-notes.ts'
import './tables.ts'

const ended = ['FINISHED', 'FAILED', 'KILLED'] as const

export interface DraftListInput {
  readonly project: string
  readonly experiment: string
  readonly state: 'open' | 'confirmed'
  readonly limit: number
  /** Where the page before ended: a time and an id. */
  readonly after: readonly [number, string] | undefined
}

/** The drafts of a run with their notes, as finished JSON. All of these run on a reader thread. */
export async function runDraftBytes(db: Reader, input: { project: string; run: string }): Promise<string> {
  return JSON.stringify({ drafts: await withNotes(db, input.project, await madeDrafts(db, input)) })
}

/** The drafts of a run with the names of their notes. */
export async function madeDraftBytes(db: Reader, input: { project: string; run: string }): Promise<string> {
  return JSON.stringify(await madeDrafts(db, input))
}

async function madeDrafts(db: Reader, { project, run }: { project: string; run: string }): Promise<MadeDraft[]> {
  const [row] = await rowsOf(db, project, [run])
  return row ? draftsOf(db, project, row) : []
}

/** A page of an experiment's drafts. A group stands with the newest of its runs. */
export async function draftListBytes(db: Reader, input: DraftListInput): Promise<string> {
  const { project } = input
  const page = input.state === 'open' ? await openPage(db, input) : await confirmedPage(db, input)
  const drafts: RunDraft[] = []
  for (const row of page.runs) {
    const made = await draftsOf(db, project, row)
    const own = await withNotes(db, project, made)
    drafts.push(...own.filter((draft) => page.takes(draft, row)))
  }
  return JSON.stringify({ drafts, ...(await countsOf(db, input)), nextPageToken: page.next })
}

interface Page {
  readonly runs: RunTable[]
  readonly takes: (draft: RunDraft, row: RunTable) => boolean
  readonly next: string | null
}

async function openPage(db: Reader, { project, experiment, limit, after }: DraftListInput): Promise<Page> {
  let query = endedRuns(db, project, experiment)
    .selectAll('run')
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('run_note')
            .select('run_note.subject')
            .where('run_note.project_id', '=', project)
            .where('run_note.kind', '=', 'run')
            .whereRef('run_note.subject', '=', 'run.id'),
        ),
      ),
    )
  if (after)
    query = query.where((e) =>
      e.or([
        e('run.start_time', '<', after[0]),
        e.and([e('run.start_time', '=', after[0]), e('run.id', '>', after[1])]),
      ]),
    )
  const rows = await query
    .orderBy('run.start_time', 'desc')
    .orderBy('run.id')
    .limit(limit + 1)
    .execute()
  const runs = rows.slice(0, limit)
  const last = runs.at(-1)
  return {
    runs,
    takes: (draft, row) => draft.note === null && (draft.of === 'run' || draft.members.at(-1)?.id === row.id),
    next: rows.length > limit && last ? tokenOf(last.start_time ?? 0, last.id) : null,
  }
}

async function confirmedPage(db: Reader, { project, experiment, limit, after }: DraftListInput): Promise<Page> {
  let query = db
    .selectFrom('run_note')
    .select(['kind', 'subject', 'run_id', 'confirmed_at'])
    .where('project_id', '=', project)
    .where('experiment_id', '=', experiment)
  if (after)
    query = query.where((e) =>
      e.or([e('confirmed_at', '<', after[0]), e.and([e('confirmed_at', '=', after[0]), e('subject', '>', after[1])])]),
    )
  const notes = await query
    .orderBy('confirmed_at', 'desc')
    .orderBy('subject')
    .limit(limit + 1)
    .execute()
  const shown = notes.slice(0, limit)
  const last = shown.at(-1)
  const wanted = new Set(shown.map((note) => `${note.kind} ${note.run_id}`))
  return {
    runs: await rowsOf(db, project, [...new Set(shown.map((note) => note.run_id))]),
    takes: (draft, row) => draft.note !== null && wanted.has(`${draft.of} ${row.id}`),
    next: notes.length > limit && last ? tokenOf(last.confirmed_at, last.subject) : null,
  }
}

/** Runs that have ended, where they said when they began: all that clients start do. */
function endedRuns(db: Reader, project: string, experiment: string) {
  return db
    .selectFrom('run')
    .where('run.project_id', '=', project)
    .where('run.experiment_id', '=', experiment)
    .where('run.lifecycle', '=', 'active')
    .where('run.status', 'in', ended)
    .where('run.start_time', 'is not', null)
}

async function countsOf(
  db: Reader,
  { project, experiment }: DraftListInput,
): Promise<{ open: number; confirmed: number }> {
  const all = await endedRuns(db, project, experiment)
    .select((e) => e.fn.countAll<number>().as('n'))
    .executeTakeFirst()
  const notes = await db
    .selectFrom('run_note')
    .select((e) => ['kind', e.fn.countAll<number>().as('n')])
    .where('project_id', '=', project)
    .where('experiment_id', '=', experiment)
    .groupBy('kind')
    .execute()
  const of = (kind: string) => Number(notes.find((row) => row.kind === kind)?.n ?? 0)
  return { open: Math.max(0, Number(all?.n ?? 0) - of('run')), confirmed: of('run') + of('group') }
}

/** Runs in the order of their ids. */
async function rowsOf(db: Reader, project: string, ids: readonly string[]): Promise<RunTable[]> {
  if (ids.length === 0) return []
  const rows = await db.selectFrom('run').selectAll().where('project_id', '=', project).where('id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

const tokenOf = (at: number, id: string): string => Buffer.from(JSON.stringify([at, id])).toString('base64url')
