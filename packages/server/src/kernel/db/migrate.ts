import { type Kysely, sql } from 'kysely'
import { defineErrors } from '../errors/index.ts'
import type { Database } from './database.ts'

export const migrationErrors = defineErrors('MIGRATION', {
  PROGRAM_TOO_OLD: {
    status: 409,
    message: (needed: string) =>
      `A newer Trivium has changed this database so that a program has to know the change ${needed}, which this one does not. Start the newer one.`,
  },
})

/** One step of the schema. Migrations expand first and never import current code. */
export interface Migration {
  up(db: Kysely<any>): Promise<void>
}

const stamp = 'oldest-program'

/**
 * Applies, in order and each in a transaction of its own, the migrations that the database has not seen. Safe when several servers start at once.
 * `oldest` is the migration that every program must know that may still run beside this one; the database is stamped with it, and a program that does not
 * know its stamp is refused with MIGRATION.PROGRAM_TOO_OLD.
 */
export async function migrate(
  db: Database,
  migrations: readonly (readonly [name: string, migration: Migration])[],
  oldest?: string,
): Promise<string[]> {
  const applied: string[] = []
  const names = migrations.map(([name]) => name)
  const known = new Set<string>()
  await inMigrationTransaction(db, async (trx) => {
    await trx.schema
      .createTable('schema_migration')
      .ifNotExists()
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('applied_at', 'bigint', (c) => c.notNull())
      .execute()
    const found = await readStamp(trx)
    if (found !== undefined && !names.includes(found)) throw migrationErrors.PROGRAM_TOO_OLD(found)
    for (const row of await trx.selectFrom('schema_migration').select('name').execute()) known.add(row['name'])
  })
  for (const [name, migration] of migrations) {
    if (known.has(name)) continue
    await inMigrationTransaction(db, async (trx) => {
      // Another server may have been here meanwhile.
      const seen = await trx.selectFrom('schema_migration').select('name').where('name', '=', name).executeTakeFirst()
      if (seen) return
      await migration.up(trx)
      await trx.insertInto('schema_migration').values({ name, applied_at: Date.now() }).execute()
      applied.push(name)
    })
  }
  if (oldest !== undefined)
    await inMigrationTransaction(db, async (trx) => {
      const found = await readStamp(trx)
      // Another server may have gone further meanwhile.
      if (found !== undefined && !names.includes(found)) throw migrationErrors.PROGRAM_TOO_OLD(found)
      if (found !== undefined && names.indexOf(found) >= names.indexOf(oldest)) return
      await trx
        .insertInto('instance')
        .values({ key: stamp, value: oldest })
        .onConflict((c) => c.column('key').doUpdateSet({ value: oldest }))
        .execute()
    })
  return applied
}

async function readStamp(trx: Kysely<any>): Promise<string | undefined> {
  const begun = await trx.selectFrom('schema_migration').select('name').limit(1).executeTakeFirst()
  if (!begun) return undefined
  return (await trx.selectFrom('instance').select('value').where('key', '=', stamp).executeTakeFirst())?.value
}

function inMigrationTransaction(db: Database, work: (trx: Kysely<any>) => Promise<void>): Promise<void> {
  return db.write.transaction().execute(async (trx) => {
    const untyped = trx as unknown as Kysely<any>
    if (db.dialect === 'postgres') await sql`select pg_advisory_xact_lock(741852963)`.execute(untyped)
    await work(untyped)
  })
}
