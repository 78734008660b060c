export { createLineage, type Lineage, type LineageGraph, type LineageResolver, lineageErrors } from './lineage.ts'
export { lineageRoutes } from './routes.ts'
