import { maskOfNames, personalMask } from '../../capabilities/access/index.ts'
import {
  isComplete,
  maskRecord,
  maskSpan,
  type OtlpSpan,
  selectTraces,
  spansOf,
  type TraceQuery,
  traceRecords,
  withDetails,
} from '../../capabilities/traces/index.ts'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { traceInfoShape, traceInfoV2Shape } from './trace-shapes.ts'

const maskFor = async (db: Reader, project: string, open: boolean) =>
  open ? { ...maskOfNames([]), any: false } : personalMask(db, project)

/** A page of traces as MLflow's finished JSON. Runs on a reader thread. */
export async function traceSearchBytes(
  db: Reader,
  { query, open, version }: { query: TraceQuery; open: boolean; version: 2 | 3 },
  dialect: Dialect,
): Promise<string> {
  const { rows, nextToken } = await selectTraces(db, dialect, query)
  const mask = await maskFor(db, query.project, open)
  const shape = version === 2 ? traceInfoV2Shape : traceInfoShape
  const traces = (await withDetails(db, query.project, rows)).map((record) => shape(maskRecord(mask, record)))
  return JSON.stringify({ traces, ...(nextToken === undefined ? {} : { next_page_token: nextToken }) })
}

/** Traces with their spans, in the order in which they were asked for; those whose spans are not all there are left out unless `partial`. Runs on a reader thread. */
export async function tracesBytes(
  db: Reader,
  {
    project,
    ids,
    open,
    large,
    partial,
    experiments,
  }: {
    project: string
    ids: string[]
    open: boolean
    large: Record<string, string>
    partial: boolean
    experiments?: string[]
  },
): Promise<string> {
  const mask = await maskFor(db, project, open)
  const records = await traceRecords(db, project, ids)
  const spans = await spansOf(db, project, ids, large)
  const traces = records.flatMap((record) => {
    const own = spans.get(record.row.id) ?? []
    if (experiments && !experiments.includes(record.row.experiment_id)) return []
    if (!partial && !isComplete(record.metadata, own.length)) return []
    const texts = own.map(({ content }) =>
      wireSpan(mask.any ? JSON.stringify(maskSpan(mask, JSON.parse(content) as OtlpSpan)) : content),
    )
    return [`{"trace_info":${JSON.stringify(traceInfoShape(maskRecord(mask, record)))},"spans":[${texts.join(',')}]}`]
  })
  return `{"traces":[${traces.join(',')}]}`
}

/** MLflow sends 64-bit integers as numbers. Inside of a text of JSON quotes are escaped, so that only fields have this form. */
const wireSpan = (content: string): string =>
  content.replaceAll(/"((?:start_|end_)?time_unix_nano|int_value)":"(-?\d+)"/g, '"$1":$2')
