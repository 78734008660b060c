import type { Evidence, EventRef, PipelineStepState, StepArtifact } from '@trivium/contract'
import { addBlobRef } from '../../../kernel/blobs/index.ts'
import type { Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Artifact } from '../../../kernel/ports/index.ts'
import type { KeyPart } from '../cache/cache-key.ts'
import { contentOf } from '../cache/look-up.ts'
import type { PipelineAttemptTable, PipelineStepTable } from '../tables.ts'
import { advanceRun, lockRun } from './advance-run.ts'
import { enqueueStep } from './create-run.ts'
import type { Engine } from './engine.ts'
import { toStepArtifact } from './resolve-inputs.ts'
import { type StepFailure, stepErrorOf } from './step-failure.ts'

/** Which step of which run. */
export interface StepId {
  readonly project: string
  readonly run: string
  readonly step: string
}

/** What a step that worked leaves behind. */
export interface StepOutcome {
  readonly outputs: Readonly<Record<string, Artifact>>
  readonly verdict: { readonly passed: boolean; readonly reason: string } | null
  readonly refs: readonly EventRef[]
  readonly evidence: readonly Evidence[]
}

type Deps = Pick<Engine, 'clock' | 'events' | 'jobs'>

/** Changes a step's row. */
export async function updateStep(trx: Trx, id: StepId, set: Partial<PipelineStepTable>): Promise<void> {
  await trx
    .updateTable('pipeline_step')
    .set(set)
    .where('project_id', '=', id.project)
    .where('run_id', '=', id.run)
    .where('name', '=', id.step)
    .execute()
}

/** Changes an attempt's row. */
export async function updateAttempt(
  trx: Trx,
  id: StepId,
  attempt: number,
  set: Partial<PipelineAttemptTable>,
): Promise<void> {
  await trx
    .updateTable('pipeline_attempt')
    .set(set)
    .where('project_id', '=', id.project)
    .where('run_id', '=', id.run)
    .where('step', '=', id.step)
    .where('attempt', '=', attempt)
    .execute()
}

/** Records that a step worked (or was taken from the cache, or worked and said no), and lets the run go on. */
export async function settleSuccess(
  trx: Trx,
  deps: Deps,
  id: StepId,
  outcome: StepOutcome,
  more: {
    state: Extract<PipelineStepState, 'finished' | 'cached'>
    keep?: { key: string; parts: readonly KeyPart[]; pipeline: string }
    row: Partial<PipelineStepTable>
  },
): Promise<void> {
  const run = await lockRun(trx, id.project, id.run)
  if (!run) return
  const now = deps.clock()
  const { outputs, verdict, refs, evidence } = outcome
  const artifacts: StepArtifact[] = Object.entries(outputs).map(([name, artifact]) =>
    toStepArtifact(name, null, artifact),
  )
  const rejected = verdict !== null && !verdict.passed
  await updateStep(trx, id, {
    ...more.row,
    state: rejected ? 'rejected' : more.state,
    reason: verdict?.reason ?? null,
    outputs: JSON.stringify(artifacts),
    verdict: verdict && JSON.stringify(verdict),
    refs: JSON.stringify(refs),
    evidence: JSON.stringify(evidence),
    progress: null,
    finished_at: now,
  })
  const owner = urn(id.project, 'pipeline-run', id.run)
  for (const artifact of Object.values(outputs)) {
    for (const { digest, size } of contentOf(artifact))
      await addBlobRef(trx, { project: id.project, digest, owner, size, at: now })
  }
  if (more.keep) {
    await trx
      .insertInto('pipeline_cache')
      .values({
        project_id: id.project,
        key: more.keep.key,
        pipeline: more.keep.pipeline,
        step: id.step,
        components: JSON.stringify(more.keep.parts),
        outputs: JSON.stringify(outputs),
        verdict: verdict && JSON.stringify(verdict),
        refs: JSON.stringify(refs),
        evidence: JSON.stringify(evidence),
        run_id: id.run,
        created_at: now,
      })
      .onConflict((c) => c.columns(['project_id', 'key']).doNothing())
      .execute()
  }
  await advanceRun(trx, deps, run)
}

const mostLostAttempts = 10

/** Records that an attempt did not succeed: the step is tried again after its back-off while it may be, else it has failed. */
export async function settleFailure(
  trx: Trx,
  deps: Deps,
  id: StepId,
  failure: StepFailure,
  retry: { max: number; backoffMs: number },
  row: Pick<PipelineStepTable, 'attempt' | 'failures'>,
  logDigest: string | null,
): Promise<void> {
  const run = await lockRun(trx, id.project, id.run)
  if (!run) return
  const now = deps.clock()
  await updateAttempt(trx, id, row.attempt, {
    state: failure.outcome,
    finished_at: now,
    error: JSON.stringify(stepErrorOf(failure)),
    exit_code: failure.exitCode,
    log_digest: logDigest,
    ...(failure.enteredAt === null ? {} : { entered_at: failure.enteredAt }),
  })
  const failures = row.failures + (failure.outcome === 'lost' ? 0 : 1)
  const again =
    run.cancel_requested_at === null &&
    failure.outcome !== 'cancelled' &&
    (failure.outcome === 'lost' ? row.attempt < mostLostAttempts : failures <= retry.max)
  if (again) {
    const notBefore = failure.outcome === 'lost' ? now : now + retry.backoffMs * 2 ** (failures - 1)
    await updateStep(trx, id, {
      state: 'queued',
      failures,
      reason: failure.message,
      not_before: notBefore,
      progress: null,
    })
    await enqueueStep(trx, deps, { ...id, priority: run.priority, notBefore })
  } else {
    const cancelled = failure.outcome === 'cancelled' || run.cancel_requested_at !== null
    await updateStep(trx, id, {
      state: cancelled ? 'cancelled' : 'failed',
      failures,
      reason: cancelled ? 'The run was cancelled.' : failure.message,
      not_before: null,
      progress: null,
      finished_at: now,
    })
  }
  await advanceRun(trx, deps, run)
}

/** Parks a step until somebody has decided. */
export async function settleWaiting(trx: Trx, deps: Deps, id: StepId, waitingFor: string): Promise<void> {
  const run = await lockRun(trx, id.project, id.run)
  if (!run) return
  await updateStep(trx, id, { state: 'waiting', reason: 'Waits for a decision in the inbox.', waiting_for: waitingFor })
  await deps.events.append(trx, {
    project: id.project,
    name: 'step.waiting',
    schema: 1,
    by: run.started_by,
    subject: urn(id.project, 'pipeline-run', id.run),
    eventTime: run.as_of,
    refs: [{ rel: 'about', urn: waitingFor, as: 'waits-for' }],
    data: { step: id.step, pipeline: run.pipeline },
  })
  await advanceRun(trx, deps, run)
}
