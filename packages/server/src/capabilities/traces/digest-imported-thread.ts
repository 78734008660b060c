import { createHash } from 'node:crypto'
import {
  canonicalEvaluationSet,
  canonicalTrace,
  type ImportedEvaluationRecord,
  type ImportedTrace,
} from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { spansOf } from './read-spans.ts'
import { traceRecords } from './read-traces.ts'
import type { EvaluationSetRecordTable } from './evaluation-sets/tables.ts'
import './tables.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Digests of traces, of which `large` holds the spans that stand in the object store, and of evaluation datasets, as finished JSON. Runs on a reader thread. */
export async function importedDigestBytes(
  db: Reader,
  {
    project,
    traces,
    sets,
    large,
  }: { project: string; traces: string[]; sets: string[]; large: Record<string, string> },
): Promise<string> {
  return JSON.stringify({
    traces: await traceDigests(db, project, traces, large),
    evaluationSets: await setDigests(db, project, sets),
  })
}

async function traceDigests(
  db: Reader,
  project: string,
  ids: readonly string[],
  large: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  if (ids.length === 0) return {}
  const links = Map.groupBy(
    await db
      .selectFrom('trace_run')
      .selectAll()
      .where('project_id', '=', project)
      .where('trace_id', 'in', ids)
      .execute(),
    (row) => row.trace_id,
  )
  const spans = await spansOf(db, project, ids, large)
  const found: Record<string, string> = {}
  for (const { row, tags, metadata, assessments } of await traceRecords(db, project, ids)) {
    const trace: ImportedTrace = {
      id: row.id,
      experiment: row.experiment_id,
      startedAt: Number(row.started_at),
      durationMs: row.duration_ms === null ? null : Number(row.duration_ms),
      state: row.state,
      clientRequestId: row.client_request_id,
      requestPreview: row.request_preview,
      responsePreview: row.response_preview,
      tags,
      metadata,
      runs: (links.get(row.id) ?? []).map(({ run_id }) => run_id),
      assessments: assessments.map((one) => ({
        id: one.id,
        name: one.name,
        kind: one.kind,
        value: one.value === null ? null : (JSON.parse(one.value) as unknown),
        error: one.error === null ? null : (JSON.parse(one.error) as Record<string, unknown>),
        sourceType: one.source_type,
        sourceId: one.source_id,
        spanId: one.span_id,
        rationale: one.rationale,
        metadata: JSON.parse(one.metadata) as Record<string, string>,
        overrides: one.overrides,
        valid: one.valid === 1,
        createdAt: Number(one.created_at),
        updatedAt: Number(one.updated_at),
      })),
      spans: (spans.get(row.id) ?? []).map(({ content }) => JSON.parse(content) as Record<string, unknown>),
    }
    found[row.id] = digest(canonicalTrace(trace))
  }
  return found
}

async function setDigests(db: Reader, project: string, ids: readonly string[]): Promise<Record<string, string>> {
  if (ids.length === 0) return {}
  const of = <T extends { set_id: string }>(rows: readonly T[]) => Map.groupBy(rows, (row) => row.set_id)
  const at = (table: 'evaluation_set_tag' | 'evaluation_set_record') =>
    db.selectFrom(table).selectAll().where('project_id', '=', project).where('set_id', 'in', ids).execute()
  const sets = await db
    .selectFrom('evaluation_set')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', 'in', ids)
    .execute()
  const tags = of((await at('evaluation_set_tag')) as { set_id: string; key: string; value: string }[])
  const records = of((await at('evaluation_set_record')) as EvaluationSetRecordTable[])
  return Object.fromEntries(
    sets.map((row) => {
      const set = {
        id: row.id,
        name: row.name,
        digest: row.digest,
        schema: row.schema,
        profile: row.profile,
        createdAt: Number(row.created_at),
        updatedAt: Number(row.updated_at),
        createdBy: row.created_by,
        updatedBy: row.updated_by,
        tags: Object.fromEntries((tags.get(row.id) ?? []).map(({ key, value }) => [key, value])),
        experiments: [],
      }
      return [row.id, digest(canonicalEvaluationSet(set, (records.get(row.id) ?? []).map(recordOf)))]
    }),
  )
}

function recordOf(row: EvaluationSetRecordTable): ImportedEvaluationRecord {
  const json = (text: string | null) => (text === null ? null : (JSON.parse(text) as never))
  return {
    set: row.set_id,
    id: row.id,
    inputs: JSON.parse(row.inputs) as Record<string, unknown>,
    outputs: json(row.outputs),
    expectations: json(row.expectations),
    tags: json(row.tags),
    source: json(row.source),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    createdBy: row.created_by,
    updatedBy: row.updated_by,
  }
}
