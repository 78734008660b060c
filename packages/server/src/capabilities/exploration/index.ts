/** What is learned from runs: drafted notes, what explains a metric, ideas, the frontier of what was tried. */
export { createExploration, type Exploration } from './exploration.ts'
export { explorationRoutes } from './routes.ts'
export { explorationTexts } from './personal-texts.ts'
export { runsOfIdeas } from './runs-of-ideas.ts'
