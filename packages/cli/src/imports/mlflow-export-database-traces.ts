import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { ImportedEvaluationSet, ImportedTrace } from '@trivium/contract'
import { artifactsTag, inStore, sourceRunKey, spansTag } from './mlflow-trace-json.ts'
import type { ExportTarget } from './run-export.ts'
import { type Insert, uuidOf } from './store-inserter.ts'

type Json = Readonly<Record<string, any>>
/** Metadata that newer databases keep in columns. */
const tokens = 'mlflow.trace.tokenUsage'
const cost = 'mlflow.trace.cost'
const session = 'mlflow.trace.session'
const name = 'mlflow.traceName'

/** Writes traces and evaluation datasets to the database of a new store, with all ids and times. `places` says where the files of each thing go. */
export function databaseTraceWriter(
  db: DatabaseSync,
  insert: Insert,
  places: Map<string, string>,
): Pick<ExportTarget, 'traces' | 'evaluationSet'> {
  const columns = new Set(
    (db.prepare('select name from pragma_table_info(?)').all('trace_info') as { name: string }[]).map(
      (row) => row.name,
    ),
  )
  const hasColumns = columns.has('session_id')
  return {
    traces: async (page) => {
      for (const trace of page) {
        const place = join(trace.experiment, 'traces', trace.id, 'artifacts')
        places.set(`trace/${trace.id}`, place)
        insert('trace_info', {
          request_id: trace.id,
          experiment_id: BigInt(trace.experiment),
          timestamp_ms: trace.startedAt,
          execution_time_ms: trace.durationMs,
          status: trace.state,
          client_request_id: trace.clientRequestId,
          request_preview: trace.requestPreview,
          response_preview: trace.responsePreview,
          db_payload_generation: 0,
          ...(hasColumns
            ? {
                trace_name: trace.tags[name] ?? null,
                session_id: trace.metadata[session] ?? null,
                ...numbersOf(trace.metadata[tokens]),
                ...numbersOf(trace.metadata[cost]),
              }
            : {}),
        })
        const { [spansTag]: location, ...tags } = trace.tags
        const spansAt = trace.spans.length > 0 ? inStore : location
        const all: Record<string, string> = {
          ...tags,
          [artifactsTag]: `mlflow-artifacts:/${place}`,
          ...(spansAt === undefined ? {} : { [spansTag]: spansAt }),
        }
        for (const [key, value] of Object.entries(all))
          if (!hasColumns || key !== name) insert('trace_tags', { key, value, request_id: trace.id })
        for (const [key, value] of Object.entries(trace.metadata))
          if (!hasColumns || ![tokens, cost, session].includes(key))
            insert('trace_request_metadata', { key, value, request_id: trace.id })
        for (const run of trace.runs)
          if (run !== trace.metadata[sourceRunKey])
            insert('entity_associations', {
              association_id: uuidOf('trace', trace.id, run),
              source_type: 'trace',
              source_id: trace.id,
              destination_type: 'run',
              destination_id: run,
              created_time: trace.startedAt,
            })
        insertAssessments(insert, trace)
        for (const span of trace.spans) insertSpan(insert, trace, span)
      }
      return page.length
    },
    evaluationSet: async (set, records) => {
      insertSet(insert, set)
      for (const one of records)
        insert('evaluation_dataset_records', {
          dataset_record_id: one.id,
          dataset_id: set.id,
          inputs: JSON.stringify(one.inputs),
          // Outputs of any kind are wrapped there, so that the column always holds an object; nothing is JSON's null.
          outputs: one.outputs === null ? 'null' : JSON.stringify({ mlflow_wrapped: one.outputs }),
          expectations: JSON.stringify(one.expectations),
          tags: JSON.stringify(one.tags),
          source: JSON.stringify(one.source),
          source_id: recordSourceId(one.source),
          source_type: one.source?.source_type ?? null,
          created_time: one.createdAt,
          last_update_time: one.updatedAt,
          created_by: one.createdBy,
          last_updated_by: one.updatedBy,
          input_hash: createHash('sha256').update(pythonJson(one.inputs)).digest('hex'),
        })
      return records.length
    },
  }
}

