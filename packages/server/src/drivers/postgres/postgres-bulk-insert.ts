import { CompiledQuery } from 'kysely'
import type { SqlValue, Trx } from '../../kernel/db/database.ts'

const mostParameters = 60_000

/** Multi-row inserts in chunks below Postgres's limit of 65,535 parameters. */
export async function postgresBulkInsert(
  trx: Trx,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  options?: { onConflict?: 'ignore' },
): Promise<number> {
  const perChunk = Math.max(1, Math.floor(mostParameters / columns.length))
  const names = columns.map((c) => `"${c}"`).join(', ')
  const suffix = options?.onConflict === 'ignore' ? ' on conflict do nothing' : ''
  let inserted = 0
  for (let start = 0; start < rows.length; start += perChunk) {
    const chunk = rows.slice(start, start + perChunk)
    const tuples = chunk
      .map((_, r) => `(${columns.map((__, c) => `$${r * columns.length + c + 1}`).join(', ')})`)
      .join(', ')
    const result = await trx.executeQuery(
      CompiledQuery.raw(`insert into "${table}" (${names}) values ${tuples}${suffix}`, chunk.flat()),
    )
    inserted += Number(result.numAffectedRows ?? 0)
  }
  return inserted
}
