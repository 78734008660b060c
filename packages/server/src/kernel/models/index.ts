export * from './release-plan.ts'
export * from './tensor-columns.ts'
