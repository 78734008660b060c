import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

export const registry: Migration = {
  async up(_db: Kysely<any>) {},
}
