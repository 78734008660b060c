import { sql } from 'kysely'
import type { Reader, Trx } from '../../kernel/db/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { secretErrors } from './errors.ts'
import type { SecretVersionTable } from './tables.ts'

/** Whose secret, and its name. */
export interface SecretPlace {
  readonly owner: string
  readonly name: string
}

const mostSecrets = 1000

/** What a sealed value is bound to: in another row it does not open. */
export const placeOf = ({
  project_id: owner,
  name,
  id,
}: Pick<SecretVersionTable, 'project_id' | 'name' | 'id'>): string => `secret/${owner}/${name}/${id}`

/** A value that was sealed for its place; `storeValue` puts it there. */
export interface SealedValue extends SecretPlace {
  readonly id: string
  readonly sealed: string
}

/** Seals a value. Outside of a transaction: a key management service may have to be asked. */
export async function sealValue(
  { vault }: Pick<Kernel, 'vault'>,
  { owner, name }: SecretPlace,
  value: string,
): Promise<SealedValue> {
  if (value.includes('\0')) throw secretErrors.BAD_VALUE(name)
  const id = newId('scv')
  return { owner, name, id, sealed: await vault.seal(value, placeOf({ project_id: owner, name, id })) }
}

/** Makes a sealed value the current version. The one before stays for `overlapMs`, all older ones are gone. Returns its number. */
export async function storeValue(
  trx: Trx,
  { clock }: Pick<Kernel, 'clock'>,
  { owner, name, id, sealed }: SealedValue,
  { by, description, overlapMs }: { by: string; description: string | undefined; overlapMs: number },
): Promise<number> {
  const now = clock()
  // One statement makes the row or holds it: two who set at once get two numbers, and a removal comes before or after.
  const { version } = await trx
    .insertInto('secret')
    .values({ project_id: owner, name, description: description ?? '', version: 1, created_at: now, created_by: by })
    .onConflict((c) =>
      c.columns(['project_id', 'name']).doUpdateSet((e) => ({
        version: e('secret.version', '+', 1),
        ...(description === undefined ? {} : { description }),
      })),
    )
    .returning('version')
    .executeTakeFirstOrThrow()
  const { count } = await trx
    .selectFrom('secret')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('project_id', '=', owner)
    .executeTakeFirstOrThrow()
  if (Number(count) > mostSecrets) throw secretErrors.TOO_MANY(mostSecrets)
  await trx
    .updateTable('secret_version')
    .set({ sealed: null, valid_until: null })
    .where('project_id', '=', owner)
    .where('name', '=', name)
    .where('version', '<', overlapMs > 0 ? version - 1 : version)
    .execute()
  if (overlapMs > 0)
    await trx
      .updateTable('secret_version')
      .set({ valid_until: now + overlapMs })
      .where('project_id', '=', owner)
      .where('name', '=', name)
      .where('version', '=', version - 1)
      .execute()
  await trx
    .insertInto('secret_version')
    .values({ project_id: owner, name, version, id, sealed, set_at: now, set_by: by, valid_until: null })
    .execute()
  return version
}

/** Removes values whose overlap is over. */
export async function wipeExpired(trx: Trx, { clock }: Pick<Kernel, 'clock'>): Promise<void> {
  await trx
    .updateTable('secret_version')
    .set({ sealed: null })
    .where('valid_until', 'is not', null)
    .where('valid_until', '<=', clock())
    .where('sealed', 'is not', null)
    .execute()
}

/** Removes a secret with everything that is known of it; false when there is none. */
export async function deleteSecret(trx: Trx, { owner, name }: SecretPlace): Promise<boolean> {
  // The secret first: it waits for whoever sets it now, and then finds that value too.
  const { numDeletedRows } = await trx
    .deleteFrom('secret')
    .where('project_id', '=', owner)
    .where('name', '=', name)
    .executeTakeFirst()
  await trx.deleteFrom('secret_version').where('project_id', '=', owner).where('name', '=', name).execute()
  await trx.deleteFrom('secret_use').where('owner', '=', owner).where('name', '=', name).execute()
  return numDeletedRows > 0n
}

/** The current value's row, and the one before it while it may be asked for. */
export async function valueRows(
  db: Reader,
  { owner, name }: SecretPlace,
  now: number,
): Promise<{ current: SecretVersionTable; previous: SecretVersionTable | undefined } | undefined> {
  const [current, before] = await db
    .selectFrom('secret_version')
    .selectAll()
    .where('project_id', '=', owner)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(2)
    .execute()
  if (!current) return undefined
  const valid =
    before !== undefined && before.sealed !== null && before.valid_until !== null && before.valid_until > now
  return { current, previous: valid ? before : undefined }
}

/** Which secret a name means in a project: its own, or one of the instance that is shared with it. */
export async function findSecret(db: Reader, project: string, name: string): Promise<SecretPlace | undefined> {
  const rows = await visibleSecrets(db, project, name)
  return rows[0] && { owner: rows[0].project_id, name }
}

/** The secrets that a project can name, its own before those of the instance. */
export async function visibleSecrets(
  db: Reader,
  project: string,
  name?: string,
): Promise<{ project_id: string; name: string; description: string; version: number }[]> {
  let own = db
    .selectFrom('secret')
    .select(['project_id', 'name', 'description', 'version'])
    .where('project_id', '=', project)
  let shared = db
    .selectFrom('secret')
    .innerJoin('secret_share', 'secret_share.name', 'secret.name')
    .select(['secret.project_id', 'secret.name', 'secret.description', 'secret.version'])
    .where('secret.project_id', '=', sql.lit('*'))
    .where('secret_share.project_id', '=', project)
  if (name !== undefined) {
    own = own.where('name', '=', name)
    shared = shared.where('secret.name', '=', name)
  }
  const mine = await own.execute()
  const names = new Set(mine.map((row) => row.name))
  const theirs = (await shared.execute()).filter((row) => !names.has(row.name))
  return [...mine, ...theirs].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
