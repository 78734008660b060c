export * from './table-engine.ts'
