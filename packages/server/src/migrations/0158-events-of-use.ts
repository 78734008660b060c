import { type Kysely, sql } from 'kysely'
import type { Migration } from '../kernel/db/index.ts'

/** The few events that the card of a version looks through, among the many of a large catalogue. */
export const eventsOfUse: Migration = {
  async up(db: Kysely<any>) {
    await sql`create index event_of_use on event (project_id, at) where name in ('alert.opened', 'deployment.retired', 'release.activated', 'release.rolled-back')`.execute(
      db,
    )
  },
}
