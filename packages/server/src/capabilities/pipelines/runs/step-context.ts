import type { Evidence, PipelineStep } from '@trivium/contract'
import { urn } from '../../../kernel/ids/index.ts'
import type { StepContext } from '../../../kernel/ports/index.ts'
import { delegatedScope } from '../../../kernel/principal/index.ts'
import { interpolate } from '../definition/interpolate.ts'
import type { PipelineRunTable, PipelineStepTable } from '../tables.ts'
import type { Engine, LoadedVersion } from './engine.ts'
import { actorOf } from './run-tokens.ts'
import { type StepId, updateStep } from './settle-step.ts'
import type { OpenLog } from './step-logs.ts'

/** A step that a job has in hand. */
export interface Work {
  readonly id: StepId
  readonly run: PipelineRunTable
  readonly row: PipelineStepTable
  readonly version: LoadedVersion
  readonly step: PipelineStep
  readonly parameters: Readonly<Record<string, unknown>>
  readonly evidence: readonly Evidence[]
}

/** Makes what a step gets, for one attempt and its log. */
export interface Contexts {
  with(attempt: number, log: OpenLog | undefined): Omit<StepContext, 'inputs'>
}

const progressEveryMs = 2000

/** What the step of `work` gets, but for its inputs. */
export function contextOf(
  engine: Engine,
  { id, run, row, step, parameters, evidence }: Work,
  signal: AbortSignal,
  /** Whether whoever started the run may read what is personal. */
  personal: boolean,
): Contexts {
  const { project } = id
  const startedBy = actorOf({ project, run: id.run, startedBy: run.started_by, personal })
  let savedAt = 0
  const progress = (done: number, total: number): void => {
    engine.volatile.publish(project, 'step.progress', { run: id.run, step: id.step, done, total })
    if (Date.now() - savedAt < progressEveryMs) return
    savedAt = Date.now()
    void engine.db.write
      .transaction()
      .execute((trx) => updateStep(trx, id, { progress: JSON.stringify({ done, total }) }))
      .catch(() => {})
  }
  return {
    with: (attempt, log) => ({
      scope: delegatedScope(project, startedBy),
      project,
      runId: id.run,
      runUrn: urn(project, 'pipeline-run', id.run),
      pipeline: run.pipeline,
      step: id.step,
      attempt,
      actKey: `${id.run}/${id.step}`,
      asOf: run.as_of,
      evidence,
      parameters: interpolate(step.params, parameters),
      startedBy,
      signal,
      log: (line, stream = 'stdout') => log?.write(line, stream),
      progress,
      ...(row.waiting_for === null ? {} : { waitedFor: row.waiting_for }),
    }),
  }
}
