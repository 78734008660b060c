/** Figures that tell whether the server works: counted here, read from the database or asked of other processes when somebody scrapes. */
export { collectKernel } from './collect-kernel.ts'
export {
  type Collector,
  createMetrics,
  type Labels,
  type Metrics,
  type MetricsFormat,
  type Reading,
} from './metrics.ts'
export { residentMemory } from './process-memory.ts'
