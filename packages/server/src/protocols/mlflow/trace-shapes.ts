import type {
  NewAssessment,
  ToldTrace,
  TraceAssessmentTable,
  TraceRecord,
  TraceState,
} from '../../capabilities/traces/index.ts'
import { isoTime } from '../../kernel/clock/index.ts'
import type { Args, Loose } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { clean } from './otlp-limits.ts'

const tagLimit = 8000
const keyLimit = 250
const previewLimit = 10_000

/** RFC 3339, as protobuf prints a Timestamp. */
export const timestamp = (ms: number): string => isoTime(ms).replace('.000Z', 'Z')

/** Seconds with an `s`, as protobuf prints a Duration. */
export const duration = (ms: number): string => `${ms % 1000 === 0 ? ms / 1000 : (ms / 1000).toFixed(3)}s`

function readTimestamp(args: Args, name: string): number | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isSafeInteger(at)) throw args.invalid(name, text)
  return at
}

function readDuration(args: Args, name: string): number | null {
  const text = args.text(name)
  if (text === undefined) return null
  const seconds = /^-?\d+(\.\d+)?s$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN
  const ms = Math.round(seconds * 1000)
  if (!Number.isSafeInteger(ms)) throw args.invalid(name, text)
  return ms
}

/** TraceInfoV3. */
export function traceInfoShape({ row, tags, metadata, assessments }: TraceRecord): Loose {
  return {
    trace_id: row.id,
    ...(row.client_request_id === null ? {} : { client_request_id: row.client_request_id }),
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: row.experiment_id } },
    ...(row.request_preview === null ? {} : { request_preview: row.request_preview }),
    ...(row.response_preview === null ? {} : { response_preview: row.response_preview }),
    request_time: timestamp(row.started_at),
    ...(row.duration_ms === null ? {} : { execution_duration: duration(row.duration_ms) }),
    state: row.state,
    ...(Object.keys(metadata).length === 0 ? {} : { trace_metadata: metadata }),
    ...(assessments.length === 0 ? {} : { assessments: assessments.map(assessmentShape) }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  }
}

/** TraceInfo of the first clients that traced. */
export function traceInfoV2Shape({ row, tags, metadata }: TraceRecord): Loose {
  const pairs = (of: Readonly<Record<string, string>>) => Object.entries(of).map(([key, value]) => ({ key, value }))
  return {
    request_id: row.id,
    experiment_id: row.experiment_id,
    timestamp_ms: row.started_at,
    ...(row.duration_ms === null ? {} : { execution_time_ms: row.duration_ms }),
    status: row.state === 'STATE_UNSPECIFIED' ? 'TRACE_STATUS_UNSPECIFIED' : row.state,
    request_metadata: pairs(metadata),
    tags: pairs(tags),
  }
}

const states: readonly TraceState[] = ['STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS']

export function readState(args: Args, name: string): TraceState {
  const value = args.raw(name)
  if (value === undefined || value === 'TRACE_STATUS_UNSPECIFIED') return 'STATE_UNSPECIFIED'
  const state = typeof value === 'number' ? states[value] : states.find((one) => one === value)
  if (!state) throw args.invalid(name, value)
  return state
}

