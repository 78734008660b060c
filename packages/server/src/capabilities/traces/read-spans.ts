import type { Reader } from '../../kernel/db/index.ts'
import { traceErrors } from './errors.ts'
import type { TraceDeps } from './log-spans.ts'
import type { TraceSpanTable } from './tables.ts'
import './tables.ts'

/** What one answer may hold. */
const mostBytes = 128_000_000

/** The spans that stand in the object store, whole, by digest. Refuses what is too much for one answer. */
export async function largeSpans(
  { db, blobs }: Pick<TraceDeps, 'db' | 'blobs'>,
  project: string,
  traces: readonly string[],
): Promise<Record<string, string>> {
  if (traces.length === 0) return {}
  const sum = await db.read
    .selectFrom('trace_span')
    .select((e) => e.fn.sum<number>('size').as('size'))
    .where('project_id', '=', project)
    .where('trace_id', 'in', traces)
    .executeTakeFirst()
  if (Number(sum?.size ?? 0) > mostBytes) throw traceErrors.TOO_MUCH_TO_READ(mostBytes)
  const rows = await db.read
    .selectFrom('trace_span')
    .select('digest')
    .distinct()
    .where('project_id', '=', project)
    .where('trace_id', 'in', traces)
    .where('digest', 'is not', null)
    .execute()
  const texts: Record<string, string> = {}
  for (const { digest } of rows) if (digest !== null) texts[digest] = (await blobs.read(project, digest)).toString()
  return texts
}

/** The spans of traces in the order in which they began, each with its whole content. */
export async function spansOf(
  db: Reader,
  project: string,
  traces: readonly string[],
  large: Readonly<Record<string, string>>,
): Promise<Map<string, TraceSpanTable[]>> {
  const found = new Map<string, TraceSpanTable[]>()
  if (traces.length === 0) return found
  const rows = await db
    .selectFrom('trace_span')
    .selectAll()
    .where('project_id', '=', project)
    .where('trace_id', 'in', traces)
    .orderBy('trace_id')
    .orderBy('start_us')
    .orderBy((e) => e.case().when('parent_id', 'is', null).then(0).else(1).end())
    .orderBy('span_id')
    .execute()
  for (const row of rows) {
    const whole = row.digest === null ? undefined : large[row.digest]
    const list = found.get(row.trace_id) ?? []
    if (list.length === 0) found.set(row.trace_id, list)
    list.push(whole === undefined ? row : { ...row, content: whole })
  }
  return found
}

/** Whether all spans are there that the client counted; without a count, whether there are any. */
export function isComplete(metadata: Readonly<Record<string, string>>, spans: number): boolean {
  if (spans === 0) return false
  try {
    const { num_spans: expected } = JSON.parse(metadata['mlflow.trace.sizeStats'] ?? '{}') as { num_spans?: unknown }
    return typeof expected !== 'number' || spans >= expected
  } catch {
    return true
  }
}
