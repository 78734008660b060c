export * from './tensor-columns.ts'