function insertAssessments(insert: Insert, trace: ImportedTrace): void {
  for (const one of trace.assessments)
    insert('assessments', {
      assessment_id: one.id,
      trace_id: trace.id,
      name: one.name,
      assessment_type: one.kind,
      value: JSON.stringify(one.value),
      error: one.error === null ? null : JSON.stringify(one.error),
      created_timestamp: one.createdAt,
      last_updated_timestamp: one.updatedAt,
      experiment_id: BigInt(trace.experiment),
      trace_timestamp_ms: trace.startedAt,
      aggregate_value: aggregateOf(one.value),
      is_numeric_value: typeof one.value === 'number' ? 1 : 0,
      source_type: one.sourceType,
      source_id: one.sourceId,
      run_id: null,
      span_id: one.spanId,
      rationale: one.rationale,
      overrides: one.overrides,
      valid: one.valid ? 1 : 0,
      assessment_metadata: Object.keys(one.metadata).length === 0 ? null : JSON.stringify(one.metadata),
    })
}

/** What MLflow makes averages of. */
function aggregateOf(value: unknown): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number') return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  return word === 'yes' ? 1 : word === 'no' ? 0 : null
}

function insertSpan(insert: Insert, trace: ImportedTrace, span: Json): void {
  const attributes = Object.fromEntries(
    ((span['attributes'] ?? []) as Json[]).map(({ key, value }) => [key, jsonText(value)]),
  )
  const plain = (list: readonly Json[] | undefined): string =>
    `{${(list ?? []).map(({ key, value }) => `${JSON.stringify(key)}: ${jsonText(value)}`).join(', ')}}`
  const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')
  const events = ((span['events'] ?? []) as Json[]).map(
    (event) =>
      `{"name": ${JSON.stringify(event['name'])}, "time_unix_nano": ${event['time_unix_nano']}, "attributes": ${plain(event['attributes'])}}`,
  )
  const links = ((span['links'] ?? []) as Json[]).map(
    (link) =>
      `{"trace_id": "tr-${hex(link['trace_id'])}", "span_id": "${hex(link['span_id'])}", "attributes": ${plain(link['attributes'])}}`,
  )
  const status = { code: span['status']?.code ?? 'STATUS_CODE_UNSET', message: span['status']?.message ?? '' }
  const { trace_id, span_id, parent_span_id = null, start_time_unix_nano: start, end_time_unix_nano: end } = span
  // As Python writes it, since MLflow searches this text; nanoseconds are more than JavaScript's numbers hold.
  const spaced = (texts: Readonly<Record<string, string>>): string =>
    `{${Object.entries(texts)
      .map(([key, text]) => `${JSON.stringify(key)}: ${JSON.stringify(text)}`)
      .join(', ')}}`
  const content = `{"trace_id": ${JSON.stringify(trace_id)}, "span_id": ${JSON.stringify(span_id)}, "parent_span_id": ${JSON.stringify(parent_span_id)}, "name": ${JSON.stringify(span['name'])}, "start_time_unix_nano": ${start}, "end_time_unix_nano": ${end ?? 'null'}, "events": [${events.join(', ')}], "status": ${spaced(status)}, "attributes": ${spaced(attributes)}, "links": [${links.join(', ')}]}`
  const of = (key: string): unknown => {
    const text = attributes[key]
    try {
      return text === undefined ? undefined : JSON.parse(text)
    } catch {
      return undefined
    }
  }
  const costs = (of('mlflow.llm.cost') ?? {}) as Readonly<Record<string, number | undefined>>
  const word = (value: unknown) => (typeof value === 'string' ? value.slice(0, 500) : null)
  insert('spans', {
    trace_id: trace.id,
    experiment_id: BigInt(trace.experiment),
    span_id: hex(span_id as string),
    parent_span_id: parent_span_id === null ? null : hex(parent_span_id as string),
    name: span['name'] as string,
    type: word(of('mlflow.spanType')),
    status: status.code.replace('STATUS_CODE_', ''),
    start_time_unix_nano: BigInt(start as string),
    end_time_unix_nano: end === undefined ? null : BigInt(end as string),
    content,
    input_cost: costs['input_cost'] ?? null,
    output_cost: costs['output_cost'] ?? null,
    total_cost: costs['total_cost'] ?? null,
    model_name: word(of('mlflow.llm.model')),
    model_provider: word(of('mlflow.llm.provider')),
  })
}

