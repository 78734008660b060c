import type {
  ImportedAssessment,
  ImportedEvaluationRecord,
  ImportedEvaluationSet,
  ImportedTrace,
} from '@trivium/contract'
import { recordSource } from './mlflow-server-traces.ts'
import { exactJson, storedSpan } from './mlflow-stored-spans.ts'
import { sourceRunKey, stateOf, textOf } from './mlflow-trace-json.ts'
import type { ForeignDatabase, Row } from './open-foreign-database.ts'
import { type Skip, wholeNumber } from './source.ts'

const atOnce = 50
/** What newer MLflow keeps in columns, and tells as metadata. */
const promoted = {
  'mlflow.trace.tokenUsage': [
    'input_tokens',
    'output_tokens',
    'total_tokens',
    'cache_read_input_tokens',
    'cache_creation_input_tokens',
    'cache_creation_input_tokens_above_1hr',
  ],
  'mlflow.trace.cost': ['input_cost', 'output_cost', 'total_cost'],
} as const

/** Traces in the database of an MLflow server. `idValue` is an experiment's id as its column has it. */
export async function* databaseTraces(
  db: ForeignDatabase,
  experiment: string,
  idValue: string | number,
  skip: Skip,
): AsyncGenerator<ImportedTrace[]> {
  if ((await db.columns('trace_info')).size === 0) return
  const rows = await db.rows('select * from trace_info where experiment_id = ? order by timestamp_ms, request_id', [
    idValue,
  ])
  for (let start = 0; start < rows.length; start += atOnce) {
    const some = rows.slice(start, start + atOnce)
    const ids = some.map((row) => String(row['request_id']))
    const of = async (table: string, column: string, more = '') =>
      (await db.columns(table)).size === 0
        ? new Map<string, Row[]>()
        : Map.groupBy(
            await db.rows(`select * from ${table} where ${column} in (${ids.map(() => '?').join(', ')}) ${more}`, ids),
            (row) => String(row[column]),
          )
    const tags = await of('trace_tags', 'request_id')
    const metadata = await of('trace_request_metadata', 'request_id')
    const assessments = await of('assessments', 'trace_id', 'order by created_timestamp, assessment_id')
    const spans = await of('spans', 'trace_id')
    const links = await of('entity_associations', 'source_id', "and source_type = 'trace' and destination_type = 'run'")
    yield some.map((row): ImportedTrace => {
      const id = String(row['request_id'])
      const own = { ...pairs(metadata.get(id)), ...promotedOf(row) }
      const linked = (links.get(id) ?? []).map((one) => String(one['destination_id']))
      const name = textOf(row['trace_name'])
      return {
        id,
        experiment,
        startedAt: wholeNumber(row['timestamp_ms']) ?? 0,
        durationMs: row['execution_time_ms'] === null ? null : (wholeNumber(row['execution_time_ms']) ?? null),
        state: stateOf(String(row['status'])),
        clientRequestId: textOf(row['client_request_id']),
        requestPreview: textOf(row['request_preview']),
        responsePreview: textOf(row['response_preview']),
        tags: { ...pairs(tags.get(id)), ...(name === null ? {} : { 'mlflow.traceName': name }) },
        metadata: own,
        runs: [...new Set([...linked, ...(own[sourceRunKey] ? [own[sourceRunKey]] : [])])],
        assessments: (assessments.get(id) ?? []).flatMap((one) => assessmentOf(one, id, skip)),
        spans: (spans.get(id) ?? []).flatMap((one) => spanOf(one, id, skip)),
      }
    })
  }
}

function promotedOf(row: Row): Record<string, string> {
  const found: Record<string, string> = {}
  const session = textOf(row['session_id'])
  if (session !== null) found['mlflow.trace.session'] = session
  for (const [key, columns] of Object.entries(promoted)) {
    const parts = columns.flatMap((column) => {
      const value = row[column]
      return value === null || value === undefined ? [] : [`${JSON.stringify(column)}: ${pythonNumber(value)}`]
    })
    if (parts.length > 0) found[key] = `{${parts.join(', ')}}`
  }
  return found
}

/** A number as Python's JSON writes it. */
function pythonNumber(value: unknown): string {
  if (typeof value !== 'number') return String(value as string)
  const text = String(value).replace(/e([+-])(\d)$/, 'e$10$2')
  return /[.e]/.test(text) ? text : `${text}.0`
}

