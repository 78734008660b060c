import type {
  PipelineRun,
  PipelineRunCause,
  PipelineRunState,
  PipelineRunSummary,
  PipelineStepRun,
  StepLogLine,
} from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { pipelineErrors } from '../errors.ts'
import type { PipelineAttemptTable, PipelineRunTable, PipelineStepTable } from '../tables.ts'
import type { Engine } from './engine.ts'
import { requireVersion } from './load-version.ts'
import { activeRunStates } from './step-states.ts'

const runStates: readonly PipelineRunState[] = [
  'queued',
  'running',
  'waiting',
  'finished',
  'failed',
  'rejected',
  'cancelled',
]

/** Runs as lists show them, with the names of people and how many steps are in each state. */
export async function presentRuns(db: Reader, rows: readonly PipelineRunTable[]): Promise<PipelineRunSummary[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const people = new Map(
    (
      await db
        .selectFrom('principal')
        .select(['id', 'name'])
        .where('id', 'in', [...new Set(rows.map((row) => row.started_by))])
        .execute()
    ).map((p) => [p.id, p.name]),
  )
  const counts = await db
    .selectFrom('pipeline_step')
    .select(['run_id', 'state', (e) => e.fn.countAll<number>().as('count')])
    .where('project_id', '=', rows[0]?.project_id ?? '')
    .where('run_id', 'in', ids)
    .groupBy(['run_id', 'state'])
    .execute()
  return rows.map((row) => ({
    id: row.id,
    urn: urn(row.project_id, 'pipeline-run', row.id),
    pipeline: row.pipeline,
    version: row.version,
    state: row.state,
    reason: row.reason,
    params: JSON.parse(row.params) as Record<string, unknown>,
    cause: JSON.parse(row.cause) as PipelineRunCause,
    priority: row.priority,
    asOf: row.as_of,
    startedBy: row.started_by,
    startedByName: people.get(row.started_by) ?? row.started_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    stepCounts: Object.fromEntries(
      counts.filter((count) => count.run_id === row.id).map((count) => [count.state, Number(count.count)]),
    ),
  }))
}

/** Lists runs, newest first. Ids sort by when they were made, so the page token is the last id. */
export async function listRuns(
  db: Reader,
  scope: Scope,
  filter: { pipeline?: string; state?: string; limit: number; pageToken?: string },
): Promise<{ runs: PipelineRunSummary[]; nextPageToken: string | null }> {
  let query = db
    .selectFrom('pipeline_run')
    .selectAll()
    .where('project_id', '=', scope.project)
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
  if (filter.pipeline !== undefined) query = query.where('pipeline', '=', filter.pipeline)
  if (filter.state !== undefined) query = query.where('state', 'in', statesOf(filter.state))
  if (filter.pageToken !== undefined) {
    if (!/^prn_[0-9a-z]+$/.test(filter.pageToken)) throw pipelineErrors.BAD_PAGE_TOKEN()
    query = query.where('id', '<', filter.pageToken)
  }
  const rows = await query.execute()
  const page = rows.slice(0, filter.limit)
  return {
    runs: await presentRuns(db, page),
    nextPageToken: rows.length > filter.limit ? (page.at(-1)?.id ?? null) : null,
  }
}

function statesOf(text: string): PipelineRunState[] {
  return text.split(',').flatMap((part) => {
    const state = part.trim()
    if (state === 'active') return activeRunStates
    if (!runStates.includes(state as PipelineRunState)) throw pipelineErrors.UNKNOWN_STATE(state)
    return [state as PipelineRunState]
  })
}

