export { cohortSql, type PredictionRange, predictionsSql } from './cohort-sql.ts'
export { createOutcomes, type Outcomes } from './outcomes.ts'
export { resolvePrediction, type WindowsOf } from './resolve-lineage.ts'
export { outcomeRoutes } from './routes.ts'
