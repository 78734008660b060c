import type { Kysely } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** Predictions and labels are tables of the catalog; they need no table of their own here. */
export const outcomes: Migration = {
  async up(_db: Kysely<any>) {},
}