/** A value of OpenTelemetry as text of JSON: whole numbers keep their digits, and others have a point. */
function jsonText(value: Json | undefined): string {
  if (value === undefined) return 'null'
  const { string_value, bool_value, int_value, double_value, array_value, kvlist_value, bytes_value } = value
  if (string_value !== undefined) return JSON.stringify(string_value)
  if (bool_value !== undefined) return String(bool_value as boolean)
  if (int_value !== undefined) return int_value as string
  if (double_value !== undefined) {
    if (typeof double_value === 'string') return double_value
    const text = String(double_value)
    return /[.e]/.test(text) ? text : `${text}.0`
  }
  if (array_value) return `[${((array_value.values ?? []) as Json[]).map(jsonText).join(', ')}]`
  if (kvlist_value)
    return `{${((kvlist_value.values ?? []) as Json[]).map((one) => `${JSON.stringify(one['key'])}: ${jsonText(one['value'])}`).join(', ')}}`
  return bytes_value === undefined ? 'null' : JSON.stringify(bytes_value)
}

function insertSet(insert: Insert, set: ImportedEvaluationSet): void {
  insert('evaluation_datasets', {
    dataset_id: set.id,
    name: set.name,
    schema: set.schema,
    profile: set.profile,
    digest: set.digest,
    created_time: set.createdAt,
    last_update_time: set.updatedAt,
    created_by: set.createdBy,
    last_updated_by: set.updatedBy,
    workspace: 'default',
  })
  for (const [key, value] of Object.entries(set.tags))
    insert('evaluation_dataset_tags', { dataset_id: set.id, key, value })
  for (const experiment of set.experiments)
    insert('entity_associations', {
      association_id: uuidOf('set', set.id, experiment),
      source_type: 'evaluation_dataset',
      source_id: set.id,
      destination_type: 'experiment',
      destination_id: experiment,
      created_time: set.createdAt,
    })
}

function recordSourceId(source: { source_type: string; source_data: Json } | null): string | null {
  const id: unknown = source?.source_data[source.source_type === 'TRACE' ? 'trace_id' : 'source_id']
  return typeof id === 'string' ? id.slice(0, 36) : null
}

/** JSON as Python writes it with sorted keys: MLflow tells records apart by the hash of that. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const points = (text: string) => Array.from(text, (one) => one.codePointAt(0) ?? 0)
    const entries = Object.entries(value).toSorted(([a], [b]) => {
      const [x, y] = [points(a), points(b)]
      const at = x.findIndex((one, index) => one !== y[index])
      return at === -1 ? x.length - y.length : (x[at] ?? 0) - (y[at] ?? -1)
    })
    return `{${entries.map(([key, one]) => `${pythonJson(key)}: ${pythonJson(one)}`).join(', ')}}`
  }
  if (typeof value === 'string')
    return JSON.stringify(value).replaceAll(
      /[^\x20-\x7e]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  if (typeof value === 'number') return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
  return JSON.stringify(value)
}

function numbersOf(text: string | undefined): Readonly<Record<string, number | null>> {
  try {
    const found = JSON.parse(text ?? '{}') as Readonly<Record<string, unknown>>
    return Object.fromEntries(
      Object.entries(found).flatMap(([key, one]) => (typeof one === 'number' ? [[key, one]] : [])),
    )
  } catch {
    return {}
  }
}
