import { asReader, type Trx } from '../../kernel/db/index.ts'
import { actOnce } from '../../kernel/jobs/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { registryErrors } from './errors.ts'
import type { RegistryDeps } from './models.ts'
import { requireModel, requireVersion, versionUrn } from './read-models.ts'
import { checkPromotion, checkProtected } from './strategy.ts'

/** How an alias is set. */
export interface AliasOptions {
  /** A step's key: whoever comes again with it changes nothing. */
  readonly once?: string
  /** Why, for the record. */
  readonly reason?: string
}

/** Points an alias to a version; event `model.alias-set`. */
export async function setAlias(
  deps: RegistryDeps,
  scope: Scope,
  name: string,
  alias: string,
  version: number,
  { once, reason }: AliasOptions = {},
): Promise<void> {
  checkAlias(alias)
  await deps.db.write.transaction().execute(async (trx) => {
    const write = async () => {
      await requireModel(asReader(trx), scope.project, name)
      await requireVersion(asReader(trx), scope.project, name, version)
      await writeAlias(deps, trx, scope, name, alias, version, reason)
    }
    if (once === undefined) await write()
    else await actOnce(trx, { project: scope.project, key: `${once}/alias`, at: deps.clock() }, write)
  })
}

/** The same in a transaction. A version that becomes champion is challenger no more: the alias is removed from it. */
export async function writeAlias(
  deps: RegistryDeps,
  trx: Trx,
  scope: Scope,
  name: string,
  alias: string,
  version: number,
  reason = '',
): Promise<void> {
  const { clock, events } = deps
  const { project } = scope
  checkAlias(alias)
  await checkPromotion(trx, scope, name, version, alias, reason)
  const before = await trx
    .selectFrom('model_alias')
    .select('version')
    .where('project_id', '=', project)
    .where('model', '=', name)
    .where('alias', '=', alias)
    .executeTakeFirst()
  if (before?.version === version) return
  const set = { version, set_at: clock(), set_by: scope.principal.id, reason }
  await trx
    .insertInto('model_alias')
    .values({ project_id: project, model: name, alias, ...set })
    .onConflict((c) => c.columns(['project_id', 'model', 'alias']).doUpdateSet(set))
    .execute()
  await events.append(trx, {
    project,
    name: 'model.alias-set',
    schema: 1,
    by: scope.principal.id,
    subject: versionUrn(project, name, version),
    refs: before ? [{ rel: 'about', urn: versionUrn(project, name, before.version), as: `${alias}-before` }] : [],
    data: {
      model: name,
      alias,
      version,
      before: before?.version ?? null,
      fact: `v${version} is ${alias}`,
      ...(reason === '' ? {} : { reason }),
    },
  })
  if (alias === 'champion') await removeAlias(deps, trx, scope, name, 'challenger', version)
}

/** Removes an alias, where `version` is given only from that version; event `model.alias-removed`. */
async function removeAlias(
  { events }: RegistryDeps,
  trx: Trx,
  scope: Scope,
  name: string,
  alias: string,
  version?: number,
): Promise<void> {
  const { project } = scope
  let query = trx
    .deleteFrom('model_alias')
    .where('project_id', '=', project)
    .where('model', '=', name)
    .where('alias', '=', alias)
  if (version !== undefined) query = query.where('version', '=', version)
  const gone = await query.returning('version').executeTakeFirst()
  if (gone)
    await events.append(trx, {
      project,
      name: 'model.alias-removed',
      schema: 1,
      by: scope.principal.id,
      subject: versionUrn(project, name, gone.version),
      refs: [],
      data: { model: name, alias },
    })
}

export async function deleteAlias(deps: RegistryDeps, scope: Scope, name: string, alias: string): Promise<void> {
  await deps.db.write.transaction().execute(async (trx) => {
    await requireModel(asReader(trx), scope.project, name)
    await checkProtected(asReader(trx), scope, alias)
    await removeAlias(deps, trx, scope, name, alias)
  })
}

/** Throws where one of the aliases that would go with a model, or a version of it, is protected from the caller. */
export async function checkAliasesGo(trx: Trx, scope: Scope, name: string, version?: number): Promise<void> {
  let query = asReader(trx)
    .selectFrom('model_alias')
    .select('alias')
    .where('project_id', '=', scope.project)
    .where('model', '=', name)
  if (version !== undefined) query = query.where('version', '=', version)
  for (const { alias } of await query.execute()) await checkProtected(asReader(trx), scope, alias)
}

export function checkAlias(alias: string): void {
  if (alias === '') throw registryErrors.BAD_ALIAS('Registered model alias name cannot be empty.')
  if (!/^[\w-]+$/.test(alias))
    throw registryErrors.BAD_ALIAS(
      `Invalid alias name: '${alias.slice(0, 300)}'. Names may only contain alphanumerics, underscores (_) and dashes (-).`,
    )
  if (alias.length > 255)
    throw registryErrors.BAD_ALIAS('Registered model alias name exceeds the maximum length of 255 characters')
  if (alias.toLowerCase() === 'latest')
    throw registryErrors.BAD_ALIAS("'latest' alias name (case insensitive) is reserved.")
  if (/^v?\d+$/i.test(alias)) throw registryErrors.BAD_ALIAS(`Version alias name '${alias}' is reserved.`)
}
