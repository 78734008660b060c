import type { ConfirmedNote, RunDraft } from '@trivium/contract'
import type { Reader, Trx } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { runUrn, type Tracking } from '../tracking/index.ts'
import type { MadeDraft } from './draft-run.ts'
import { explorationErrors } from './errors.ts'
import type { RunNoteTable } from './tables.ts'
import './tables.ts'

export type NoteDeps = Pick<Kernel, 'db' | 'clock' | 'events'> & { readonly tracking: Pick<Tracking, 'requireRun'> }

const here = new URL(`./drafts-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Drafts with the notes that people made of them. */
export async function withNotes(db: Reader, project: string, drafts: readonly MadeDraft[]): Promise<RunDraft[]> {
  if (drafts.length === 0) return []
  const rows = await db
    .selectFrom('run_note')
    .selectAll()
    .where('project_id', '=', project)
    .where(
      'subject',
      'in',
      drafts.map((one) => one.subject),
    )
    .execute()
  return drafts.map(({ subject, draft }) => {
    const row = rows.find((one) => one.subject === subject && one.kind === draft.of)
    return { ...draft, note: row ? noteOf(row, draft.digest) : null }
  })
}

function noteOf(row: RunNoteTable, digest: string): ConfirmedNote {
  return {
    text: row.text,
    edited: row.edited === 1,
    by: row.confirmed_by,
    byName: row.confirmed_by_name,
    at: row.confirmed_at,
    current: row.draft_digest === digest,
  }
}

/** Keeps what somebody made of a draft; event `run-note.confirmed`. */
export async function confirmNote(
  deps: NoteDeps,
  scope: Scope,
  input: { run: string; of: RunDraft['of']; digest: string; text: string | undefined },
): Promise<RunDraft> {
  const { db, clock, events } = deps
  const { project, principal } = scope
  const run = await deps.tracking.requireRun(scope, input.run)
  const { subject, draft } = await requireDraft(deps, scope, input.run, input.of)
  if (draft.digest !== input.digest) throw explorationErrors.DRAFT_CHANGED(input.run)
  const row: RunNoteTable = {
    project_id: project,
    kind: input.of,
    subject,
    experiment_id: run.experiment_id,
    run_id: run.id,
    text: input.text ?? draft.text,
    draft_digest: draft.digest,
    edited: input.text !== undefined && input.text !== draft.text ? 1 : 0,
    confirmed_by: principal.onBehalfOf ?? principal.id,
    confirmed_by_name: principal.name,
    confirmed_at: clock(),
  }
  await db.write.transaction().execute(async (trx) => {
    await deleteNote(trx, row)
    await trx.insertInto('run_note').values(row).execute()
    await events.append(trx, {
      project,
      name: 'run-note.confirmed',
      schema: 1,
      by: principal.id,
      subject: runUrn(project, run.id),
      refs: draft.parent ? [{ rel: 'about', urn: runUrn(project, draft.parent.id), as: 'compared-with' }] : [],
      data: { of: input.of, experiment: run.experiment_id, edited: row.edited === 1, draft: draft.digest },
    })
  })
  return { ...draft, note: noteOf(row, draft.digest) }
}

/** Takes a note back; event `run-note.reopened`. Nothing happens where there is none. */
export async function reopenNote(
  deps: NoteDeps,
  scope: Scope,
  input: { run: string; of: RunDraft['of'] },
): Promise<void> {
  const { project, principal } = scope
  const run = await deps.tracking.requireRun(scope, input.run)
  const { subject } = await requireDraft(deps, scope, input.run, input.of)
  await deps.db.write.transaction().execute(async (trx) => {
    const gone = await deleteNote(trx, { project_id: project, kind: input.of, subject })
    if (!gone) return
    await deps.events.append(trx, {
      project,
      name: 'run-note.reopened',
      schema: 1,
      by: principal.id,
      subject: runUrn(project, run.id),
      refs: [],
      data: { of: input.of, experiment: run.experiment_id },
    })
  })
}

async function deleteNote(
  trx: Trx,
  { project_id, kind, subject }: Pick<RunNoteTable, 'project_id' | 'kind' | 'subject'>,
): Promise<boolean> {
  const gone = await trx
    .deleteFrom('run_note')
    .where('project_id', '=', project_id)
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .executeTakeFirst()
  return Number(gone.numDeletedRows) > 0
}

async function requireDraft(
  { db }: Pick<NoteDeps, 'db'>,
  { project }: Scope,
  run: string,
  of: RunDraft['of'],
): Promise<MadeDraft> {
  const bytes = await db.offload({ module: here, name: 'madeDraftBytes', input: { project, run }, slow: true })
  const made = (JSON.parse(Buffer.from(bytes).toString()) as MadeDraft[]).find((one) => one.draft.of === of)
  if (!made) throw explorationErrors.NO_DRAFT(run, of)
  return made
}

/** What was removed for good takes its notes, ideas and baselines along. */
export async function followRemovals(
  trx: Trx,
  events: readonly { project: string; name: string; subject: string }[],
): Promise<void> {
  for (const { project, name, subject } of events) {
    const id = parseUrn(subject)?.id
    if (id === undefined) continue
    const column = name === 'run.removed' ? 'run_id' : 'experiment_id'
    await trx.deleteFrom('run_note').where('project_id', '=', project).where(column, '=', id).execute()
    if (name !== 'experiment.removed') continue
    await trx.deleteFrom('idea').where('project_id', '=', project).where('experiment_id', '=', id).execute()
    await trx.deleteFrom('code_fork').where('project_id', '=', project).where('experiment_id', '=', id).execute()
    await trx.deleteFrom('baseline').where('project_id', '=', project).where('experiment_id', '=', id).execute()
  }
}
