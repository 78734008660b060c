import type { ModelStrategy, ProtectedAlias } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import { holds, type Scope } from '../../kernel/principal/index.ts'
import type { ModelDescription } from './describe-files.ts'
import { registryErrors } from './errors.ts'
import type { RegistryDeps } from './models.ts'
import { noCriteria, withoutCriteria } from './promotion.ts'
import { approvalOf, requireModel, requireVersion } from './read-models.ts'

/** What holds where nobody has said anything: everything goes. */
const open: ModelStrategy = { names: [], tags: [], require: [], aliases: null, labelNew: false, replacement: [] }
const usualAliases = ['champion', 'challenger']

export async function readStrategy(db: Reader, project: string): Promise<ModelStrategy> {
  const row = await db
    .selectFrom('model_strategy')
    .select('strategy')
    .where('project_id', '=', project)
    .executeTakeFirst()
  return row ? (JSON.parse(row.strategy) as ModelStrategy) : open
}

/** Says how the project manages its models; event `model-strategy.set`. */
export async function setStrategy(
  { db, clock, events }: Pick<RegistryDeps, 'db' | 'clock' | 'events'>,
  scope: Scope,
  strategy: ModelStrategy,
): Promise<ModelStrategy> {
  const { project, principal } = scope
  await db.write.transaction().execute(async (trx) => {
    const before = await readStrategy(asReader(trx), project)
    const set = { strategy: JSON.stringify(strategy), updated_at: clock(), updated_by: principal.id }
    await trx
      .insertInto('model_strategy')
      .values({ project_id: project, ...set })
      .onConflict((c) => c.column('project_id').doUpdateSet(set))
      .execute()
    await events.append(trx, {
      project,
      name: 'model-strategy.set',
      schema: 2,
      by: principal.id,
      subject: urn(project, 'project', project),
      refs: [],
      data: { before, strategy },
    })
  })
  return strategy
}

/** Throws REGISTRY.AGAINST_STRATEGY when a model may not be called so. */
export async function checkName(db: Reader, project: string, name: string): Promise<void> {
  const [problem] = nameProblems(await readStrategy(db, project), name)
  if (problem !== undefined) throw registryErrors.AGAINST_STRATEGY(`The name "${name}"`, problem)
}

function nameProblems({ names }: ModelStrategy, name: string): string[] {
  return names.length > 0 && !names.some((pattern) => matches(pattern, name))
    ? [`The name "${name}" is none of ${names.map((one) => `"${one}"`).join(' or ')}.`]
    : []
}

/** A version that somebody wants to register, as far as a strategy asks. */
export interface ProposedVersion {
  readonly model: string
  readonly tags: readonly { readonly key: string; readonly value: string }[]
  readonly description: string
  readonly run: string | null
  /** Its run or its pipeline read one. */
  readonly hasDataset: boolean
  readonly alias: string | undefined
  readonly files: Pick<ModelDescription, 'flavors' | 'signature' | 'onnx' | 'pickles'>
}

/** Throws REGISTRY.AGAINST_STRATEGY with everything that a version lacks; returns the alias that it gets where none was said. */
export async function checkVersion(db: Reader, project: string, version: ProposedVersion): Promise<string | undefined> {
  const strategy = await readStrategy(db, project)
  const problems = await versionProblems(db, project, strategy, version)
  if (problems.length > 0)
    throw registryErrors.AGAINST_STRATEGY(`A version of "${version.model}" like this`, problems.join(' '))
  return version.alias ?? (strategy.labelNew ? 'challenger' : undefined)
}

/** Everything that a strategy has against a version, one sentence each. */
export async function versionProblems(
  db: Reader,
  project: string,
  strategy: ModelStrategy,
  version: ProposedVersion,
): Promise<string[]> {
  if (strategy === open) return []
  const { model, files } = version
  const own = await db
    .selectFrom('model_tag')
    .select(['key', 'value'])
    .where('project_id', '=', project)
    .where('model', '=', model)
    .execute()
  const tags = new Map([...own, ...version.tags].map(({ key, value }) => [key, value]))
  const said = (...keys: string[]): boolean => keys.some((key) => (tags.get(key) ?? '').trim() !== '')
  const problems = nameProblems(strategy, model)
  for (const { key, values } of strategy.tags) {
    const value = tags.get(key)
    if (value === undefined || value === '') problems.push(`Tag "${key}" is missing.`)
    else if (values && !values.includes(value)) problems.push(`Tag "${key}" is "${value}", not ${values.join(' or ')}.`)
  }
  for (const wanted of strategy.require) {
    if (wanted === 'description' && version.description.trim() === '' && !(await isDescribed(db, project, model)))
      problems.push('A description is missing.')
    if (wanted === 'run' && version.run === null) problems.push('The run that made it is missing.')
    if (wanted === 'signature' && files.signature === null) problems.push('Its signature is missing.')
    if (wanted === 'dataset' && !version.hasDataset)
      problems.push('No dataset is on record that it was trained on: log it with mlflow.log_input.')
    if (wanted === 'licence' && !said('licence', 'license')) problems.push('Its licence is missing: tag "licence".')
    if (wanted === 'owner' && !said('owner')) problems.push('Its owner is missing: tag "owner".')
  }
  problems.push(...formatProblems(strategy, files))
  if (version.alias !== undefined) problems.push(...aliasProblems(strategy, version.alias))
  return problems
}

