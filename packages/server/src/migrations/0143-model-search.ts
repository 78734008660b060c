import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Lists and searches of a large catalogue: tags by key, versions by their last change. */
export const modelSearch: Migration = {
  async up(db: Kysely<any>) {
    await db.schema.createIndex('model_tag_by_key').on('model_tag').columns(['project_id', 'key', 'model']).execute()
    await db.schema
      .createIndex('model_version_tag_by_key')
      .on('model_version_tag')
      .columns(['project_id', 'key', 'model', 'version'])
      .execute()
    await db.schema
      .createIndex('model_version_by_change')
      .on('model_version')
      .columns(['project_id', 'updated_at'])
      .execute()
  },
}
