import type { InstanceSecret, Secret, SecretVersion } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { type SecretPlace, valueRows, type visibleSecrets } from './stored-value.ts'
import { instanceOwner } from './tables.ts'

const mostVersions = 100

/** What is known of each secret, for a project. */
export async function presentSecrets(
  db: Reader,
  project: string,
  now: number,
  rows: Awaited<ReturnType<typeof visibleSecrets>>,
  named: readonly { secret: string; pipeline: string; step: string }[],
): Promise<Secret[]> {
  const uses = await db.selectFrom('secret_use').selectAll().where('project_id', '=', project).execute()
  const found = await Promise.all(
    rows.map(async (row) => ({ row, values: await valueRows(db, { owner: row.project_id, name: row.name }, now) })),
  )
  const nameOf = await namesOf(db, [
    ...uses.map((use) => use.used_by),
    ...found.flatMap(({ values }) => values?.current.set_by ?? []),
  ])
  return found.flatMap(({ row, values }) => {
    if (!values) return []
    const use = uses.find((one) => one.owner === row.project_id && one.name === row.name)
    const steps = Map.groupBy(
      named.filter((one) => one.secret === row.name),
      (one) => one.pipeline,
    )
    return [
      {
        name: row.name,
        from: row.project_id === instanceOwner ? ('instance' as const) : ('project' as const),
        description: row.description,
        version: row.version,
        setAt: values.current.set_at,
        setByName: nameOf(values.current.set_by),
        previousUntil: values.previous?.valid_until ?? null,
        lastUse: use
          ? {
              at: use.used_at,
              version: use.version,
              pipeline: use.pipeline,
              run: use.run_id,
              step: use.step,
              byName: nameOf(use.used_by),
            }
          : null,
        usedBy: [...steps].map(([pipeline, list]) => ({ pipeline, steps: list.map((one) => one.step) })),
      },
    ]
  })
}

/** The history of a secret, newest first. */
export async function presentVersions(db: Reader, { owner, name }: SecretPlace, now: number): Promise<SecretVersion[]> {
  const rows = await db
    .selectFrom('secret_version')
    .selectAll()
    .where('project_id', '=', owner)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(mostVersions)
    .execute()
  const nameOf = await namesOf(
    db,
    rows.map((row) => row.set_by),
  )
  return rows.map((row, index) => {
    const isPrevious = row.sealed !== null && row.valid_until !== null && row.valid_until > now
    return {
      version: row.version,
      state: index === 0 ? 'current' : isPrevious ? 'previous' : 'gone',
      setAt: row.set_at,
      setByName: nameOf(row.set_by),
      validUntil: index > 0 && isPrevious ? row.valid_until : null,
    }
  })
}

/** The secrets of the instance, or one of them. */
export async function instanceSecrets(db: Reader, now: number, only?: string): Promise<InstanceSecret[]> {
  let query = db.selectFrom('secret').selectAll().where('project_id', '=', instanceOwner).orderBy('name')
  if (only !== undefined) query = query.where('name', '=', only)
  const rows = await query.execute()
  const shares = await db.selectFrom('secret_share').select(['project_id', 'name']).orderBy('project_id').execute()
  const uses = await db
    .selectFrom('secret_use')
    .select((e) => ['name', e.fn.max('used_at').as('at')])
    .where('owner', '=', instanceOwner)
    .groupBy('name')
    .execute()
  const values = await Promise.all(rows.map((row) => valueRows(db, { owner: instanceOwner, name: row.name }, now)))
  const nameOf = await namesOf(
    db,
    values.flatMap((one) => one?.current.set_by ?? []),
  )
  return rows.flatMap((row, index) => {
    const value = values[index]
    if (!value) return []
    const used = uses.find((one) => one.name === row.name)?.at
    return [
      {
        name: row.name,
        description: row.description,
        version: row.version,
        setAt: value.current.set_at,
        setByName: nameOf(value.current.set_by),
        previousUntil: value.previous?.valid_until ?? null,
        lastUsedAt: used === undefined ? null : Number(used),
        projects: shares.filter((share) => share.name === row.name).map((share) => share.project_id),
      },
    ]
  })
}

async function namesOf(db: Reader, ids: readonly string[]): Promise<(id: string) => string> {
  const rows =
    ids.length === 0
      ? []
      : await db
          .selectFrom('principal')
          .select(['id', 'name'])
          .where('id', 'in', [...new Set(ids)])
          .execute()
  const names = new Map(rows.map((row) => [row.id, row.name]))
  return (id) => names.get(id) ?? id
}
