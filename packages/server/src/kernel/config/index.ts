export * from './config.ts'
export * from './inherited-environment.ts'
export * from './parse-memory.ts'
