export { quotaErrors } from './errors.ts'
export { createQuotas, type Quotas } from './quotas.ts'
export { quotaRoutes } from './routes.ts'
