import type { ModelStrategy } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
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
      schema: 1,
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
  const { names } = await readStrategy(db, project)
  if (names.length > 0 && !names.some((pattern) => matches(pattern, name)))
    throw registryErrors.AGAINST_STRATEGY(
      `The name "${name}"`,
      `Names are ${names.map((one) => `"${one}"`).join(' or ')}.`,
    )
}

/** Throws REGISTRY.AGAINST_STRATEGY with everything that a version lacks; returns the alias that it gets where none was said. */
export async function checkVersion(
  db: Reader,
  project: string,
  version: {
    model: string
    tags: readonly { key: string; value: string }[]
    description: string
    run: string | null
    hasSignature: boolean
    alias: string | undefined
  },
): Promise<string | undefined> {
  const strategy = await readStrategy(db, project)
  if (strategy === open) return version.alias
  await checkName(db, project, version.model)
  const own = await db
    .selectFrom('model_tag')
    .select(['key', 'value'])
    .where('project_id', '=', project)
    .where('model', '=', version.model)
    .execute()
  const tags = new Map([...own, ...version.tags].map(({ key, value }) => [key, value]))
  const problems: string[] = []
  for (const { key, values } of strategy.tags) {
    const value = tags.get(key)
    if (value === undefined || value === '') problems.push(`Tag "${key}" is missing.`)
    else if (values && !values.includes(value)) problems.push(`Tag "${key}" is "${value}", not ${values.join(' or ')}.`)
  }
  if (strategy.require.includes('description') && version.description.trim() === '') {
    const model = await db
      .selectFrom('model')
      .select('description')
      .where('project_id', '=', project)
      .where('name', '=', version.model)
      .executeTakeFirst()
    if (!model?.description.trim()) problems.push('A description is missing.')
  }
  if (strategy.require.includes('run') && version.run === null) problems.push('The run that made it is missing.')
  if (strategy.require.includes('signature') && !version.hasSignature) problems.push('Its signature is missing.')
  if (version.alias !== undefined) problems.push(...aliasProblems(strategy, version.alias))
  if (problems.length > 0)
    throw registryErrors.AGAINST_STRATEGY(`A version of "${version.model}" like this`, problems.join(' '))
  return version.alias ?? (strategy.labelNew ? 'challenger' : undefined)
}

/** Throws when an alias may not be used, or a version may not become champion: REGISTRY.AGAINST_STRATEGY, NOT_PROMOTABLE. */
export async function checkPromotion(
  trx: Trx,
  project: string,
  name: string,
  version: number,
  alias: string,
): Promise<void> {
  const db = asReader(trx)
  const strategy = await readStrategy(db, project)
  const problems = aliasProblems(strategy, alias)
  if (problems.length > 0) throw registryErrors.AGAINST_STRATEGY(`The alias "${alias}"`, problems.join(' '))
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
