import type { PipelineDefinition } from '@trivium/contract'
import type { Engine } from './engine.ts'

/** Whether a step of the pipeline runs code of people: defining and starting it needs `code:execute`. */
export function runsCode({ kinds }: Pick<Engine, 'kinds'>, definition: PipelineDefinition): boolean {
  return definition.steps.some((step) => kinds.get(step.kind)?.runsCode === true)
}
