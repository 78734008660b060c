import type { Reader } from '../../kernel/db/index.ts'
import type { TraceAssessmentTable, TraceTable } from './tables.ts'
import './tables.ts'

/** A trace with everything but its spans. */
export interface TraceRecord {
  readonly row: TraceTable
  readonly tags: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly assessments: readonly TraceAssessmentTable[]
}

/** The traces of a project with these ids, in their order; those that do not exist are left out. */
export async function traceRecords(db: Reader, project: string, ids: readonly string[]): Promise<TraceRecord[]> {
  const rows: TraceTable[] = []
  for (let start = 0; start < ids.length; start += 500)
    rows.push(
      ...(await db
        .selectFrom('trace')
        .selectAll()
        .where('project_id', '=', project)
        .where('id', 'in', ids.slice(start, start + 500))
        .execute()),
    )
  const byId = new Map(rows.map((row) => [row.id, row]))
  return withDetails(
    db,
    project,
    [...new Set(ids)].flatMap((id) => byId.get(id) ?? []),
  )
}

/** Rows with their tags, metadata and assessments. */
export async function withDetails(db: Reader, project: string, rows: readonly TraceTable[]): Promise<TraceRecord[]> {
  const ids = rows.map((row) => row.id)
  const pairs = async (table: 'trace_tag' | 'trace_metadata') => {
    const found = new Map<string, Record<string, string>>()
    for (let start = 0; start < ids.length; start += 500) {
      const some = await db
        .selectFrom(table)
        .select(['trace_id', 'key', 'value'])
        .where('project_id', '=', project)
        .where('trace_id', 'in', ids.slice(start, start + 500))
        .orderBy('key')
        .execute()
      for (const { trace_id, key, value } of some) {
        const of = found.get(trace_id) ?? {}
        of[key] = value
        found.set(trace_id, of)
      }
    }
    return found
  }
  const tags = await pairs('trace_tag')
  const metadata = await pairs('trace_metadata')
  const assessments = new Map<string, TraceAssessmentTable[]>()
  for (let start = 0; start < ids.length; start += 500) {
    const some = await db
      .selectFrom('trace_assessment')
      .selectAll()
      .where('project_id', '=', project)
      .where('trace_id', 'in', ids.slice(start, start + 500))
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    for (const row of some) assessments.set(row.trace_id, [...(assessments.get(row.trace_id) ?? []), row])
  }
  return rows.map((row) => ({
    row,
    tags: tags.get(row.id) ?? {},
    metadata: metadata.get(row.id) ?? {},
    assessments: assessments.get(row.id) ?? [],
  }))
}
