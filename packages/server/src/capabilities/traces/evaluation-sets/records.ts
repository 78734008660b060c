import { randomBytes } from 'node:crypto'
import type { Reader, Trx } from '../../../kernel/db/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { maskOf } from '../../access/index.ts'
import { maskText } from '../mask-trace.ts'
import type { SentRecord } from './read-record.ts'
import type { EvaluationSetRecordTable } from './tables.ts'

/** Who wrote a record, in MLflow's words. */
export const userTag = 'mlflow.user'

/** `after` is the last record of the page before. */
export interface RecordPage {
  readonly limit: number
  readonly after?: { readonly at: number; readonly id: string }
}

/** A page of records in the order in which they came. What the reader may not see is masked. */
export async function pageOfRecords(
  db: Reader,
  scope: Scope,
  set: string,
  { limit, after }: RecordPage,
): Promise<{ records: EvaluationSetRecordTable[]; more: boolean }> {
  let query = db
    .selectFrom('evaluation_set_record')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where('set_id', '=', set)
  if (after)
    query = query.where((e) =>
      e.or([e('created_at', '>', after.at), e.and([e('created_at', '=', after.at), e('id', '>', after.id)])]),
    )
  const rows = await query
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit + 1)
    .execute()
  const mask = await maskOf(db, scope)
  const text = <T extends string | null>(value: T): T => (value === null ? value : (maskText(mask, value) as T))
  const records = rows.slice(0, limit).map((row) => ({
    ...row,
    created_at: Number(row.created_at),
    updated_at: Number(row.updated_at),
    inputs: text(row.inputs),
    outputs: text(row.outputs),
    expectations: text(row.expectations),
    tags: text(row.tags),
    source: text(row.source),
  }))
  return { records, more: rows.length > limit }
}

/** How many records a set has, as MLflow says it. */
export async function profileOf(trx: Trx, { project }: Pick<Scope, 'project'>, id: string): Promise<string | null> {
  const { n } = await trx
    .selectFrom('evaluation_set_record')
    .select((e) => e.fn.countAll().as('n'))
    .where('project_id', '=', project)
    .where('set_id', '=', id)
    .executeTakeFirstOrThrow()
  return Number(n) === 0 ? null : JSON.stringify({ num_records: Number(n) })
}

/** Inserts those with new inputs and merges the others into what is there, in their order. */
export async function putRecords(
  trx: Trx,
  { project }: Scope,
  set: string,
  sent: readonly SentRecord[],
  now: number,
): Promise<{ inserted: number; updated: number }> {
  const hashes = [...new Set(sent.map(({ hash }) => hash))]
  const known = await trx
    .selectFrom('evaluation_set_record')
    .selectAll()
    .where('project_id', '=', project)
    .where('set_id', '=', set)
    .where('input_hash', 'in', hashes)
    .execute()
  const rows = new Map(known.map((row) => [row.input_hash, row]))
  const fresh = new Set<string>()
  let updated = 0
  for (const record of sent) {
    const before = rows.get(record.hash)
    if (before) updated += 1
    else fresh.add(record.hash)
    rows.set(record.hash, before ? merged(before, record, now) : inserted(project, set, record, now))
  }
  const added = [...rows].flatMap(([hash, row]) => (fresh.has(hash) ? [row] : []))
  if (added.length > 0) await trx.insertInto('evaluation_set_record').values(added).execute()
  for (const [hash, row] of rows) {
    if (fresh.has(hash)) continue
    await trx
      .updateTable('evaluation_set_record')
      .set({
        outputs: row.outputs,
        expectations: row.expectations,
        tags: row.tags,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
      })
      .where('project_id', '=', project)
      .where('set_id', '=', set)
      .where('id', '=', row.id)
      .execute()
  }
  return { inserted: fresh.size, updated }
}

const userOf = ({ tags }: SentRecord): string | null => (typeof tags?.[userTag] === 'string' ? tags[userTag] : null)
const jsonOf = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value))

function inserted(project: string, set: string, record: SentRecord, now: number): EvaluationSetRecordTable {
  const { source } = record
  const from = source?.data[source.type === 'TRACE' ? 'trace_id' : 'source_id']
  return {
    project_id: project,
    set_id: set,
    id: `dr-${randomBytes(16).toString('hex')}`,
    input_hash: record.hash,
    inputs: JSON.stringify(record.inputs),
    outputs: record.outputs === undefined ? '{}' : jsonOf(record.outputs),
    expectations: jsonOf(record.expectations),
    tags: jsonOf(record.tags),
    source: source ? JSON.stringify({ source_type: source.type, source_data: source.data }) : null,
    source_type: source?.type ?? 'UNSPECIFIED',
    source_id: typeof from === 'string' ? from.slice(0, 200) : null,
    created_at: now,
    updated_at: now,
    created_by: userOf(record),
    updated_by: userOf(record),
  }
}

function merged(row: EvaluationSetRecordTable, record: SentRecord, now: number): EvaluationSetRecordTable {
  const join = (before: string | null, more: object | undefined): string | null =>
    more === undefined ? before : JSON.stringify({ ...(JSON.parse(before ?? '{}') as object), ...more })
  return {
    ...row,
    outputs: record.outputs === undefined ? row.outputs : jsonOf(record.outputs),
    expectations: join(row.expectations, record.expectations),
    tags: join(row.tags, record.tags),
    updated_at: now,
    updated_by: userOf(record) ?? row.updated_by,
  }
}