function formatProblems(
  { formats, forbidPickle }: ModelStrategy,
  { flavors, onnx, pickles }: ProposedVersion['files'],
): string[] {
  const problems: string[] = []
  if (formats) {
    const named = [...new Set([...flavors, ...(onnx === null ? [] : ['onnx'])])]
    const counted = named.length > 1 ? named.filter((one) => one !== 'python_function') : named
    const others = counted.filter((one) => !formats.includes(one))
    if (counted.length === 0) problems.push(`Its format is not known, and ${formats.join(' or ')} is asked for.`)
    else if (others.length > 0) problems.push(`Its format is ${others.join(', ')}, not ${formats.join(' or ')}.`)
  }
  if (forbidPickle && pickles.length > 0)
    problems.push(
      `It holds Python pickles, which run code when they are loaded: ${pickles.map(({ path, why }) => `${path} (${why})`).join(', ')}.`,
    )
  return problems
}

async function isDescribed(db: Reader, project: string, name: string): Promise<boolean> {
  const model = await db
    .selectFrom('model')
    .select('description')
    .where('project_id', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
  return (model?.description ?? '').trim() !== ''
}

/** Throws where the alias is protected and the caller is not among those who may set or remove it: REGISTRY.ALIAS_PROTECTED. */
export async function checkProtected(db: Reader, scope: Scope, alias: string): Promise<void> {
  const found = protectionOf(await readStrategy(db, scope.project), alias)
  if (!found || scope.principal.kind === 'system' || holds(scope.principal, scope.project, found.permission)) return
  throw registryErrors.ALIAS_PROTECTED(alias, found.permission)
}

const protectionOf = (strategy: ModelStrategy, alias: string): ProtectedAlias | undefined =>
  strategy.protected?.find((one) => one.alias === alias)

/** Throws when an alias may not be used, or not by this caller, or a version may not have it: REGISTRY.AGAINST_STRATEGY, ALIAS_PROTECTED, NOT_PROMOTABLE. */
export async function checkPromotion(
  trx: Trx,
  scope: Scope,
  name: string,
  version: number,
  alias: string,
  reason: string,
): Promise<void> {
  const db = asReader(trx)
  const { project } = scope
  const strategy = await readStrategy(db, project)
  const problems = aliasProblems(strategy, alias)
  if (problems.length > 0) throw registryErrors.AGAINST_STRATEGY(`The alias "${alias}"`, problems.join(' '))
  await checkProtected(db, scope, alias)
  const protection = protectionOf(strategy, alias)
  if (protection?.reason && reason.trim() === '')
    throw registryErrors.AGAINST_STRATEGY(`To set the alias "${alias}"`, 'A reason is missing: say why.')
  if (protection?.approval && approvalOf(await requireVersion(db, project, name, version), 'required') !== 'approved')
    throw registryErrors.NOT_APPROVED(name, version, alias)
  if (alias !== 'champion') return
  const model = await requireModel(db, project, name)
  if ((await withoutCriteria(db, project, [model])).has(name))
    throw registryErrors.NOT_PROMOTABLE(name, version, noCriteria(name))
  const row = await requireVersion(db, project, name, version)
  if (strategy.replacement.includes('gate') && row.gate !== 'passed')
    throw registryErrors.NOT_PROMOTABLE(name, version, 'The strategy asks for a gate that has passed.')
  if (strategy.replacement.includes('approval') && approvalOf(row, 'required') !== 'approved')
    throw registryErrors.NOT_PROMOTABLE(name, version, 'The strategy asks for the approval of a person.')
}

function aliasProblems({ aliases }: ModelStrategy, alias: string): string[] {
  return aliases === null || [...usualAliases, ...aliases].includes(alias)
    ? []
    : [`Alias "${alias}" is not one of ${[...usualAliases, ...aliases].join(', ')}.`]
}

/** Whether a text is like a pattern in which `*` stands for any text. Takes time in proportion to both lengths. */
export function matches(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return text === pattern
  const tail = rest.pop() ?? ''
  if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail)) return false
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1 || found + part.length > text.length - tail.length) return false
    at = found + part.length
  }
  return true
}