/** Reads a run with its steps and their attempts. */
export async function readRun(db: Reader, scope: Scope, id: string): Promise<PipelineRun> {
  const { project } = scope
  const row = await db
    .selectFrom('pipeline_run')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw pipelineErrors.RUN_NOT_FOUND(id)
  const [summary] = await presentRuns(db, [row])
  if (!summary) throw pipelineErrors.RUN_NOT_FOUND(id)
  const steps = await db
    .selectFrom('pipeline_step')
    .selectAll()
    .where('project_id', '=', project)
    .where('run_id', '=', id)
    .orderBy('ordinal')
    .execute()
  const attempts = await db
    .selectFrom('pipeline_attempt')
    .selectAll()
    .where('project_id', '=', project)
    .where('run_id', '=', id)
    .orderBy('attempt')
    .execute()
  return {
    ...summary,
    definitionDigest: (await requireVersion(db, project, row.pipeline, row.version)).digest,
    holdsEventTime: row.holds_event_time === 1,
    steps: steps.map((step) =>
      presentStep(
        step,
        attempts.filter((attempt) => attempt.step === step.name),
      ),
    ),
  }
}

const parsed = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T))

function presentStep(row: PipelineStepTable, attempts: readonly PipelineAttemptTable[]): PipelineStepRun {
  return {
    name: row.name,
    kind: row.kind,
    needs: JSON.parse(row.needs) as string[],
    state: row.state,
    reason: row.reason,
    waitingFor: row.waiting_for,
    verdict: parsed<NonNullable<PipelineStepRun['verdict']>>(row.verdict),
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    notBefore: row.not_before,
    progress: parsed<NonNullable<PipelineStepRun['progress']>>(row.progress),
    cache: parsed<NonNullable<PipelineStepRun['cache']>>(row.cache),
    params: JSON.parse(row.params) as Record<string, unknown>,
    inputs: JSON.parse(row.inputs) as PipelineStepRun['inputs'],
    outputs: JSON.parse(row.outputs) as PipelineStepRun['outputs'],
    evidence: JSON.parse(row.evidence) as PipelineStepRun['evidence'],
    refs: JSON.parse(row.refs) as PipelineStepRun['refs'],
    attempts: attempts.map((attempt) => ({
      attempt: attempt.attempt,
      state: attempt.state,
      startedAt: attempt.started_at,
      enteredAt: attempt.entered_at,
      finishedAt: attempt.finished_at,
      exitCode: attempt.exit_code,
      boundary: parsed<NonNullable<PipelineStepRun['attempts'][number]['boundary']>>(attempt.boundary),
      error: parsed<NonNullable<PipelineStepRun['attempts'][number]['error']>>(attempt.error),
    })),
  }
}

/** Lines of one attempt's log from an offset. A step that took its result from the cache has none. */
export async function readLog(
  { db, logs }: Pick<Engine, 'db' | 'logs'>,
  scope: Scope,
  input: { run: string; step: string; attempt?: number; offset: number; limit: number },
): Promise<{ attempt: number; lines: StepLogLine[]; nextOffset: number; complete: boolean }> {
  const { project } = scope
  const step = await db.read
    .selectFrom('pipeline_step')
    .select(['attempt', 'state'])
    .where('project_id', '=', project)
    .where('run_id', '=', input.run)
    .where('name', '=', input.step)
    .executeTakeFirst()
  if (!step) throw pipelineErrors.STEP_NOT_FOUND(input.step, input.run)
  const number = input.attempt ?? step.attempt
  if (number === 0)
    return { attempt: 0, lines: [], nextOffset: 0, complete: !['queued', 'running', 'waiting'].includes(step.state) }
  const attempt = await db.read
    .selectFrom('pipeline_attempt')
    .select(['state', 'log_digest'])
    .where('project_id', '=', project)
    .where('run_id', '=', input.run)
    .where('step', '=', input.step)
    .where('attempt', '=', number)
    .executeTakeFirst()
  if (!attempt) throw pipelineErrors.ATTEMPT_NOT_FOUND(input.step, number)
  const { lines, nextOffset, size } = await logs.read(
    { project, run: input.run, step: input.step, attempt: number },
    attempt.log_digest,
    input.offset,
    input.limit,
  )
  return { attempt: number, lines, nextOffset, complete: attempt.state !== 'running' && nextOffset >= size }
}
