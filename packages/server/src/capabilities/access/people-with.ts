import type { Permission } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { holdings } from './holdings.ts'

/** Names of the people, service accounts left out, who hold a permission in any project now. */
export async function peopleWith(db: Reader, permission: Permission, now: number): Promise<string[]> {
  const held = await holdings(db, now)
  const holders = new Set(held.flatMap((one) => (one.permissions.includes(permission) ? [one.principalId] : [])))
  const people = await db
    .selectFrom('principal')
    .select(['id', 'name'])
    .where('kind', '=', 'person')
    .where('disabled_at', 'is', null)
    .orderBy('name')
    .execute()
  return people.flatMap(({ id, name }) => (holders.has(id) ? [name] : []))
}
