export * from './act-once.ts'
export * from './jobs.ts'
