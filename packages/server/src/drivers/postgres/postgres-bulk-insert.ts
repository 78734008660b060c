import { CompiledQuery } from 'kysely'
import { conflictClause, type OnConflict, type SqlValue, type Trx } from '../../kernel/db/database.ts'

const mostParameters = 60_000

/** Multi-row inserts in chunks below Postgres's limit of 65,535 parameters. What replaces rows goes with the next statement: its number is known. */
export async function postgresBulkInsert(
  trx: Trx,
  later: (trx: Trx, query: CompiledQuery) => Promise<void>,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  options?: { onConflict?: OnConflict },
): Promise<number> {
  const perChunk = Math.max(1, Math.floor(mostParameters / columns.length))
  const names = columns.map((c) => `"${c}"`).join(', ')
  const suffix = conflictClause(columns, options?.onConflict)
  let inserted = 0
  for (let start = 0; start < rows.length; start += perChunk) {
    const chunk = rows.slice(start, start + perChunk)
    const tuples = chunk
      .map((_, r) => `(${columns.map((__, c) => `$${r * columns.length + c + 1}`).join(', ')})`)
      .join(', ')
    const query = CompiledQuery.raw(`insert into "${table}" (${names}) values ${tuples}${suffix}`, chunk.flat())
    if (typeof options?.onConflict === 'object') {
      await later(trx, query)
      inserted += chunk.length
    } else inserted += Number((await trx.executeQuery(query)).numAffectedRows ?? 0)
  }
  return inserted
}
