export type { NewAssessment } from './assessments.ts'
export { type Doomed } from './change-traces.ts'
export { traceErrors } from './errors.ts'
export { artifactsOf } from './log-spans.ts'
export { maskRecord, maskSpan } from './mask-trace.ts'
export { npmi } from './npmi.ts'
export {
  type AnyValue,
  base64Of,
  hexOf,
  type KeyValue,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  plainValue,
  type SpanBatch,
  valueOf,
} from './otlp-span.ts'
export { isComplete, spansOf } from './read-spans.ts'
export { type TraceRecord, traceRecords, withDetails } from './read-traces.ts'
export { traceRoutes } from './routes.ts'
export { countTraces, selectTraces, type TraceQuery } from './search-traces.ts'
export type { ToldTrace } from './start-trace.ts'
export type { TraceAssessmentTable, TraceState } from './tables.ts'
export { parseTraceFilter, parseTraceOrder } from './trace-filter.ts'
export { createTraces, type Traces } from './traces.ts'
