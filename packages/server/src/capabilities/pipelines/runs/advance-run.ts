import type { EventRef, PipelineRunState, PipelineStepState, StepArtifact } from '@trivium/contract'
import { asReader, type Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { PipelineRunTable, PipelineStepTable } from '../tables.ts'
import { enqueueStep } from './create-run.ts'
import type { Engine } from './engine.ts'
import { cleanUpJob, endedStepStates, succeededStepStates } from './step-states.ts'

type Row = Pick<PipelineStepTable, 'name' | 'state' | 'needs' | 'reason' | 'queued_at'>
type Deps = Pick<Engine, 'clock' | 'events' | 'jobs'>

/** Takes the run's row, so that transitions of its steps come one after the other on every database. */
export async function lockRun(trx: Trx, project: string, id: string): Promise<PipelineRunTable | undefined> {
  return trx
    .updateTable('pipeline_run')
    .set((e) => ({ revision: e('revision', '+', 1) }))
    .where('project_id', '=', project)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

/** After a step changed: queues what can begin, skips what never can, and gives the run the state that its steps have together. The caller holds the run's row. */
export async function advanceRun(trx: Trx, deps: Deps, run: PipelineRunTable): Promise<PipelineRunState> {
  const rows: Row[] = await trx
    .selectFrom('pipeline_step')
    .select(['name', 'state', 'needs', 'reason', 'queued_at'])
    .where('project_id', '=', run.project_id)
    .where('run_id', '=', run.id)
    .orderBy('ordinal')
    .execute()
  const byName = new Map(rows.map((row) => [row.name, row]))
  const now = deps.clock()
  const change = async (
    row: Row,
    set: { state: PipelineStepState; reason?: string; queued_at?: number; finished_at?: number },
  ): Promise<void> => {
    Object.assign(row, set)
    await trx
      .updateTable('pipeline_step')
      .set(set)
      .where('project_id', '=', run.project_id)
      .where('run_id', '=', run.id)
      .where('name', '=', row.name)
      .execute()
  }
  // Steps stand behind what they need, so one pass reaches everything.
  for (const row of rows) {
    if (row.state !== 'queued' && row.state !== 'waiting') continue
    if (run.cancel_requested_at !== null)
      await change(row, { state: 'cancelled', reason: 'The run was cancelled.', finished_at: now })
    else if (row.state === 'queued' && row.queued_at === null) {
      const needs = (JSON.parse(row.needs) as string[])
        .map((name) => byName.get(name))
        .filter((need) => need !== undefined)
      const stopped = needs.find(
        (need) => endedStepStates.includes(need.state) && !succeededStepStates.includes(need.state),
      )
      if (stopped) await change(row, { state: 'skipped', reason: reasonToSkip(stopped), finished_at: now })
      else if (needs.every((need) => succeededStepStates.includes(need.state))) {
        await change(row, { state: 'queued', queued_at: now })
        await enqueueStep(trx, deps, {
          project: run.project_id,
          run: run.id,
          step: row.name,
          priority: run.priority,
        })
      }
    }
  }
  const state = stateOf(rows, run)
  if (state === run.state) return state
  const ended = rows.every((row) => endedStepStates.includes(row.state))
  await trx
    .updateTable('pipeline_run')
    .set({
      state,
      reason: reasonOf(state, rows),
      started_at: run.started_at ?? now,
      ...(ended ? { finished_at: now } : {}),
    })
    .where('project_id', '=', run.project_id)
    .where('id', '=', run.id)
    .execute()
  if (ended) await end(trx, deps, run, state)
  return state
}

function reasonToSkip(need: Row): string {
  if (need.state === 'rejected') return `"${need.name}" said no: ${need.reason ?? ''}`
  if (need.state === 'skipped') return `"${need.name}" was skipped.`
  return `"${need.name}" ${need.state === 'cancelled' ? 'was cancelled' : 'failed'}.`
}

function stateOf(rows: readonly Row[], run: PipelineRunTable): PipelineRunState {
  const has = (state: PipelineStepState): boolean => rows.some((row) => row.state === state)
  if (rows.every((row) => endedStepStates.includes(row.state))) {
    if (run.cancel_requested_at !== null) return 'cancelled'
    return has('failed') ? 'failed' : has('rejected') ? 'rejected' : 'finished'
  }
  if (rows.some((row) => row.state === 'running' || (row.state === 'queued' && row.queued_at !== null))) {
    return run.started_at === null && !has('running') && !rows.some((row) => endedStepStates.includes(row.state))
      ? 'queued'
      : 'running'
  }
  return has('waiting') ? 'waiting' : 'running'
}

function reasonOf(state: PipelineRunState, rows: readonly Row[]): string | null {
  const first = (wanted: PipelineStepState): Row | undefined => rows.find((row) => row.state === wanted)
  if (state === 'failed') {
    const failed = first('failed')
    // most errors of steps name their step already
    const named = failed?.reason?.startsWith(`Step "${failed.name}"`) ?? false
    return named ? (failed?.reason ?? null) : `Step "${failed?.name}" failed: ${failed?.reason ?? ''}`
  }
  if (state === 'rejected') return first('rejected')?.reason ?? null
  if (state === 'waiting') return `Step "${first('waiting')?.name}" waits for a decision.`
  return state === 'cancelled' ? 'The run was cancelled.' : null
}

async function end(
  trx: Trx,
  { clock, events, jobs }: Deps,
  run: PipelineRunTable,
  state: PipelineRunState,
): Promise<void> {
  const subject = urn(run.project_id, 'pipeline-run', run.id)
  const steps = await asReader(trx)
    .selectFrom('pipeline_step')
    .select(['state', 'inputs', 'outputs', 'refs'])
    .where('project_id', '=', run.project_id)
    .where('run_id', '=', run.id)
    .execute()
  const refs = new Map<string, EventRef>()
  const add = (ref: EventRef): void => {
    const key = `${ref.rel} ${ref.urn}`
    if (ref.urn !== subject && !refs.has(key)) refs.set(key, ref)
  }
  for (const step of steps) {
    for (const ref of JSON.parse(step.refs) as EventRef[]) add(ref)
    const read = new Set<string>()
    for (const { urn: of } of JSON.parse(step.inputs) as StepArtifact[]) {
      if (of === null) continue
      read.add(of)
      add({ rel: 'input', urn: of, as: 'read' })
    }
    for (const { urn: of } of JSON.parse(step.outputs) as StepArtifact[])
      if (of !== null && !read.has(of)) add({ rel: 'output', urn: of, as: 'made' })
  }
  // What one step made and another read was made by this run.
  for (const [key, ref] of refs) if (ref.rel === 'input' && refs.has(`output ${ref.urn}`)) refs.delete(key)
  const counts: Record<string, number> = {}
  for (const step of steps) counts[step.state] = (counts[step.state] ?? 0) + 1
  await events.append(trx, {
    project: run.project_id,
    name: `pipeline-run.${state}`,
    schema: 1,
    by: run.cancel_requested_by ?? run.started_by,
    subject,
    refs: [...refs.values()],
    eventTime: run.as_of,
    data: { pipeline: run.pipeline, version: run.version, steps: counts, milliseconds: clock() - run.created_at },
  })
  await jobs.enqueue(trx, { project: run.project_id, kind: cleanUpJob, key: run.id, input: { run: run.id } })
}
