import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { DatabaseSnapshot } from '../ports/index.ts'
import type { BackupFiles } from './backup-files.ts'
import { createRowDigest, encodeValue } from './encode-rows.ts'

/** One table of a backup: how many rows, their digest, and the SHA-256 of its file. */
export interface DumpedTable {
  readonly table: string
  readonly rows: number
  readonly digest: string
  readonly sha256: string
}

/** Tables that say something of the installation and nothing of what is in it. */
const left = new Set(['schema_migration'])

/** Writes every table to `database/TABLE.ndjson.gz`: first the names of its columns, then a row a line. Those in `withheld` come out empty. */
export async function dumpDatabase(
  snapshot: DatabaseSnapshot,
  files: Pick<BackupFiles, 'write'>,
  { withheld = [] }: { withheld?: readonly string[] } = {},
): Promise<DumpedTable[]> {
  const dumped: DumpedTable[] = []
  for (const table of await snapshot.tables()) {
    if (left.has(table)) continue
    const digest = createRowDigest()
    let count = 0
    const lines = async function* () {
      for await (const line of withheld.includes(table) ? [] : linesOf(snapshot, table)) {
        if (line.row) {
          digest.add(line.text)
          count += 1
        }
        yield `${line.text}\n`
      }
    }
    const packed = createGzip({ level: 6 })
    const [{ sha256 }] = await Promise.all([
      files.write(dumpPath(table), packed),
      pipeline(Readable.from(lines()), packed),
    ])
    dumped.push({ table, rows: count, digest: digest.hex(), sha256 })
  }
  return dumped
}

/** Where a table lies in a backup. */
export const dumpPath = (table: string): string => `database/${table}.ndjson.gz`

/** The digests of a database as it is, without writing anything. */
export async function digestDatabase(snapshot: DatabaseSnapshot): Promise<Omit<DumpedTable, 'sha256'>[]> {
  const found: Omit<DumpedTable, 'sha256'>[] = []
  for (const table of await snapshot.tables()) {
    if (left.has(table)) continue
    const digest = createRowDigest()
    let rows = 0
    for await (const line of linesOf(snapshot, table)) {
      if (!line.row) continue
      digest.add(line.text)
      rows += 1
    }
    found.push({ table, rows, digest: digest.hex() })
  }
  return found
}

async function* linesOf(snapshot: DatabaseSnapshot, table: string): AsyncGenerator<{ row: boolean; text: string }> {
  let headed = false
  for await (const { columns, rows } of snapshot.rows(table)) {
    if (!headed) yield { row: false, text: JSON.stringify(columns) }
    headed = true
    // The transaction that wrote an event means something to the Postgres that ran it, and to no other.
    const xid = table === 'event' || table === 'event_waiting' ? columns.indexOf('xid') : -1
    for (const row of rows)
      yield { row: true, text: JSON.stringify(row.map((value, index) => (index === xid ? 0 : encodeValue(value)))) }
  }
}
