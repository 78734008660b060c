import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'

/** One step of the schema. Migrations expand first and never import current code. */
export interface Migration {
  up(db: Kysely<any>): Promise<void>
}

/** Applies, in order and each in a transaction of its own, the migrations that the database has not seen. Safe when several servers start at once. */
export async function migrate(
  db: Database,
  migrations: readonly (readonly [name: string, migration: Migration])[],
): Promise<string[]> {
  const applied: string[] = []
  await inMigrationTransaction(db, async (trx) => {
    await trx.schema
      .createTable('schema_migration')
      .ifNotExists()
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('applied_at', 'bigint', (c) => c.notNull())
      .execute()
  })
  for (const [name, migration] of migrations) {
    await inMigrationTransaction(db, async (trx) => {
      const seen = await trx.selectFrom('schema_migration').select('name').where('name', '=', name).executeTakeFirst()
      if (seen) return
      await migration.up(trx)
      await trx.insertInto('schema_migration').values({ name, applied_at: Date.now() }).execute()
      applied.push(name)
    })
  }
  return applied
}

function inMigrationTransaction(db: Database, work: (trx: Kysely<any>) => Promise<void>): Promise<void> {
  return db.write.transaction().execute(async (trx) => {
    const untyped = trx as unknown as Kysely<any>
    if (db.dialect === 'postgres') await sql`select pg_advisory_xact_lock(741852963)`.execute(untyped)
    await work(untyped)
  })
}
