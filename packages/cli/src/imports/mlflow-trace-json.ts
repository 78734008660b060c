import type { ImportedAssessment, ImportedTrace } from '@trivium/contract'
import { type Skip, wholeNumber } from './source.ts'

type Json = Readonly<Record<string, unknown>>
/** Where the spans of a trace are that are no files. */
export const inStore = 'TRACKING_STORE'
export const spansTag = 'mlflow.trace.spansLocation'
export const artifactsTag = 'mlflow.artifactLocation'
export const sourceRunKey = 'mlflow.sourceRun'

/** Whether files belong to a trace: spans that old clients put there, and what newer ones attach to values. */
export const hasFiles = (trace: ImportedTrace): boolean =>
  trace.tags[spansTag] !== inStore || JSON.stringify(trace.spans).includes('mlflow-attachment://')

/** JSON whose 64-bit numbers, which JavaScript's cannot hold, are text. Inside of a text of JSON quotes are escaped, so that only fields have this form. */
export const parseExact = (text: string): unknown =>
  JSON.parse(text.replaceAll(/"((?:start_|end_)?time_unix_nano|int_value)":\s*"?(-?\d+)"?/g, '"$1":"$2"'))

/** A trace as MLflow's API tells it (TraceInfoV3), without its spans and runs. */
export function traceOfJson(info: Json, skip: Skip): ImportedTrace {
  const id = String(info['trace_id'])
  const location = (info['trace_location'] as Json | undefined)?.['mlflow_experiment'] as Json | undefined
  const state = String(info['state'] ?? '')
  const duration = /^(-?\d+(?:\.\d+)?)s$/.exec(String(info['execution_duration'] ?? ''))?.[1]
  return {
    id,
    experiment: String(location?.['experiment_id'] ?? ''),
    startedAt: timeOf(info['request_time']),
    durationMs: duration === undefined ? null : Math.max(0, Math.round(Number(duration) * 1000)),
    state: stateOf(state),
    clientRequestId: textOf(info['client_request_id']),
    requestPreview: textOf(info['request_preview']),
    responsePreview: textOf(info['response_preview']),
    tags: texts(info['tags']),
    metadata: texts(info['trace_metadata']),
    runs: [],
    assessments: ((info['assessments'] ?? []) as Json[]).flatMap((one) => assessmentOfJson(one, id, skip)),
    spans: [],
  }
}

export const stateOf = (word: string): ImportedTrace['state'] =>
  (['OK', 'ERROR', 'IN_PROGRESS'] as const).find((one) => one === word) ?? 'STATE_UNSPECIFIED'

function assessmentOfJson(one: Json, trace: string, skip: Skip): ImportedAssessment[] {
  const id = String(one['assessment_id'] ?? '')
  const feedback = one['feedback'] as Json | undefined
  const expectation = one['expectation'] as Json | undefined
  if (!feedback && !expectation) {
    skip(`assessment ${id} of trace ${trace}`, 'it is an issue, for which there is no place here')
    return []
  }
  const serialized = expectation?.['serialized_value'] as { value?: string } | undefined
  const source = (one['source'] ?? {}) as Json
  return [
    {
      id,
      name: String(one['assessment_name'] ?? ''),
      kind: feedback ? 'feedback' : 'expectation',
      value: serialized ? parsed(serialized.value ?? 'null') : ((feedback ?? expectation)?.['value'] ?? null),
      error: (feedback?.['error'] as Record<string, unknown> | undefined) ?? null,
      sourceType: String(source['source_type'] ?? 'SOURCE_TYPE_UNSPECIFIED'),
      sourceId: String(source['source_id'] ?? ''),
      spanId: textOf(one['span_id']),
      rationale: textOf(one['rationale']),
      metadata: texts(one['metadata']),
      overrides: textOf(one['overrides']),
      valid: one['valid'] !== false,
      createdAt: timeOf(one['create_time']),
      updatedAt: timeOf(one['last_update_time']),
    },
  ]
}

