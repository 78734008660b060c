import { randomUUID } from 'node:crypto'
import { dataDirectoryErrors, type Database } from '../db/index.ts'

const movedKey = 'moved-to'

/** The id of this instance: one for all servers of a database, made once, and kept by backups. The object store is marked with it. Throws DATA.MOVED where the database was left. */
export async function instanceId(db: Database): Promise<string> {
  return db.write.transaction().execute(async (trx) => {
    await trx
      .insertInto('instance')
      .values({ key: 'id', value: randomUUID() })
      .onConflict((c) => c.column('key').doNothing())
      .execute()
    const rows = await trx.selectFrom('instance').selectAll().execute()
    requireNotMoved(rows)
    return rows.find(({ key }) => key === 'id')?.value ?? ''
  })
}

/** Says that everything of this database is in another one now, so that no server works on it any more. */
export async function markMoved(db: Database, to: string): Promise<void> {
  await db.write.transaction().execute((trx) =>
    trx
      .insertInto('instance')
      .values({ key: movedKey, value: to })
      .onConflict((c) => c.column('key').doUpdateSet({ value: to }))
      .execute(),
  )
}

/** Throws DATA.MOVED when the rows of `instance` say so. */
export function requireNotMoved(rows: readonly { readonly key: string; readonly value: string }[]): void {
  const moved = rows.find(({ key }) => key === movedKey)
  if (moved) throw dataDirectoryErrors.MOVED(moved.value)
}
