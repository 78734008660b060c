export * from './new-id.ts'
export * from './urn.ts'
export * from './canonical-json.ts'
