export * from './principal.ts'
