export * from './create-http.ts'
export * from './mount.ts'
