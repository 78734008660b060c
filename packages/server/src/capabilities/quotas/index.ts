/** What projects and principals may use, and what they use. */
export { createQuotas, type Quotas } from './quotas.ts'
export { quotaRoutes } from './routes.ts'
