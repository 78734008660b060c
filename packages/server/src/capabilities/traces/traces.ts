import type { Kernel } from '../../kernel/kernel.ts'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import { maskOf } from '../access/index.ts'
import {
  type AssessmentChange,
  createAssessment,
  deleteAssessment,
  type NewAssessment,
  requireAssessment,
  updateAssessment,
} from './assessments.ts'
import { deleteTraces, deleteTraceTag, type Doomed, followRemovals, linkToRun, setTraceTag } from './change-traces.ts'
import { traceErrors } from './errors.ts'
import { createEvaluationSets, type EvaluationSets } from './evaluation-sets/evaluation-sets.ts'
import { logSpans, type TraceDeps } from './log-spans.ts'
import { maskRecord } from './mask-trace.ts'
import type { MetricsQuery } from './metrics/metric-sql.ts'
import type { SpanBatch } from './otlp-span.ts'
import { largeSpans } from './read-spans.ts'
import { type TraceRecord, traceRecords } from './read-traces.ts'
import { createScorers, type Scorers } from './scorers/scorers.ts'
import { endTrace, startTrace, type ToldTrace } from './start-trace.ts'
import type { TraceAssessmentTable, TraceState } from './tables.ts'
import { createTraceFiles, type TraceFiles } from './trace-files.ts'
import { asksForContent, type TraceExpression } from './trace-filter.ts'

const metricsThread = new URL(
  `./metrics/query-metrics-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)

/** What programs did step by step: traces with spans, as MLflow and OpenTelemetry send them, and what people and programs say of them. */
export interface Traces {
  readonly sets: EvaluationSets
  readonly scorers: Scorers
  readonly files: TraceFiles
  /** Stores spans: all of them or none. */
  logSpans(scope: Scope, input: { experiment: string; run?: string; batches: readonly SpanBatch[] }): Promise<void>
  startTrace(scope: Scope, told: ToldTrace): Promise<TraceRecord>
  endTrace(
    scope: Scope,
    id: string,
    end: { at: number; state: TraceState; tags: Record<string, string>; metadata: Record<string, string> },
  ): Promise<TraceRecord>
  /** Throws TRACE_NOT_FOUND. What the reader may not see is masked. */
  requireTrace(scope: Scope, id: string): Promise<TraceRecord>
  /** Those that exist, masked. */
  traceRecords(scope: Scope, ids: readonly string[]): Promise<TraceRecord[]>
  /** Contents of spans that stand in the object store, by digest, for who reads the rest on a reader thread. */
  largeSpans(scope: Scope, traces: readonly string[]): Promise<Record<string, string>>
  /** Throws where a filter asks for what the reader may not see. */
  checkFilter(scope: Scope, filter: TraceExpression | undefined): Promise<void>
  /** Numbers over many traces, as finished JSON. Throws where they would tell what the reader may not see. */
  metrics(scope: Scope, query: Omit<MetricsQuery, 'project'>): Promise<Uint8Array>
  setTag(scope: Scope, trace: string, key: string, value: string): Promise<void>
  deleteTag(scope: Scope, trace: string, key: string): Promise<void>
  linkToRun(scope: Scope, run: string, traces: readonly string[]): Promise<void>
  deleteTraces(scope: Scope, doomed: Doomed): Promise<number>
  createAssessment(scope: Scope, trace: string, input: NewAssessment): Promise<TraceAssessmentTable>
  requireAssessment(scope: Scope, trace: string, id: string): Promise<TraceAssessmentTable>
  updateAssessment(scope: Scope, trace: string, id: string, change: AssessmentChange): Promise<TraceAssessmentTable>
  deleteAssessment(scope: Scope, trace: string, id: string): Promise<void>
}

export function createTraces(deps: TraceDeps & Pick<Kernel, 'consumers'>): Traces {
  deps.consumers.add({
    name: 'traces',
    events: ['experiment.removed', 'run.removed'],
    handle: (trx, batch) => followRemovals(deps, trx, batch),
  })
  const masked = async (scope: Scope, records: readonly TraceRecord[]): Promise<TraceRecord[]> => {
    const mask = await maskOf(deps.db.read, scope)
    return records.map((record) => maskRecord(mask, record))
  }
  const one = async (scope: Scope, id: string): Promise<TraceRecord> => {
    const [record] = await masked(scope, await traceRecords(deps.db.read, scope.project, [id]))
    if (!record) throw traceErrors.TRACE_NOT_FOUND(id)
    return record
  }
  return {
    sets: createEvaluationSets(deps),
    scorers: createScorers(deps),
    files: createTraceFiles(deps),
    logSpans: (scope, input) => logSpans(deps, scope, input),
    startTrace: (scope, told) => startTrace(deps, scope, told),
    endTrace: async (scope, id, end) => {
      const record = await endTrace(deps, scope, id, end)
      if (!record) throw traceErrors.TRACE_NOT_FOUND(id)
      return record
    },
    requireTrace: one,
    traceRecords: async (scope, ids) => masked(scope, await traceRecords(deps.db.read, scope.project, ids)),
    largeSpans: (scope, traces) => largeSpans(deps, scope.project, traces),
    checkFilter: async (scope, filter) => {
      if (permits(scope, 'data:read-personal') || !asksForContent(filter)) return
      if ((await maskOf(deps.db.read, scope)).any) throw traceErrors.PERSONAL_FILTER()
    },
    metrics: async (scope, query) => {
      const asksValues = query.dimensions.includes('assessment_value') || query.filters.some(({ key }) => key)
      if (asksValues && !permits(scope, 'data:read-personal') && (await maskOf(deps.db.read, scope)).any)
        throw traceErrors.PERSONAL_FILTER()
      return deps.db.offload({
        module: metricsThread,
        name: 'metricPointsBytes',
        input: { ...query, project: scope.project },
      })
    },
    setTag: (scope, trace, key, value) => setTraceTag(deps, scope, trace, key, value),
    deleteTag: (scope, trace, key) => deleteTraceTag(deps, scope, trace, key),
    linkToRun: (scope, run, traces) => linkToRun(deps, scope, run, traces),
    deleteTraces: async (scope, doomed) => {
      await deps.requireExperiment(scope, doomed.experiment)
      return deleteTraces(deps, scope, doomed)
    },
    createAssessment: (scope, trace, input) => createAssessment(deps, scope, trace, input),
    requireAssessment: async (scope, trace, id) => {
      await requireAssessment(deps, scope, trace, id)
      const found = (await one(scope, trace)).assessments.find((assessment) => assessment.id === id)
      if (!found) throw traceErrors.ASSESSMENT_NOT_FOUND(id, trace)
      return found
    },
    updateAssessment: (scope, trace, id, change) => updateAssessment(deps, scope, trace, id, change),
    deleteAssessment: (scope, trace, id) => deleteAssessment(deps, scope, trace, id),
  }
}
