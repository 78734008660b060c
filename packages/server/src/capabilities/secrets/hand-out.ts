import type { AccessNotes } from '../../kernel/http/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { createMask, type Mask, type MaskedSecret } from '../../kernel/masking/index.ts'
import { requirePermission, type Scope } from '../../kernel/principal/index.ts'
import { secretErrors } from './errors.ts'
import { findSecret, placeOf, type SecretPlace, valueRows } from './stored-value.ts'
import type { SecretVersionTable } from './tables.ts'

/** Which secrets a step of a run wants. */
export interface HandOutRequest {
  /** Name of the environment variable → `NAME`, or `NAME@previous` for the value before while it is kept, and the current one after that. */
  readonly references: Readonly<Record<string, string>>
  readonly run: string
  readonly pipeline: string
  readonly step: string
}

/** Values, and what hides them. */
export interface Handed {
  readonly env: Readonly<Record<string, string>>
  readonly secrets: readonly MaskedSecret[]
  readonly mask: Mask
}

interface Found {
  readonly variable: string
  readonly place: SecretPlace
  readonly row: SecretVersionTable
}

/** Opens the values that a step named, and records the use: by event, by access log and for the list. Throws SECRETS.NOT_FOUND. */
export async function handOut(
  { db, clock, events, vault }: Pick<Kernel, 'db' | 'clock' | 'events' | 'vault'>,
  notes: AccessNotes,
  scope: Scope,
  { references, run, pipeline, step }: HandOutRequest,
): Promise<Handed> {
  requirePermission(scope, 'secret:use')
  const { project, principal } = scope
  const found: Found[] = []
  for (const [variable, reference] of Object.entries(references)) {
    const { name, previous } = parseSecretReference(reference)
    const place = await findSecret(db.read, project, name)
    const rows = place && (await valueRows(db.read, place, clock()))
    if (!place || !rows) throw secretErrors.NOT_FOUND(name)
    found.push({ variable, place, row: previous ? (rows.previous ?? rows.current) : rows.current })
  }
  const env: Record<string, string> = {}
  const secrets: MaskedSecret[] = []
  for (const { variable, place, row } of found) {
    const value = await vault.open(row.sealed ?? '', placeOf(row))
    env[variable] = value
    secrets.push({ name: place.name, value })
  }
  const used = new Map(found.map((one) => [`${one.place.name}/${one.row.version}`, one]))
  const by = principal.onBehalfOf ?? principal.id
  await db.write.transaction().execute(async (trx) => {
    for (const { place, row } of used.values()) {
      const last = { version: row.version, used_at: clock(), used_by: by, run_id: run, pipeline, step }
      await trx
        .insertInto('secret_use')
        .values({ project_id: project, owner: place.owner, name: place.name, ...last })
        .onConflict((c) => c.columns(['project_id', 'owner', 'name']).doUpdateSet(last))
        .execute()
      await events.append(trx, {
        project,
        name: 'secret.used',
        schema: 1,
        by,
        subject: urn(project, 'secret', place.name),
        refs: [{ rel: 'about', urn: urn(project, 'pipeline-run', run), as: 'used-by' }],
        data: { version: row.version, pipeline, step },
      })
    }
  })
  for (const { place } of used.values())
    notes.note({
      kind: 'read',
      what: 'secrets',
      status: 200,
      method: 'STEP',
      route: 'pipeline step',
      path: `${pipeline}/${step}: ${place.name}`,
      project,
      principalId: by,
      permission: 'secret:use',
      address: '',
      requestId: run,
    })
  return { env, secrets, mask: createMask(secrets) }
}

/** `NAME` or `NAME@previous`. */
export function parseSecretReference(reference: string): { name: string; previous: boolean } {
  return reference.endsWith('@previous')
    ? { name: reference.slice(0, -'@previous'.length), previous: true }
    : { name: reference, previous: false }
}
