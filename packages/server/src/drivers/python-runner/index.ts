export { closureFinder } from './find-closure.ts'
export { createLocalExecutor } from './local-executor.ts'
export { probeBoundary } from './boundary.ts'
export { cannotContain, containIt, orNot } from './code-policy.ts'
