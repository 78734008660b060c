export * from './main.ts'
export { verifyOffline } from './verify-offline.ts'
