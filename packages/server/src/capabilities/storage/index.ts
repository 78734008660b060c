export { storageRoutes } from './routes.ts'
export { createStorage, type StorageView } from './storage.ts'
