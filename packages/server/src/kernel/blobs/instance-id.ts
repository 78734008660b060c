import { randomUUID } from 'node:crypto'
import type { Database } from '../db/index.ts'

/** The id of this instance: one for all servers of a database, made once, and kept by backups. The object store is marked with it. */
export async function instanceId(db: Database): Promise<string> {
  return db.write.transaction().execute(async (trx) => {
    await trx
      .insertInto('instance')
      .values({ key: 'id', value: randomUUID() })
      .onConflict((c) => c.column('key').doNothing())
      .execute()
    const row = await trx.selectFrom('instance').select('value').where('key', '=', 'id').executeTakeFirstOrThrow()
    return row.value
  })
}
