export { measureName } from './headline.ts'
export { createModelFacts, type ModelFacts } from './model-facts.ts'
export { createMonitoring, type Monitoring } from './monitoring.ts'
export { monitoringRoutes } from './routes.ts'
