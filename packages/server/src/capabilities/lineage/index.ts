export { createLineage, type Lineage, type LineageGraph, type LineageResolver } from './lineage.ts'
export { lineageRoutes } from './routes.ts'
export { lineageTexts } from './personal-texts.ts'
