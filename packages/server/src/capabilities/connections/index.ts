/** What the server reaches outside of itself: how it goes, a test of each, and the internal addresses that it may call. */
export { type Connections, createConnections } from './connections.ts'
export type { ConnectionSource, KnownConnection } from './known-connection.ts'
export { originOf } from './own-connections.ts'
export { connectionRoutes } from './routes.ts'
