export type { AddVersionInput } from './add-version.ts'
export { createDatasets, type Datasets } from './datasets.ts'
export { datasetRoutes } from './routes.ts'
export { validateStep } from './validate-step.ts'
