import { type Kysely, SqliteAdapter, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Lists of models go on behind a name, by code point; SQLite's key of the table is in that order already. */
export const modelNames: Migration = {
  async up(db: Kysely<any>) {
    if (db.getExecutor().adapter instanceof SqliteAdapter) return
    await sql`create index model_by_name on model (project_id, name collate "C")`.execute(db)
  },
}
