import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Webhooks that were made through MLflow's API: what MLflow keeps of them, as JSON. */
export const mlflowWebhooks: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.alterTable('webhook').addColumn('mlflow', 'text').execute()
  },
}
