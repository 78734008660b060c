export { createOperations, type Operations } from './operations.ts'
export { operationRoutes } from './routes.ts'
export { operationsTexts } from './personal-texts.ts'
