import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'

/**
 * Where a text stands: in a row of any table, in the bytes of any file of the data directory (object store, ledgers, what is left over), or in a value of a
 * Parquet file, whose bytes are compressed. The file of the database is not looked at but its rows: what is freed there is overwritten later.
 */
export async function searchEverywhere(world: World, text: string): Promise<string[]> {
  const found: string[] = []
  const db = world.kernel.db.read as unknown as Kysely<any>
  const { rows: tables } =
    world.kernel.db.dialect === 'sqlite'
      ? await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(db)
      : await sql<{
          name: string
        }>`select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db)
  for (const { name } of tables) {
    const { rows } = await sql`select * from ${sql.table(name)}`.execute(db)
    for (const row of rows)
      if (JSON.stringify(row, plainBytes).includes(text))
        found.push(`table ${name}: ${JSON.stringify(row).slice(0, 300)}`)
  }
  for (const path of filesBelow(world.kernel.paths.data)) {
    if (/\.sqlite(-wal|-shm)?$|\.db(-wal|-shm)?$/.test(path) && !path.includes('/online/')) continue
    const bytes = readFileSync(path)
    if (bytes.includes(text)) found.push(`file ${path}`)
    if (bytes.subarray(0, 4).toString('latin1') !== 'PAR1') continue
    const { rows } = await world.kernel.tables.query({
      sql: 'select data::varchar from data',
      relations: { data: { format: 'parquet', files: [path] } },
      trusted: true,
      maxRows: 1_000_000,
    })
    if (JSON.stringify(rows).includes(text)) found.push(`rows of ${path}`)
  }
  return found
}

function* filesBelow(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile()) yield path
  }
}

const plainBytes = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
