export * from './principal.ts'
export { actingUnder, breakGlassOf } from './acting-under.ts'
