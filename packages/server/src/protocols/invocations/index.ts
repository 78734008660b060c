export { invocations } from './invocations.ts'
