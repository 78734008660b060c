import { createGunzip } from 'node:zlib'
import { type Kysely, sql } from 'kysely'
import type { Database, SqlValue, Tables } from '../db/database.ts'
import { decodeValue } from './encode-rows.ts'
import type { BackupFiles } from './backup-files.ts'
import { type DumpedTable, dumpPath } from './dump-database.ts'

const rowsAtOnce = 500
/** Others refer to these, so they come first. */
const first = ['project', 'principal']

/** Fills a database that was just made with the tables of a dump, in one transaction. */
export async function loadDatabase(
  db: Database,
  files: Pick<BackupFiles, 'open'>,
  tables: readonly DumpedTable[],
): Promise<void> {
  const names = tables.map(({ table }) => table)
  const ordered = [...first.filter((one) => names.includes(one)), ...names.filter((one) => !first.includes(one))]
  await db.write.transaction().execute(async (trx) => {
    const untyped = trx as unknown as Kysely<any>
    // What the migrations put there is in the dump too.
    for (const table of ordered.toReversed()) await untyped.deleteFrom(table).execute()
    for (const table of ordered) {
      let columns: string[] | undefined
      let rows: SqlValue[][] = []
      const insert = async (): Promise<void> => {
        if (rows.length > 0) await db.bulkInsert(trx, table as keyof Tables, columns as never[], rows)
        rows = []
      }
      for await (const line of linesOf(files, table)) {
        if (columns === undefined) {
          columns = JSON.parse(line) as string[]
          continue
        }
        rows.push((JSON.parse(line) as Parameters<typeof decodeValue>[0][]).map(decodeValue))
        if (rows.length >= rowsAtOnce) await insert()
      }
      await insert()
    }
    if (db.dialect === 'postgres') await continueSequences(untyped)
  })
}

/** Postgres counts series of metrics by a sequence, SQLite by the largest number: both go on after what was loaded. */
async function continueSequences(trx: Kysely<any>): Promise<void> {
  await sql`select setval('run_metric_series', (select coalesce(max(series_id), 0) + 1 from (select series_id from run_metric union all select series_id from removed_series) s), false)`.execute(
    trx,
  )
}

/** The rows of one dumped table, as objects; for small ones. */
export async function readDumped(files: Pick<BackupFiles, 'open'>, table: string): Promise<Record<string, SqlValue>[]> {
  const found: Record<string, SqlValue>[] = []
  let columns: string[] | undefined
  for await (const line of linesOf(files, table)) {
    const values = JSON.parse(line) as Parameters<typeof decodeValue>[0][]
    if (columns === undefined) columns = values as string[]
    else found.push(Object.fromEntries(columns.map((column, index) => [column, decodeValue(values[index] ?? null)])))
  }
  return found
}

/** Lines end with a line feed and nothing else; `readline` would also cut at the separators that JSON leaves in texts. */
async function* linesOf(files: Pick<BackupFiles, 'open'>, table: string): AsyncGenerator<string> {
  const input = await files.open(dumpPath(table))
  const unpacked = input.pipe(createGunzip())
  input.once('error', (error) => unpacked.destroy(error))
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of unpacked) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    let start = 0
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      yield rest.toString('utf8', start, end)
      start = end + 1
    }
    rest = rest.subarray(start)
  }
}
