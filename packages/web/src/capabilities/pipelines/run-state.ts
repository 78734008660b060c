import type { PipelineRunSummary, PipelineStepRun } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

const runKinds: Record<PipelineRunSummary['state'], StateKind> = {
  queued: 'idle',
  running: 'run',
  waiting: 'person',
  finished: 'ok',
  failed: 'bad',
  rejected: 'warn',
  cancelled: 'idle',
}
const stepKinds: Record<PipelineStepRun['state'], StateKind> = {
  queued: 'idle',
  running: 'run',
  waiting: 'person',
  finished: 'ok',
  failed: 'bad',
  rejected: 'warn',
  skipped: 'none',
  cached: 'cached',
  cancelled: 'idle',
}

/** The glyph and word of a run. */
export function runState(run: Pick<PipelineRunSummary, 'state'>): { kind: StateKind; word: string } {
  return {
    kind: runKinds[run.state],
    word:
      run.state === 'waiting' ? 'waiting for a person' : run.state === 'rejected' ? 'rejected by the gate' : run.state,
  }
}

/** The glyph of a step. */
export function stepState(step: PipelineStepRun): StateKind {
  return stepKinds[step.state]
}
