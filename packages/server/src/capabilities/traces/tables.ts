declare module '../../kernel/db/database.ts' {
  interface Tables {
    trace: TraceTable
    trace_tag: TraceKeyValueTable
    trace_metadata: TraceKeyValueTable
    trace_run: { project_id: string; run_id: string; trace_id: string }
    trace_span: TraceSpanTable
    trace_assessment: TraceAssessmentTable
  }
}

/** What is known of a trace: STATE_UNSPECIFIED and IN_PROGRESS until its root span arrives. */
export type TraceState = 'STATE_UNSPECIFIED' | 'OK' | 'ERROR' | 'IN_PROGRESS'

export interface TraceTable {
  project_id: string
  id: string
  experiment_id: string
  /** Milliseconds UTC. */
  started_at: number
  duration_ms: number | null
  state: TraceState
  client_request_id: string | null
  request_preview: string | null
  response_preview: string | null
  /** Name of the root span; the tag `mlflow.traceName` says what people call the trace. */
  root_name: string | null
  /** 1 after the client told all about the trace: what spans say later changes nothing of it. */
  finalized: number
  created_at: number
  created_by: string
}

export interface TraceKeyValueTable {
  project_id: string
  trace_id: string
  key: string
  value: string
}

export interface TraceSpanTable {
  project_id: string
  trace_id: string
  span_id: string
  parent_id: string | null
  name: string
  type: string
  status: 'OK' | 'ERROR' | 'UNSET'
  /** Microseconds UTC; the exact nanoseconds are in the content. */
  start_us: number
  end_us: number | null
  /** The OTLP span as JSON; with long values cut where the whole is content of the object store. */
  content: string
  digest: string | null
  /** Bytes of the whole span. */
  size: number
  /** Tokens that it says it used, JSON; null where it says nothing. */
  usage: string | null
}

export interface TraceAssessmentTable {
  project_id: string
  trace_id: string
  id: string
  name: string
  kind: 'feedback' | 'expectation'
  /** JSON. */
  value: string | null
  /** The value where it is a number. */
  number: number | null
  /** JSON of {error_code, error_message, stack_trace}. */
  error: string | null
  source_type: string
  source_id: string
  span_id: string | null
  rationale: string | null
  /** JSON object of texts. */
  metadata: string
  overrides: string | null
  valid: number
  created_at: number
  updated_at: number
}
