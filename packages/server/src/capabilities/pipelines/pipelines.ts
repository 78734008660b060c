import { join } from 'node:path'
import type {
  PipelineDetail,
  PipelineRun,
  PipelineRunSummary,
  PipelineSummary,
  PipelineTriggerState,
  PipelineVersion,
  QueuedStep,
  StepArtifact,
  StepLogLine,
  TriggerEvaluation,
} from '@trivium/contract'
import type { Reader, Trx } from '../../kernel/db/index.ts'
import { schemeOf } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { EnvironmentBuilder, Executor, ModelReferenceResolver, StepKind } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { type Access, personalMask } from '../access/index.ts'
import type { Quotas } from '../quotas/index.ts'
import type { Datasets } from '../datasets/index.ts'
import type { Secrets } from '../secrets/index.ts'
import { triggerEvents } from './definition/parse-triggers.ts'
import { pipelineErrors } from './errors.ts'
import { listPipelines, listVersions, readPipeline } from './read-pipelines.ts'
import { cancelRun } from './runs/cancel-run.ts'
import { cleanUpRun } from './runs/clean-up-run.ts'
import type { Engine } from './runs/engine.ts'
import { listRuns, readLog, readRun } from './runs/read-runs.ts'
import { decisionEvents, resumeDecided, resumeWaiting } from './runs/resume-waiting.ts'
import { listQueue, setPriority } from './runs/queue.ts'
import { repeatRun } from './runs/repeat-run.ts'
import { secretUsers } from './runs/names-secrets.ts'
import { runStep } from './runs/run-step.ts'
import { createRunTokens } from './runs/run-tokens.ts'
import { startRun } from './runs/start-run.ts'
import { createStepLogs } from './runs/step-logs.ts'
import { activeRunStates, cleanUpJob, stepJob } from './runs/step-states.ts'
import { type PipelineRestore, planRestore, restorePipeline } from './restore-pipeline.ts'
import { type SavePipelineInput, savePipeline } from './save-pipeline.ts'
import { createCodeBundles, type FindClosure } from './steps/code-bundles.ts'
import { type ApartCall, runApart } from './steps/run-apart.ts'
import { userCodeStep } from './steps/user-code-step.ts'
import { withSecrets } from './steps/with-secrets.ts'
import { onTriggerEvent, onWatermark } from './triggers/follow-events.ts'
import { readCadences, type RetrainingCadence } from './triggers/read-cadences.ts'
import { readTriggers } from './triggers/read-triggers.ts'
import { tickSchedules } from './triggers/tick-schedules.ts'
import './tables.ts'

/** Definitions, runs, step cache and triggers. */
export interface Pipelines {
  /** Adds a kind of step; called in `compose.ts` by the capability that owns it, before anything runs. */
  registerStepKind(kind: StepKind): void
  /** Says how inputs such as `model:NAME@champion` are resolved; the registry implements it. */
  registerModels(resolver: ModelReferenceResolver): void
  /** Checks a definition and keeps it as a version. Throws PIPELINES.INVALID_DEFINITION with every problem. */
  save(scope: Scope, input: SavePipelineInput): Promise<PipelineVersion & { name: string; created: boolean }>
  list(scope: Scope): Promise<PipelineSummary[]>
  get(scope: Scope, name: string, version?: number): Promise<PipelineDetail>
  versions(scope: Scope, name: string): Promise<PipelineVersion[]>
  /** Starts a run; parameters that are not given have their defaults. */
  start(
    scope: Scope,
    input: {
      pipeline: string
      version?: number
      params?: Readonly<Record<string, unknown>>
      holdsEventTime?: boolean
      priority?: number
    },
  ): Promise<PipelineRun>
  run(scope: Scope, id: string): Promise<PipelineRun>
  runs(
    scope: Scope,
    filter: { pipeline?: string; state?: string; limit: number; pageToken?: string },
  ): Promise<{ runs: PipelineRunSummary[]; nextPageToken: string | null }>
  cancel(scope: Scope, id: string): Promise<PipelineRun>
  /** What brings the pipeline of a run back to that run's code, environment and data; undefined without such a run. */
  planRestore(scope: Scope, run: string): Promise<PipelineRestore | undefined>
  /** Does it, in the transaction of whatever is restored with it. */
  restore(trx: Trx, scope: Scope, plan: PipelineRestore): Promise<{ version: number; urn: string }>
  /** Starts a run from the record of another: the same version, parameters, event time, data and models. */
  repeat(scope: Scope, id: string, input: { priority?: number }): Promise<PipelineRun>
  /** Steps that run or wait for a slot, in the order in which they begin. */
  queue(scope: Scope): Promise<{ slots: number; steps: QueuedStep[] }>
  /** Moves a run that is not over up or down in the queue. */
  setPriority(scope: Scope, id: string, priority: number): Promise<PipelineRun>
  log(
    scope: Scope,
    input: { run: string; step: string; attempt?: number; offset: number; limit: number },
  ): Promise<{ attempt: number; lines: StepLogLine[]; nextOffset: number; complete: boolean }>
  output(scope: Scope, input: { run: string; step: string; output: string }): Promise<StepArtifact>
  /** Whether outputs of steps may hold columns that are declared personal. */
  mayHoldPersonal(scope: Scope): Promise<boolean>
  triggers(
    scope: Scope,
    pipeline: string,
    page: { limit: number; pageToken?: string },
  ): Promise<{ triggers: PipelineTriggerState[]; evaluations: TriggerEvaluation[]; nextPageToken: string | null }>
  /** How often triggers may retrain, and for which deployments and monitors. */
  cadences(scope: Scope): Promise<RetrainingCadence[]>
  /** Runs a function of our Python side on files of people, in the environment of a lock file or a pipeline run, kept in like a step. */
  runApart<Result>(project: string, task: ApartCall<Result>): Promise<Result>
  /** What keeps code of people in on this machine, and whether any may run. */
  readonly code: Pick<Executor, 'boundary' | 'refusal'>
  /** Tells where this server listens; steps get it as TRIVIUM_URL. */
  listening(hostAndPort: string): void
  /** Stops the schedule's clock and the processes of steps; what they were doing is done again by the next server. */
  close(): Promise<void>
}

