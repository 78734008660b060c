export { createEnvironmentBuilder, type EnvironmentSettings } from './environment-builder.ts'
export { environmentErrors, pythonErrors } from './errors.ts'