/** An assessment as MLflow's API takes it. */
export function assessmentToJson(trace: string, one: ImportedAssessment): object {
  const isPlain = one.value === null || typeof one.value !== 'object'
  return {
    assessment_id: one.id,
    assessment_name: one.name,
    trace_id: trace,
    ...(one.spanId === null ? {} : { span_id: one.spanId }),
    source: { source_type: one.sourceType, source_id: one.sourceId },
    create_time: new Date(one.createdAt).toISOString(),
    last_update_time: new Date(one.updatedAt).toISOString(),
    [one.kind]:
      one.kind === 'feedback'
        ? { value: one.value, ...(one.error ? { error: one.error } : {}) }
        : isPlain
          ? { value: one.value }
          : { serialized_value: { serialization_format: 'JSON_FORMAT', value: JSON.stringify(one.value) } },
    ...(one.rationale === null ? {} : { rationale: one.rationale }),
    ...(Object.keys(one.metadata).length === 0 ? {} : { metadata: one.metadata }),
    ...(one.overrides === null ? {} : { overrides: one.overrides }),
    valid: one.valid,
  }
}

/** A trace as MLflow's API takes it, without its spans. */
export function traceToJson(trace: ImportedTrace): object {
  return {
    trace_id: trace.id,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: trace.experiment } },
    request_time: new Date(trace.startedAt).toISOString(),
    ...(trace.durationMs === null ? {} : { execution_duration: `${trace.durationMs / 1000}s` }),
    state: trace.state,
    ...(trace.clientRequestId === null ? {} : { client_request_id: trace.clientRequestId }),
    ...(trace.requestPreview === null ? {} : { request_preview: trace.requestPreview }),
    ...(trace.responsePreview === null ? {} : { response_preview: trace.responsePreview }),
    tags: trace.tags,
    trace_metadata: trace.metadata,
    assessments: trace.assessments.map((one) => assessmentToJson(trace.id, one)),
  }
}

/** A span as MLflow's API tells it, in the one form that is sent: without what is not set. */
export function spanOfJson(span: Json): Record<string, unknown> {
  const attributes = (of: Json) => {
    const list = (of['attributes'] ?? []) as { key: string; value?: Json }[]
    return list.length === 0 ? {} : { attributes: list.map(pairOf) }
  }
  const events = ((span['events'] ?? []) as Json[]).map((event) => ({
    time_unix_nano: String(event['time_unix_nano'] ?? '0'),
    name: String(event['name'] ?? ''),
    ...attributes(event),
  }))
  const links = ((span['links'] ?? []) as Json[]).map((link) => ({
    trace_id: link['trace_id'],
    span_id: link['span_id'],
    ...(link['trace_state'] ? { trace_state: link['trace_state'] } : {}),
    ...attributes(link),
  }))
  const { code, message } = (span['status'] ?? {}) as { code?: string; message?: string }
  const known = code === 'STATUS_CODE_OK' || code === 'STATUS_CODE_ERROR'
  const end = span['end_time_unix_nano']
  return {
    trace_id: span['trace_id'],
    span_id: span['span_id'],
    ...(span['parent_span_id'] ? { parent_span_id: span['parent_span_id'] } : {}),
    ...(span['trace_state'] ? { trace_state: span['trace_state'] } : {}),
    name: String(span['name'] ?? ''),
    ...(typeof span['kind'] === 'number' && span['kind'] !== 0 ? { kind: span['kind'] } : {}),
    start_time_unix_nano: String(span['start_time_unix_nano'] ?? '0'),
    ...(end === undefined || end === null || String(end) === '0' ? {} : { end_time_unix_nano: String(end) }),
    ...attributes(span),
    ...(events.length === 0 ? {} : { events }),
    ...(links.length === 0 ? {} : { links }),
    ...(known || message ? { status: { ...(known ? { code } : {}), ...(message ? { message } : {}) } } : {}),
  }
}

/** Values that are not set have no field, and lists without values are empty. */
const pairOf = ({ key, value }: { key: string; value?: Json }): Json =>
  value && Object.keys(value).length > 0 ? { key, value: valueOf(value) } : { key }

function valueOf(value: Json): Json {
  const values = ((value['array_value'] ?? value['kvlist_value']) as { values?: Json[] } | undefined)?.values ?? []
  if (value['array_value']) return { array_value: values.length === 0 ? {} : { values: values.map(valueOf) } }
  if (value['kvlist_value'])
    return { kvlist_value: values.length === 0 ? {} : { values: (values as never[]).map(pairOf) } }
  return value
}

export const textOf = (value: unknown): string | null =>
  value === undefined || value === null || value === '' ? null : String(value as string)

const timeOf = (value: unknown): number => {
  const at = typeof value === 'string' ? Date.parse(value) : (wholeNumber(value) ?? Number.NaN)
  return Number.isSafeInteger(at) ? at : 0
}

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries((value ?? {}) as Json).map(([key, one]) => [key, String(one as string)]))

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
