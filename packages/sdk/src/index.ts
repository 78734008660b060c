export { createClient } from './client.ts'
export type { CallInput, Client, ClientOptions } from './client.ts'
export { ApiError } from './api-error.ts'
export { buildUrl } from './build-url.ts'
