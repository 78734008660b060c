export { pipelineErrors } from './errors.ts'
export { createPipelines, type Pipelines, type PipelinesDeps } from './pipelines.ts'
export { pipelineRoutes } from './routes.ts'
export { pipelineRunOfTokenName } from './runs/run-tokens.ts'
