export * from './config.ts'
export * from './inherited-environment.ts'
