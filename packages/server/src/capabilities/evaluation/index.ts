import './tables.ts'

export { evaluateStep } from './evaluate-step.ts'
export { createEvaluations, type EvaluationOrigin, type Evaluations } from './evaluations.ts'
export { evaluationRoutes } from './routes.ts'
export { evaluationTexts } from './personal-texts.ts'
