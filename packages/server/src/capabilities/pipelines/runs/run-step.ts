import { addBlobRef } from '../../../kernel/blobs/index.ts'
import type { Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { ClaimedJob } from '../../../kernel/jobs/index.ts'
import type { StepContext, StepResult } from '../../../kernel/ports/index.ts'
import { cacheKey } from '../cache/cache-key.ts'
import { stepErrors } from '../errors.ts'
import { boundaryOf } from '../steps/step-limits.ts'
import type { PipelineStepTable } from '../tables.ts'
import { advanceRun, lockRun } from './advance-run.ts'
import { resumeDecided } from './resume-waiting.ts'
import { earlierEvidence } from './earlier-evidence.ts'
import type { Engine } from './engine.ts'
import { loadVersion } from './load-version.ts'
import { inputsByName, type PreparedStep, prepareStep } from './prepare-step.ts'
import { toStepArtifact } from './resolve-inputs.ts'
import { settleFailure, settleSuccess, settleWaiting, updateAttempt, updateStep } from './settle-step.ts'
import { StepFailure, stepErrorOf, toStepFailure } from './step-failure.ts'
import { type Contexts, contextOf, type Work } from './step-context.ts'
import { lastingPermissions } from '../../access/index.ts'
import type { OpenLog } from './step-logs.ts'
import { endedStepStates } from './step-states.ts'
import { watchStep } from './watch-step.ts'

type StepJob = ClaimedJob<{ run: string; step: string }>

const graceAfterAbortMs = 15_000

/** Does one step of a run: takes its result from the cache, or runs it and records the outcome once, however often the job is tried. */
export async function runStep(engine: Engine, job: StepJob): Promise<void> {
  const work = await load(engine, job)
  if (!work) return
  if (work.run.cancel_requested_at !== null) return cancelBeforeStart(engine, job, work)
  const stop = new AbortController()
  const unwatch = watchStep(engine, work.id, stop)
  const signal = AbortSignal.any([job.signal, stop.signal])
  const held = await lastingPermissions(engine.db.read, work.run.started_by, work.id.project)
  const context = contextOf(engine, work, signal, held.has('data:read-personal'))
  try {
    let prepared: PreparedStep
    try {
      prepared = await prepareStep(engine, { ...work, context: context.with(work.row.attempt + 1, undefined) })
    } catch (error) {
      if (gone(engine, job)) throw error
      const attempt = await begin(engine, job, work, undefined)
      const log = engine.logs.open({ ...work.id, attempt: attempt.number })
      return await fail(engine, job, work, attempt, log, toStepFailure(work.step.name, error))
    }
    if (prepared.hit) await takeCached(engine, job, work, prepared, prepared.hit)
    else await execute(engine, job, work, prepared, context, stop, signal)
  } finally {
    unwatch()
    engine.volatile.publish(work.id.project, 'step.state', { run: work.id.run, step: work.id.step })
  }
}

async function load(engine: Engine, job: StepJob): Promise<Work | undefined> {
  const { db } = engine
  const id = { project: job.project, ...job.input }
  const run = await db.read
    .selectFrom('pipeline_run')
    .selectAll()
    .where('project_id', '=', id.project)
    .where('id', '=', id.run)
    .executeTakeFirst()
  const row = await db.read
    .selectFrom('pipeline_step')
    .selectAll()
    .where('project_id', '=', id.project)
    .where('run_id', '=', id.run)
    .where('name', '=', id.step)
    .executeTakeFirst()
  if (!run || !row || endedStepStates.includes(row.state)) return undefined
  const version = await loadVersion(db.read, id.project, run.pipeline, run.version)
  const step = version.definition.steps.find((one) => one.name === id.step)
  if (!step) return undefined
  const evidence = await earlierEvidence(db.read, id, version.definition.steps, step)
  return { id, run, row, version, step, evidence, parameters: JSON.parse(run.params) as Record<string, unknown> }
}

/** The server stops, or another worker has the step by now: nothing is recorded, the job is given back. */
const gone = (engine: Engine, job: StepJob): boolean => engine.stopping || job.signal.aborted

async function cancelBeforeStart(engine: Engine, job: StepJob, { id, row }: Work): Promise<void> {
  await job.complete(async (trx) => {
    const run = await lockRun(trx, id.project, id.run)
    if (!run) return
    if (row.state === 'running')
      await updateAttempt(trx, id, row.attempt, { state: 'cancelled', finished_at: engine.clock() })
    await updateStep(trx, id, { state: 'cancelled', reason: 'The run was cancelled.', finished_at: engine.clock() })
    await advanceRun(trx, engine, run)
  })
}

async function takeCached(
  engine: Engine,
  job: StepJob,
  { id, row }: Work,
  prepared: PreparedStep,
  hit: NonNullable<PreparedStep['hit']>,
): Promise<void> {
  const now = engine.clock()
  await job.complete(async (trx) => {
    await endLostAttempt(trx, id, row, now)
    await settleSuccess(trx, engine, id, hit, { state: 'cached', row: { ...rowOf(prepared), started_at: now } })
  })
}

/** An attempt that was running when the step is taken up again has been lost with its server. */
async function endLostAttempt(trx: Trx, id: Work['id'], row: PipelineStepTable, now: number): Promise<void> {
  if (row.state !== 'running') return
  const lost = stepErrorOf(new StepFailure(stepErrors.SERVER_STOPPED(), { outcome: 'lost' }))
  await updateAttempt(trx, id, row.attempt, { state: 'lost', finished_at: now, error: JSON.stringify(lost) })
}

/** What a prepared step's row says about its inputs and its key. */
function rowOf({ inputs, verdict }: PreparedStep): Partial<PipelineStepTable> {
  return {
    inputs: JSON.stringify(inputs.map(({ name, reference, artifact }) => toStepArtifact(name, reference, artifact))),
    cache: JSON.stringify(verdict),
    cache_key: verdict.key,
  }
}

interface Attempt {
  readonly number: number
  readonly failures: number
}

/** Marks the step as running under a new attempt. One that was running before has been lost with its server; one that waited for a decision goes on. */
async function begin(
  engine: Engine,
  job: StepJob,
  { id, row, step }: Work,
  prepared: PreparedStep | undefined,
): Promise<Attempt> {
  const { db, clock } = engine
  // What is refused does not run, with a boundary or without.
  const runs = prepared?.kind.runsCode === true && (await engine.executor.refusal()) === undefined
  const boundary = runs ? await boundaryOf(engine, step) : undefined
  const resumed = row.state === 'queued' && row.waiting_for !== null && row.attempt > 0 && row.not_before === null
  const number = resumed ? row.attempt : row.attempt + 1
  await db.write.transaction().execute(async (trx) => {
    const run = await lockRun(trx, id.project, id.run)
    const holder = await trx
      .selectFrom('job')
      .select('id')
      .where('id', '=', job.id)
      .where('fence', '=', job.fence)
      .where('state', '=', 'running')
      .executeTakeFirst()
    if (!run || !holder) throw new Error(`Step "${id.step}" of ${id.run} was taken over.`)
    const now = clock()
    await endLostAttempt(trx, id, row, now)
    await updateStep(trx, id, {
      ...(prepared ? rowOf(prepared) : {}),
      state: 'running',
      reason: null,
      attempt: number,
      not_before: null,
      started_at: row.started_at ?? now,
    })
    if (!resumed) {
      await trx
        .insertInto('pipeline_attempt')
        .values({
          project_id: id.project,
          run_id: id.run,
          step: id.step,
          attempt: number,
          state: 'running',
          started_at: now,
          entered_at: null,
          finished_at: null,
          exit_code: null,
          boundary: boundary === undefined ? null : JSON.stringify(boundary),
          error: null,
          log_digest: null,
        })
        .execute()
    }
    await advanceRun(trx, engine, run)
  })
  engine.volatile.publish(id.project, 'step.state', { run: id.run, step: id.step, state: 'running' })
  return { number, failures: row.failures }
}

async function execute(
  engine: Engine,
  job: StepJob,
  work: Work,
  prepared: PreparedStep,
  contexts: Contexts,
  stop: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const { id, step, version } = work
  const attempt = await begin(engine, job, work, prepared)
  const log = engine.logs.open({ ...id, attempt: attempt.number })
  const context: StepContext = { ...contexts.with(attempt.number, log), inputs: inputsByName(prepared.inputs) }
  const limit =
    step.timeoutMs === null
      ? undefined
      : setTimeout(
          () =>
            stop.abort(
              new StepFailure(stepErrors.TIMED_OUT(step.name, (step.timeoutMs ?? 0) / 1000), { outcome: 'timed-out' }),
            ),
          step.timeoutMs,
        )
  let result: StepResult
  try {
    result = await Promise.race([prepared.kind.run(context, prepared.configuration), afterAbort(signal)])
    if (stop.signal.aborted) throw stop.signal.reason as Error
  } catch (error) {
    if (gone(engine, job)) {
      log.abandon()
      throw error
    }
    const reason = stop.signal.aborted
      ? mergeFailure(stop.signal.reason as StepFailure, error)
      : toStepFailure(step.name, error)
    return await fail(engine, job, work, attempt, log, reason)
  } finally {
    clearTimeout(limit)
  }
  if (result.waitingFor !== undefined) {
    const { waitingFor } = result
    log.abandon()
    await job.complete((trx) => settleWaiting(trx, engine, id, waitingFor))
    // The decision may have been sealed before the step was parked.
    await resumeDecided(engine, { project: id.project, urn: waitingFor })
    return
  }
  const stored = await log.finish()
  await job.complete(async (trx) => {
    await updateAttempt(trx, id, attempt.number, {
      state: 'finished',
      finished_at: engine.clock(),
      entered_at: result.enteredAt ?? null,
      exit_code: result.exitCode ?? null,
      log_digest: stored?.digest ?? null,
    })
    await holdLog(trx, engine, id, stored)
    const keep =
      step.cache === 'content'
        ? { key: cacheKey(prepared.parts), parts: prepared.parts, pipeline: version.pipeline }
        : undefined
    const outcome = {
      outputs: result.outputs,
      verdict: result.verdict ?? null,
      refs: result.refs ?? [],
      evidence: result.evidence ?? [],
    }
    await settleSuccess(trx, engine, id, outcome, { state: 'finished', row: {}, ...(keep ? { keep } : {}) })
  })
}

async function fail(
  engine: Engine,
  job: StepJob,
  work: Work,
  attempt: Attempt,
  log: OpenLog,
  failure: StepFailure,
): Promise<void> {
  log.write(failure.message, 'system')
  const stored = await log.finish()
  const row = { attempt: attempt.number, failures: attempt.failures }
  await job.complete(async (trx) => {
    await settleFailure(trx, engine, work.id, failure, work.step.retry, row, stored?.digest ?? null)
    await holdLog(trx, engine, work.id, stored)
  })
}

/** From now on, not from the end of the run: a run may wait for people longer than content without an owner is kept. */
async function holdLog(
  trx: Trx,
  { clock }: Pick<Engine, 'clock'>,
  { project, run }: { project: string; run: string },
  log: { digest: string; size: number } | null,
): Promise<void> {
  if (log !== null) await addBlobRef(trx, { project, ...log, owner: urn(project, 'pipeline-run', run), at: clock() })
}

/** The reason why a step was stopped, with what its code said last. */
function mergeFailure(reason: StepFailure, error: unknown): StepFailure {
  if (error instanceof StepFailure && error !== reason)
    Object.assign(reason, { exitCode: error.exitCode, enteredAt: error.enteredAt })
  return reason
}

/** Rejects some time after the signal, for a step that does not listen to it. */
function afterAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => setTimeout(() => reject(signal.reason as Error), graceAfterAbortMs).unref(),
      { once: true },
    )
  })
}
