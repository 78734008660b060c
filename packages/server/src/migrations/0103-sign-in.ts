import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const signIn: Migration = {
  async up(db: Kysely<any>) {
    // What is known of a browser session beyond its token: a row of the program before this one has none.
    await db.schema
      .createTable('session')
      .addColumn('token_id', 'text', (c) => c.primaryKey().references('token.id').onDelete('cascade'))
      .addColumn('method', 'text', (c) => c.notNull())
      .addColumn('address', 'text', (c) => c.notNull())
      .addColumn('browser', 'text', (c) => c.notNull())
      .addColumn('issuer', 'text')
      .addColumn('provider_session', 'text')
      .addColumn('id_token', 'text')
      .execute()
    await db.schema
      .createTable('identity')
      .addColumn('issuer', 'text', (c) => c.notNull())
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('principal_id', 'text', (c) => c.notNull().references('principal.id').onDelete('cascade'))
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('last_sign_in_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('identity_pk', ['issuer', 'subject'])
      .execute()
    await db.schema.createIndex('identity_principal').on('identity').column('principal_id').execute()
    await db.schema
      .createTable('provider_role')
      .addColumn('principal_id', 'text', (c) => c.notNull().references('principal.id').onDelete('cascade'))
      .addColumn('issuer', 'text', (c) => c.notNull())
      .addColumn('place', 'text', (c) => c.notNull())
      .addColumn('role', 'text', (c) => c.notNull())
      .addColumn('group_name', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('provider_role_pk', ['principal_id', 'issuer', 'place', 'role'])
      .execute()
    await db.schema
      .createTable('password')
      .addColumn('principal_id', 'text', (c) => c.primaryKey().references('principal.id').onDelete('cascade'))
      .addColumn('hash', 'text', (c) => c.notNull())
      .addColumn('changed_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('sign_in_throttle')
      .addColumn('key', 'text', (c) => c.primaryKey())
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('ends_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('invitation')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull().references('project.id').onDelete('cascade'))
      .addColumn('secret_hash', 'text', (c) => c.notNull().unique())
      .addColumn('role', 'text', (c) => c.notNull())
      .addColumn('name', 'text')
      .addColumn('mail', 'text')
      .addColumn('created_by', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('used_at', 'bigint')
      .addColumn('used_by', 'text')
      .addColumn('revoked_at', 'bigint')
      .execute()
    await db.schema.createIndex('invitation_project').on('invitation').columns(['project_id', 'created_at']).execute()
  },
}
