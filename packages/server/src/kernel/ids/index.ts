export * from './new-id.ts'
export * from './urn.ts'
