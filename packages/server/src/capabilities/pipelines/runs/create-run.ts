import type { PipelineRunCause } from '@trivium/contract'
import type { Trx } from '../../../kernel/db/index.ts'
import { newId, urn } from '../../../kernel/ids/index.ts'
import { interpolate } from '../definition/interpolate.ts'
import type { Engine, LoadedVersion } from './engine.ts'
import { stepJob } from './step-states.ts'

/** What a new run is made from; `params` holds a value for each parameter. */
export interface NewRun {
  readonly project: string
  readonly version: LoadedVersion
  readonly params: Readonly<Record<string, unknown>>
  readonly cause: PipelineRunCause
  readonly asOf: number
  readonly holdsEventTime: boolean
  readonly priority: number
  /** Whose rights its steps have. */
  readonly startedBy: string
}

/** Records a run with its steps and queues the ones that need nothing, in the transaction of its cause. Event `pipeline-run.started`. */
export async function createRun(
  trx: Trx,
  { clock, events, jobs }: Pick<Engine, 'clock' | 'events' | 'jobs'>,
  run: NewRun,
): Promise<string> {
  const { project, version, params, cause } = run
  const id = newId('prn')
  const now = clock()
  await trx
    .insertInto('pipeline_run')
    .values({
      project_id: project,
      id,
      pipeline: version.pipeline,
      version: version.version,
      state: 'queued',
      reason: null,
      params: JSON.stringify(params),
      cause: JSON.stringify(cause),
      trigger_name: cause.trigger,
      as_of: run.asOf,
      holds_event_time: run.holdsEventTime ? 1 : 0,
      priority: run.priority,
      cancel_requested_at: null,
      cancel_requested_by: null,
      started_by: run.startedBy,
      created_at: now,
      started_at: null,
      finished_at: null,
      revision: 0,
    })
    .execute()
  const steps = version.definition.steps
  for (let from = 0; from < steps.length; from += 100) {
    await trx
      .insertInto('pipeline_step')
      .values(
        steps.slice(from, from + 100).map((step, index) => ({
          project_id: project,
          run_id: id,
          name: step.name,
          ordinal: from + index,
          kind: step.kind,
          state: 'queued' as const,
          reason: null,
          needs: JSON.stringify(step.needs),
          attempt: 0,
          failures: 0,
          not_before: null,
          waiting_for: null,
          cache_key: null,
          cache: null,
          params: JSON.stringify(interpolate(step.params, params)),
          inputs: '[]',
          outputs: '[]',
          verdict: null,
          refs: '[]',
          evidence: '[]',
          progress: null,
          queued_at: step.needs.length === 0 ? now : null,
          started_at: null,
          finished_at: null,
        })),
      )
      .execute()
  }
  for (const step of steps.filter((one) => one.needs.length === 0))
    await enqueueStep(trx, { jobs }, { project, run: id, step: step.name, priority: run.priority })
  await events.append(trx, {
    project,
    name: 'pipeline-run.started',
    schema: 1,
    by: run.startedBy,
    subject: urn(project, 'pipeline-run', id),
    eventTime: run.asOf,
    refs: [
      { rel: 'input', urn: urn(project, 'pipeline', version.pipeline, version.version), as: 'definition' },
      { rel: 'input', urn: urn(project, 'code', version.definition.codeDigest), as: 'code' },
      ...cause.refs,
    ],
    data: { pipeline: version.pipeline, version: version.version, trigger: cause.kind, summary: cause.summary },
  })
  return id
}

/** Queues a step; a step is in the queue at most once. */
export async function enqueueStep(
  trx: Trx,
  { jobs }: Pick<Engine, 'jobs'>,
  {
    project,
    run,
    step,
    priority,
    notBefore,
  }: { project: string; run: string; step: string; priority: number; notBefore?: number },
): Promise<void> {
  // Attempts of the job are lost workers; the retries of a step are counted by the step itself.
  await jobs.enqueue(trx, {
    project,
    kind: stepJob,
    key: `${run}/${step}`,
    input: { run, step },
    maxAttempts: 1000,
    priority,
    ...(notBefore === undefined ? {} : { notBefore }),
  })
}
