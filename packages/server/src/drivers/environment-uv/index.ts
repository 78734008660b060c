export { createEnvironmentBuilder, type EnvironmentSettings } from './environment-builder.ts'
