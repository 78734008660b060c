import type { TraceAssessment, TraceDetail, TraceRow, TraceSpan } from '@trivium/contract'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { type Mask, maskOfNames, personalMask } from '../access/index.ts'
import { sourceRun } from './log-spans.ts'
import { maskRecord, maskSpan } from './mask-trace.ts'
import { type KeyValue, type OtlpSpan, plainValue } from './otlp-span.ts'
import { spansOf } from './read-spans.ts'
import { type TraceRecord, traceRecords, withDetails } from './read-traces.ts'
import { selectTraces, type TraceQuery } from './search-traces.ts'
import { spanKeys } from './span-rows.ts'
import type { TraceAssessmentTable, TraceSpanTable } from './tables.ts'

/** `open`: the reader may see personal columns. */
const maskFor = (db: Reader, project: string, open: boolean): Promise<Mask> =>
  open ? Promise.resolve({ ...maskOfNames([]), any: false }) : personalMask(db, project)

/** A page of traces for our own API. Runs on a reader thread. */
export async function traceListBytes(
  db: Reader,
  { query, open }: { query: TraceQuery; open: boolean },
  dialect: Dialect,
): Promise<string> {
  const { rows, nextToken } = await selectTraces(db, dialect, query)
  const mask = await maskFor(db, query.project, open)
  const records = await withDetails(db, query.project, rows)
  return JSON.stringify({
    traces: records.map((record) => traceRow(maskRecord(mask, record))),
    nextPageToken: nextToken ?? null,
  })
}

/** A trace with its spans; `null` without it. Runs on a reader thread. */
export async function traceBytes(
  db: Reader,
  { project, trace, open, large }: { project: string; trace: string; open: boolean; large: Record<string, string> },
): Promise<string> {
  const [record] = await traceRecords(db, project, [trace])
  if (!record) return 'null'
  const mask = await maskFor(db, project, open)
  const spans = (await spansOf(db, project, [trace], large)).get(trace) ?? []
  const detail: TraceDetail = {
    trace: traceRow(maskRecord(mask, record)),
    spans: spans.map((row) => traceSpan(row, maskSpan(mask, JSON.parse(row.content) as OtlpSpan))),
  }
  return JSON.stringify(detail)
}

function traceRow({ row, tags, metadata, assessments }: TraceRecord): TraceRow {
  return {
    id: row.id,
    name: tags['mlflow.traceName'] ?? row.root_name ?? '',
    experimentId: row.experiment_id,
    state: row.state,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    run: metadata[sourceRun] ?? null,
    clientRequestId: row.client_request_id,
    request: row.request_preview,
    response: row.response_preview,
    tags: { ...tags },
    metadata: { ...metadata },
    assessments: assessments.map(assessmentOf),
  }
}

function assessmentOf(row: TraceAssessmentTable): TraceAssessment {
  const error =
    row.error === null ? undefined : (JSON.parse(row.error) as { error_code?: string; error_message?: string })
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    value: row.value === null ? null : JSON.parse(row.value),
    error: error ? [error.error_code, error.error_message].filter(Boolean).join(': ') : null,
    sourceType: row.source_type,
    source: row.source_id,
    spanId: row.span_id,
    rationale: row.rationale,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    overrides: row.overrides,
    valid: row.valid === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

const object = (pairs: readonly KeyValue[] | undefined): Record<string, unknown> =>
  Object.fromEntries((pairs ?? []).map(({ key, value }) => [key, plainValue(value)]))

function traceSpan(row: TraceSpanTable, span: OtlpSpan): TraceSpan {
  const { [spanKeys.inputs]: inputs, [spanKeys.outputs]: outputs, ...attributes } = object(span.attributes)
  return {
    id: row.span_id,
    parent: row.parent_id,
    name: row.name,
    type: row.type,
    status: row.status,
    message: span.status?.message ?? null,
    startUs: row.start_us,
    endUs: row.end_us,
    inputs: unpacked(inputs),
    outputs: unpacked(outputs),
    attributes,
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      atUs: Number(BigInt(event.time_unix_nano) / 1000n),
      attributes: object(event.attributes),
    })),
  }
}

/** Exporters of OpenTelemetry send structures as text that holds JSON. */
function unpacked(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{"]/.test(value)) return value ?? null
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
