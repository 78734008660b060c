/** Tells other programs of events: CloudEvents by signed HTTP requests, tried again, and seen and replayed when they were given up. */
export { webhookRoutes } from './routes.ts'
export type { MlflowMessage } from './follow-events.ts'
export { type MlflowEvent, type MlflowHook, mlflowEvents } from './mlflow-receivers.ts'
export { createWebhooks, type Webhooks } from './webhooks.ts'
export { webhooksTexts } from './personal-texts.ts'
