export * from './route.ts'
export * from './permissions.ts'
export * from './common.ts'
export * from './events.ts'
