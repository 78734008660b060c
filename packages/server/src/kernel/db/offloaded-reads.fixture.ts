import { sql } from 'kysely'
import { AppError } from '../errors/index.ts'
import type { Reader } from './database.ts'

/** Reads for the tests of `offload`: a module of its own, because they run on another thread. */
export async function countRows(db: Reader, { table }: { table: string }): Promise<string> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(db as never)
  return JSON.stringify({ rows: Number(rows[0]?.n) })
}

export async function rawBytes(_db: Reader, { length }: { length: number }): Promise<Uint8Array> {
  return Buffer.from('x'.repeat(length))
}

export async function failAsExpected(): Promise<string> {
  throw new AppError('TEST.EXPECTED', 422, 'This was to be expected.', { errors: [{ path: 'a', message: 'b' }] })
}

export async function failUnexpectedly(_db: Reader, { column }: { column: string }): Promise<string> {
  throw new TypeError(`no ${column}`)
}

/** Holds its thread for a while, as a long query does. */
export async function work(_db: Reader, { ms }: { ms: number }): Promise<string> {
  const until = performance.now() + ms
  let rounds = 0
  while (performance.now() < until) rounds += 1
  return String(rounds)
}

export async function tryToWrite(db: Reader): Promise<string> {
  await sql`insert into instance (key, value) values ('offloaded', 'write')`.execute(db as never)
  return 'written'
}

export async function endTheThread(): Promise<string> {
  process.exit(3)
}
