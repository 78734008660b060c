import type { StorageOverview } from '@trivium/contract'
import { sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'

/** What holds space, by project and kind of owner, as JSON; runs where it cannot hold up the main thread. */
export async function useOfSpace(db: Reader, _input: unknown, dialect: Dialect): Promise<string> {
  // trivium://PROJECT/KIND/ID
  const rest = sql`substr(owner, length(project_id) + 12)`
  const kind =
    dialect === 'sqlite'
      ? sql<string>`substr(${rest}, 1, instr(${rest}, '/') - 1)`
      : sql<string>`split_part(${rest}, '/', 1)`
  const contents = db
    .selectFrom('blob_ref')
    .select(['project_id', kind.as('kind'), 'digest', (e) => e.fn.max('size').as('size')])
    .groupBy(['project_id', kind, 'digest'])
  const owners = await db
    .selectFrom('blob_ref')
    .select(['project_id', kind.as('kind'), sql<number>`count(distinct owner)`.as('owners')])
    .groupBy(['project_id', kind])
    .execute()
  const ownersOf = new Map(owners.map((row) => [`${row.project_id}/${row.kind}`, Number(row.owners)]))
  const use = await db
    .selectFrom(contents.as('c'))
    .select(['project_id', 'kind', (e) => e.fn.countAll().as('contents'), (e) => e.fn.sum('size').as('bytes')])
    .groupBy(['project_id', 'kind'])
    .execute()
  const totals = await db
    .selectFrom(
      db
        .selectFrom('blob_ref')
        .select(['project_id', 'digest', (e) => e.fn.max('size').as('size')])
        .groupBy(['project_id', 'digest'])
        .as('c'),
    )
    .select(['project_id', (e) => e.fn.countAll().as('contents'), (e) => e.fn.sum('size').as('bytes')])
    .groupBy('project_id')
    .execute()
  const found: Pick<StorageOverview, 'use' | 'totals'> = {
    use: use
      .map((row) => ({
        project: row.project_id,
        kind: row.kind,
        owners: ownersOf.get(`${row.project_id}/${row.kind}`) ?? 0,
        contents: Number(row.contents),
        bytes: Number(row.bytes),
      }))
      .toSorted((a, b) => b.bytes - a.bytes || (`${a.project}/${a.kind}` < `${b.project}/${b.kind}` ? -1 : 1)),
    totals: totals
      .map((row) => ({ project: row.project_id, contents: Number(row.contents), bytes: Number(row.bytes) }))
      .toSorted((a, b) => b.bytes - a.bytes || (a.project < b.project ? -1 : 1)),
  }
  return JSON.stringify(found)
}