function assessmentOf(row: Row, trace: string, skip: Skip): ImportedAssessment[] {
  const id = String(row['assessment_id'])
  const kind = String(row['assessment_type'])
  if (kind !== 'feedback' && kind !== 'expectation') {
    skip(
      `assessment ${id} of trace ${trace}`,
      `it is of the kind "${kind.slice(0, 50)}", for which there is no place here`,
    )
    return []
  }
  return [
    {
      id,
      name: String(row['name']),
      kind,
      value: json(row['value']),
      error: withoutNulls(json(row['error'])),
      sourceType: String(row['source_type']),
      sourceId: textOf(row['source_id']) ?? '',
      spanId: textOf(row['span_id']),
      rationale: textOf(row['rationale']),
      metadata: (json(row['assessment_metadata']) ?? {}) as Record<string, string>,
      overrides: textOf(row['overrides']),
      valid: row['valid'] === true || Number(row['valid']) === 1,
      createdAt: wholeNumber(row['created_timestamp']) ?? 0,
      updatedAt: wholeNumber(row['last_updated_timestamp']) ?? 0,
    },
  ]
}

const withoutNulls = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))
    : null

function spanOf(row: Row, trace: string, skip: Skip): Record<string, unknown>[] {
  try {
    return [storedSpan(exactJson(String(row['content'])))]
  } catch (error) {
    skip(`span ${String(row['span_id'])} of trace ${trace}`, `its content cannot be read: ${(error as Error).message}`)
    return []
  }
}

/** Evaluation datasets in the database of an MLflow server, without their records. */
export async function* databaseEvaluationSets(db: ForeignDatabase): AsyncGenerator<ImportedEvaluationSet> {
  if ((await db.columns('evaluation_datasets')).size === 0) return
  for (const row of await db.rows('select * from evaluation_datasets order by created_time, dataset_id')) {
    const id = String(row['dataset_id'])
    const tags = await db.rows('select key, value from evaluation_dataset_tags where dataset_id = ?', [id])
    const links = await db.rows(
      "select source_type, source_id, destination_id from entity_associations where (source_type = 'evaluation_dataset' and source_id = ? and destination_type = 'experiment') or (destination_type = 'evaluation_dataset' and destination_id = ? and source_type = 'experiment')",
      [id, id],
    )
    yield {
      id,
      name: String(row['name']),
      digest: textOf(row['digest']) ?? '',
      schema: textOf(row['schema']),
      profile: textOf(row['profile']),
      createdAt: wholeNumber(row['created_time']) ?? 0,
      updatedAt: wholeNumber(row['last_update_time']) ?? 0,
      createdBy: textOf(row['created_by']),
      updatedBy: textOf(row['last_updated_by']),
      tags: pairs(tags),
      experiments: links.map((one) =>
        String(one[one['source_type'] === 'experiment' ? 'source_id' : 'destination_id']),
      ),
    }
  }
}

/** The records of an evaluation dataset, some at a time. */
export async function* databaseEvaluationRecords(
  db: ForeignDatabase,
  set: string,
): AsyncGenerator<ImportedEvaluationRecord[]> {
  const rows = await db.rows(
    'select * from evaluation_dataset_records where dataset_id = ? order by created_time, dataset_record_id',
    [set],
  )
  for (let start = 0; start < rows.length; start += 200)
    yield rows.slice(start, start + 200).map((row) => {
      const object = (value: unknown) => json(value) as Record<string, unknown> | null
      return {
        set,
        id: String(row['dataset_record_id']),
        inputs: object(row['inputs']) ?? {},
        // Outputs of any kind are wrapped there, so that the column always holds an object.
        outputs: object(row['outputs'])?.['mlflow_wrapped'] ?? null,
        expectations: object(row['expectations']),
        tags: object(row['tags']),
        source: recordSource(json(row['source'])),
        createdAt: wholeNumber(row['created_time']) ?? 0,
        updatedAt: wholeNumber(row['last_update_time']) ?? 0,
        createdBy: textOf(row['created_by']),
        updatedBy: textOf(row['last_updated_by']),
      }
    })
}

const pairs = (rows: readonly Row[] | undefined): Record<string, string> =>
  Object.fromEntries((rows ?? []).map((row) => [String(row['key']), textOf(row['value']) ?? '']))

/** JSON of a column: text, or what the driver has read of it. */
function json(value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (typeof value !== 'string') return value
  return JSON.parse(value)
}
