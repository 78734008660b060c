/** Brings experiments, runs and models of other trackers into a project, with their ids and times, in batches that a client sends. */
export { createImports, type Imports } from './imports.ts'
export { importRoutes } from './routes.ts'
export { importsTexts } from './personal-texts.ts'
