import type { Trx } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { MappedRole } from './role-map.ts'
import './tables.ts'

/**
 * Makes the roles of one person that groups at a provider bring exactly those that his groups of now bring. Roles that were given here are not touched.
 * A project that does not exist (yet) brings nothing.
 */
export async function applyGroups(
  { events, clock }: Pick<Kernel, 'events' | 'clock'>,
  trx: Trx,
  {
    principalId,
    issuer,
    groups,
    roleMap,
  }: { principalId: string; issuer: string; groups: readonly string[]; roleMap: readonly MappedRole[] },
): Promise<void> {
  const projects = new Set((await trx.selectFrom('project').select('id').execute()).map(({ id }) => id))
  const keyOf = (one: { place: string; role: string }): string => `${one.role}@${one.place}`
  const wanted = new Map(
    roleMap
      .filter((one) => groups.includes(one.group) && (one.place === '*' || projects.has(one.place)))
      .map((one) => [keyOf(one), one]),
  )
  const now = new Map(
    (
      await trx
        .selectFrom('provider_role')
        .select(['place', 'role'])
        .where('principal_id', '=', principalId)
        .where('issuer', '=', issuer)
        .execute()
    ).map((one) => [keyOf(one), one]),
  )
  const say = async (name: string, { place, role }: { place: string; role: string }): Promise<void> => {
    const project = place === '*' ? 'default' : place
    await events.append(trx, {
      project,
      name,
      schema: 1,
      by: principalId,
      subject: urn(project, 'principal', principalId),
      refs: [],
      data: { role, via: 'provider' },
    })
  }
  for (const [key, one] of now) {
    if (wanted.has(key)) continue
    await trx
      .deleteFrom('provider_role')
      .where('principal_id', '=', principalId)
      .where('issuer', '=', issuer)
      .where('place', '=', one.place)
      .where('role', '=', one.role)
      .execute()
    await say('membership.removed', one)
  }
  for (const [key, { place, role, group }] of wanted) {
    if (now.has(key)) continue
    await trx
      .insertInto('provider_role')
      .values({ principal_id: principalId, issuer, place, role, group_name: group, created_at: clock() })
      .onConflict((c) => c.columns(['principal_id', 'issuer', 'place', 'role']).doNothing())
      .execute()
    await say('membership.granted', { place, role })
  }
}