export interface PipelinesDeps {
  readonly access: Access
  readonly datasets: Datasets
  readonly quotas: Pick<Quotas, 'countWith' | 'limit' | 'requireRoom'>
  readonly environments: EnvironmentBuilder
  readonly executor: Executor
  readonly findClosure: FindClosure
  readonly secrets: Pick<Secrets, 'names' | 'handOut' | 'runEnded' | 'follow'>
}

const tickMs = 1000

/** Builds the run engine and tells the kernel what it follows and works on. */
export function createPipelines(
  kernel: Kernel,
  { access, datasets, environments, executor, findClosure, secrets, quotas }: PipelinesDeps,
): Pipelines {
  const { db, clock, events, jobs, blobs, volatile, watermark, logger, paths, config, consumers } = kernel
  let url = config.publicUrl || (config.port === 0 ? '' : `${schemeOf(config)}://${config.host}:${config.port}`)
  const kinds = new Map<string, StepKind>()
  const engine: Engine = {
    db,
    clock,
    events,
    jobs,
    blobs,
    volatile,
    watermark,
    logger,
    paths,
    config,
    leader: kernel.leader,
    access,
    datasets,
    secrets,
    environments,
    executor,
    kinds,
    running: new Map(),
    stopping: false,
    models: undefined,
    bundles: createCodeBundles({ db, blobs, paths, findClosure }),
    logs: createStepLogs({ root: join(paths.data, 'step-logs'), blobs, volatile, clock }),
    tokens: createRunTokens({ access, clock, db }),
    serverUrl: () => url,
  }
  for (const kind of ['python', 'command'] as const)
    kinds.set(
      kind,
      withSecrets(engine, (of) => userCodeStep(of, kind)),
    )
  secrets.follow(secretUsers(db.read))

  const runsNotOver = async (reader: Reader, project: string): Promise<number> => {
    const { count } = await reader
      .selectFrom('pipeline_run')
      .select((e) => e.fn.countAll().as('count'))
      .where('project_id', '=', project)
      .where('state', 'in', [...activeRunStates])
      .executeTakeFirstOrThrow()
    return Number(count)
  }
  quotas.countWith('queued-runs', runsNotOver)
  quotas.countWith('running-steps', async (reader, project) => {
    const { count } = await reader
      .selectFrom('job')
      .select((e) => e.fn.countAll().as('count'))
      .where('kind', '=', stepJob)
      .where('project_id', '=', project)
      .where('state', '=', 'running')
      .executeTakeFirstOrThrow()
    return Number(count)
  })
  // Triggers are not asked: each has at most one run that is not over, and what fires it must not be lost.
  const requireRoom = (scope: Scope): Promise<void> => quotas.requireRoom(db.read, scope.project, 'queued-runs')

  jobs.handle({
    kind: stepJob,
    concurrency: config.stepSlots,
    fullProjects: async (running) => {
      const full: string[] = []
      for (const [project, count] of running) {
        const limit = await quotas.limit(project, 'running-steps')
        if (limit > 0 && count >= limit) full.push(project)
      }
      return full
    },
    handle: (job) => runStep(engine, job),
  })
  jobs.handle({ kind: cleanUpJob, concurrency: 1, handle: (job) => cleanUpRun(engine, job) })
  consumers.add({
    name: 'pipelines.triggers',
    events: ['watermark.advanced', ...triggerEvents],
    handle: async (trx, batch) => {
      for (const event of batch)
        await (event.name === 'watermark.advanced'
          ? onWatermark(trx, engine, event)
          : onTriggerEvent(trx, engine, event))
    },
  })
  consumers.add({
    name: 'pipelines.decisions',
    events: decisionEvents,
    handle: async (trx, batch) => {
      for (const event of batch) await resumeWaiting(trx, engine, { project: event.project, urn: event.subject })
    },
  })
  watermark.addBlocker(async (project) => {
    const active = await db.read
      .selectFrom('pipeline_run')
      .select(['id', 'pipeline', 'state'])
      .where('project_id', '=', project)
      .where('state', 'in', [...activeRunStates])
      .where('holds_event_time', '=', 1)
      .execute()
    return active.map((run) => `run ${run.id} of pipeline ${run.pipeline} is ${run.state}`)
  })

  let ticking = Promise.resolve()
  let swept = false
  const tick = async (): Promise<void> => {
    if (!kernel.leader.leads()) return
    try {
      if (!swept) {
        // A server before this one may have ended between a decision and its effect.
        await resumeDecided(engine)
        swept = true
      }
      await tickSchedules(engine)
    } catch (error) {
      logger.warn({ err: error }, 'schedules could not be looked at')
    }
  }
  const timer = setInterval(() => {
    ticking = ticking.then(() => (engine.stopping ? undefined : tick()))
  }, tickMs)
  timer.unref()

  return {
    registerStepKind: (kind) => void kinds.set(kind.kind, kind),
    registerModels: (resolver) => {
      engine.models = resolver
    },
    save: (scope, input) => savePipeline(engine, scope, input),
    list: (scope) => listPipelines(db.read, scope),
    get: (scope, name, version) => readPipeline(db.read, scope, name, version),
    versions: (scope, name) => listVersions(db.read, scope, name),
    start: async (scope, input) => {
      await requireRoom(scope)
      return readRun(db.read, scope, await startRun(engine, scope, input))
    },
    run: (scope, id) => readRun(db.read, scope, id),
    runs: (scope, filter) => listRuns(db.read, scope, filter),
    cancel: async (scope, id) => {
      await cancelRun(engine, scope, id)
      return readRun(db.read, scope, id)
    },
    repeat: async (scope, id, input) => {
      await requireRoom(scope)
      return readRun(db.read, scope, await repeatRun(engine, scope, id, input))
    },
    planRestore: (scope, run) => planRestore(engine, scope, run),
    restore: (trx, scope, plan) => restorePipeline(trx, engine, scope, plan),
    queue: async (scope) => ({ slots: config.stepSlots, steps: await listQueue(db.read, scope) }),
    setPriority: async (scope, id, priority) => {
      await setPriority(engine, scope, id, priority)
      return readRun(db.read, scope, id)
    },
    log: (scope, input) => readLog(engine, scope, input),
    mayHoldPersonal: async (scope) => (await personalMask(db.read, scope.project)).any,
    output: async (scope, { run, step, output }) => {
      const row = await db.read
        .selectFrom('pipeline_step')
        .select('outputs')
        .where('project_id', '=', scope.project)
        .where('run_id', '=', run)
        .where('name', '=', step)
        .executeTakeFirst()
      if (!row) throw pipelineErrors.STEP_NOT_FOUND(step, run)
      const found = (JSON.parse(row.outputs) as StepArtifact[]).find((one) => one.name === output)
      if (!found) throw pipelineErrors.OUTPUT_NOT_FOUND(step, output)
      return found
    },
    code: executor,
    runApart: (project, task) => runApart(engine, project, task),
    cadences: (scope) => readCadences(engine, scope),
    triggers: (scope, pipeline, page) => readTriggers(engine, scope, pipeline, page),
    listening: (at) => {
      if (config.publicUrl === '') url = `${schemeOf(config)}://${at}`
    },
    close: async () => {
      engine.stopping = true
      clearInterval(timer)
      await ticking
      await executor.close()
    },
  }
}
