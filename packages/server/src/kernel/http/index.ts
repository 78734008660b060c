export * from './create-http.ts'
export * from './mount.ts'
export * from './note-access.ts'
