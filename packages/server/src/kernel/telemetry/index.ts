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
export { openTracing, type Tracing } from './open-tracing.ts'
export { readHeaders, type TraceSettings } from './otlp-exporter.ts'
export { readTraceparent, type SpanContext, traceparent } from './span-context.ts'
export { traceScorer, traceTables } from './trace-engines.ts'
export { type GatewayTraces, writeTraceSettings } from './trace-settings.ts'
export { noTracer, type Span, type Tracer } from './tracer.ts'
export { residentMemory } from './process-memory.ts'
