export { storageRoutes } from './routes.ts'
export { createStorage, type StorageView } from './storage.ts'
export { uploadRoutes } from './upload-routes.ts'
export { createUploads, type Uploads } from './uploads.ts'
