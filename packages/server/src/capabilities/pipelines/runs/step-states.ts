import type { PipelineRunState, PipelineStepState } from '@trivium/contract'

/** States in which a step does nothing more. */
export const endedStepStates: readonly PipelineStepState[] = [
  'finished',
  'failed',
  'rejected',
  'skipped',
  'cached',
  'cancelled',
]
/** States of a step whose outputs may be used. */
export const succeededStepStates: readonly PipelineStepState[] = ['finished', 'cached']
/** States in which a run is not over. */
export const activeRunStates: readonly PipelineRunState[] = ['queued', 'running', 'waiting']

export const stepJob = 'pipeline.step'
export const cleanUpJob = 'pipeline.clean-up'

/** The priority of a run that says nothing about it. */
export const normalPriority = 5