/** A map of texts: keys are checked, long values are cut. */
export function readMap(args: Args, name: string): Record<string, string> {
  const value = args.raw(name)
  if (value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw args.invalid(name, value)
  return Object.fromEntries(
    Object.entries(value as Loose).map(([key, text]) => {
      if (typeof text !== 'string') throw args.invalid(`${name}.${key.slice(0, 100)}`, text)
      return readPair(key, text)
    }),
  )
}

export function readPair(key: string, value: string): [string, string] {
  if (key === '') throw mlflowErrors.MISSING('key')
  if (key.length > keyLimit || key.includes('\u0000'))
    throw mlflowErrors.INVALID_VALUE('key', key.slice(0, 100), `Keys have at most ${keyLimit} characters and no NUL.`)
  return [key.toWellFormed(), clean(value).slice(0, tagLimit).toWellFormed()]
}

const traceIdPattern = /^[a-zA-Z0-9][\w.:-]{0,255}$/

export function readTraceId(args: Args, name: string): string {
  const id = args.required(name)
  if (!traceIdPattern.test(id)) throw mlflowErrors.INVALID_VALUE(args.nameOf(name), id, 'It is no id of a trace.')
  return id
}

/** What a client tells of a trace in TraceInfoV3. */
export function readToldTrace(info: Args, now: number): ToldTrace {
  const experiment = info.object('trace_location')?.object('mlflow_experiment')
  if (!experiment) throw mlflowErrors.MISSING('trace.trace_info.trace_location.mlflow_experiment')
  const preview = (name: string) => {
    const text = info.text(name)
    return text === undefined ? null : text.slice(0, previewLimit).toWellFormed()
  }
  return {
    id: readTraceId(info, 'trace_id'),
    experiment: experiment.id('experiment_id'),
    startedAt: readTimestamp(info, 'request_time') ?? now,
    durationMs: readDuration(info, 'execution_duration'),
    state: readState(info, 'state'),
    clientRequestId: info.text('client_request_id')?.slice(0, 500).toWellFormed() ?? null,
    requestPreview: preview('request_preview'),
    responsePreview: preview('response_preview'),
    tags: readMap(info, 'tags'),
    metadata: readMap(info, 'trace_metadata'),
    assessments: info.list('assessments').slice(0, 1000).map(readAssessment),
  }
}

/** Assessment. */
export function assessmentShape(row: TraceAssessmentTable): Loose {
  const value: unknown = row.value === null ? undefined : JSON.parse(row.value)
  const error = row.error === null ? {} : { error: JSON.parse(row.error) as unknown }
  const isPlain = value === undefined || value === null || typeof value !== 'object' || row.kind === 'feedback'
  return {
    assessment_id: row.id,
    assessment_name: row.name,
    trace_id: row.trace_id,
    ...(row.span_id === null ? {} : { span_id: row.span_id }),
    source: { source_type: row.source_type, source_id: row.source_id },
    create_time: timestamp(row.created_at),
    last_update_time: timestamp(row.updated_at),
    // A structure that was expected travels as text, because that is how clients send and read it.
    [row.kind]:
      row.kind === 'feedback'
        ? { value: value ?? null, ...error }
        : isPlain
          ? { value: value ?? null }
          : { serialized_value: { serialization_format: 'JSON_FORMAT', value: JSON.stringify(value) } },
    ...(row.rationale === null ? {} : { rationale: row.rationale }),
    ...(row.metadata === '{}' ? {} : { metadata: JSON.parse(row.metadata) as unknown }),
    ...(row.overrides === null ? {} : { overrides: row.overrides }),
    valid: row.valid === 1,
  }
}

const sources = ['SOURCE_TYPE_UNSPECIFIED', 'HUMAN', 'LLM_JUDGE', 'CODE']

/** The value of an assessment, as feedback or expectation; undefined without either. */
export function readValue(
  args: Args,
): { kind: 'feedback' | 'expectation'; value: unknown; error: object | null } | undefined {
  const feedback = args.object('feedback')
  if (feedback) {
    const error = feedback.object('error')
    return {
      kind: 'feedback',
      value: cleanJson(feedback.raw('value')),
      error: error
        ? {
            ...(error.text('error_code') === undefined ? {} : { error_code: error.text('error_code') }),
            ...(error.text('error_message') === undefined ? {} : { error_message: error.text('error_message') }),
            ...(error.text('stack_trace') === undefined ? {} : { stack_trace: error.text('stack_trace') }),
          }
        : null,
    }
  }
  const expectation = args.object('expectation')
  if (!expectation) return undefined
  const serialized = expectation.object('serialized_value')
  if (!serialized) return { kind: 'expectation', value: cleanJson(expectation.raw('value')), error: null }
  try {
    return { kind: 'expectation', value: cleanJson(JSON.parse(serialized.required('value'))), error: null }
  } catch {
    throw mlflowErrors.INVALID_VALUE(serialized.nameOf('value'), serialized.raw('value'), 'It is no JSON.')
  }
}

/** JSON without characters that databases do not store. */
function cleanJson(value: unknown): unknown {
  if (value === undefined) return null
  return JSON.parse(JSON.stringify(value), (_key, one: unknown) => (typeof one === 'string' ? clean(one) : one))
}

export function readAssessment(args: Args): NewAssessment {
  const value = readValue(args)
  if (!value)
    throw mlflowErrors.INVALID(
      'An assessment holds either feedback or an expectation. Issues cannot be stored as assessments.',
    )
  const source = args.object('source')
  const type = source?.raw('source_type')
  const sourceType = typeof type === 'number' ? sources[type] : sources.find((one) => one === type)
  if (type !== undefined && sourceType === undefined) throw args.invalid('source.source_type', type)
  const id = args.text('assessment_id')
  const created = readTimestamp(args, 'create_time')
  const updated = readTimestamp(args, 'last_update_time')
  const name = args.required('assessment_name')
  if (name.length > keyLimit)
    throw mlflowErrors.INVALID_VALUE('assessment_name', name.slice(0, 100), `It has at most ${keyLimit} characters.`)
  return {
    ...(id ? { id: readTraceId(args, 'assessment_id') } : {}),
    name: name.toWellFormed(),
    ...value,
    sourceType: sourceType ?? 'SOURCE_TYPE_UNSPECIFIED',
    sourceId: source?.text('source_id') ?? 'default',
    spanId: args.text('span_id') || null,
    rationale: args.text('rationale') ?? null,
    metadata: readMap(args, 'metadata'),
    overrides: args.text('overrides') || null,
    valid: args.flag('valid') ?? true,
    ...(created === undefined ? {} : { createdAt: created }),
    ...(updated === undefined ? {} : { updatedAt: updated }),
  }
}
