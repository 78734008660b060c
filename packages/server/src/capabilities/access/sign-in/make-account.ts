import type { Trx } from '../../../kernel/db/index.ts'
import { newId, urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { capabilityErrors } from '../errors.ts'
import '../tables.ts'

/** Makes a person of that name. Taken: throws, or with `orSimilar` counts up. It never joins an account that is there. */
export async function makeAccount(
  { clock, events }: Pick<Kernel, 'clock' | 'events'>,
  trx: Trx,
  { name, by, orSimilar = false }: { name: string; by?: string; orSimilar?: boolean },
): Promise<string> {
  for (let count = 1; count <= (orSimilar ? 100 : 1); count += 1) {
    const id = newId('prn')
    const made = await trx
      .insertInto('principal')
      .values({
        id,
        kind: 'person',
        name: count === 1 ? name : `${name.slice(0, 58)}-${count}`,
        is_instance_admin: 0,
        disabled_at: null,
        created_at: clock(),
        created_by: by ?? id,
      })
      .onConflict((c) => c.column('name').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!made) continue
    await events.append(trx, {
      project: 'default',
      name: 'principal.created',
      schema: 1,
      by: by ?? id,
      subject: urn('default', 'principal', id),
      refs: [],
      data: { kind: 'person' },
    })
    return id
  }
  throw capabilityErrors.NAME_TAKEN(name)
}

/** A name of ours from what a provider calls somebody: the part before the @ of a mail address, in the letters that names may have. */
export function accountName(claims: Readonly<Record<string, unknown>>): string {
  const said = [claims['preferred_username'], claims['email'], claims['name'], claims['nickname']].find(
    (one): one is string => typeof one === 'string' && one.trim() !== '',
  )
  const plain = (said ?? '')
    .split('@')[0]
    ?.normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 60)
  return plain === undefined || plain === '' ? 'person' : plain
}
