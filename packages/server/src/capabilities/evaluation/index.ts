import './tables.ts'

export { evaluationErrors } from './errors.ts'
export { evaluateStep } from './evaluate-step.ts'
export { createEvaluations, type EvaluationOrigin, type Evaluations } from './evaluations.ts'
export { metricWord, parseMetric } from './metric-words.ts'
export { evaluationRoutes } from './routes.ts'
