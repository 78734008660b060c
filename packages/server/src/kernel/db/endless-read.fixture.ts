import { sql } from 'kysely'
import type { Reader } from './database.ts'

/** A statement that goes on for ever inside the database. */
export async function endless(db: Reader): Promise<string> {
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n`.execute(db as never)
  return ''
}
