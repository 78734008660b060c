import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import {
  behind,
  type Comparison,
  compileNumber,
  compileText,
  type Expression,
  type FilterTarget,
  type OrderKey,
  type Place,
  placeColumns,
  type PlaceKey,
  placeOrder,
  placeTokenOf,
  trackingErrors,
} from '../tracking/index.ts'
import type { ModelTable, ModelVersionTable } from './tables.ts'
import './tables.ts'

export const modelTarget: FilterTarget = {
  entities: ['tag', 'attribute'],
  strings: { name: [] },
  numbers: { creation_timestamp: [], last_updated_timestamp: ['timestamp'] },
}

export const versionTarget: FilterTarget = {
  entities: ['tag', 'attribute'],
  strings: { name: [], run_id: [], source_path: ['source'] },
  numbers: { version_number: ['version'], creation_timestamp: [], last_updated_timestamp: [] },
}

interface Subject {
  readonly alias: string
  readonly columns: Readonly<Record<string, RawBuilder<unknown>>>
  /** What names a row of it, here and in its table of tags, which is asked once for a search and not once for a row. */
  readonly key: RawBuilder<unknown>
  readonly tagged: RawBuilder<unknown>
}

const models: Subject = {
  alias: 'm',
  columns: { name: sql`m.name`, creation_timestamp: sql`m.created_at`, last_updated_timestamp: sql`m.updated_at` },
  key: sql`m.name`,
  tagged: sql`select k.model from model_tag k`,
}
const versions: Subject = {
  alias: 'v',
  columns: {
    name: sql`v.model`,
    run_id: sql`v.run_id`,
    source_path: sql`v.source`,
    version_number: sql`v.version`,
    creation_timestamp: sql`v.created_at`,
    last_updated_timestamp: sql`v.updated_at`,
  },
  key: sql`(v.model, v.version)`,
  tagged: sql`select k.model, k.version from model_version_tag k`,
}

/** The same where the filter finds few of them: sorted after they were found. By the index of the order a database would go through all versions of the project. */
const fewVersions: Subject = {
  ...versions,
  columns: {
    ...versions.columns,
    creation_timestamp: sql`(v.created_at + 0)`,
    last_updated_timestamp: sql`(v.updated_at + 0)`,
  },
}
const narrow = ['name', 'run_id']
const findsFew = (e: Expression): boolean =>
  e.op === 'compare'
    ? e.entity === 'attribute' && narrow.includes(e.key) && e.comparator === '='
    : e.op === 'and' && e.parts.some(findsFew)

/** MLflow keeps prompts as registered models with this tag; searches that do not name it do not find them. */
const promptTag = 'mlflow.prompt.is_prompt'

export interface RegistryQuery {
  readonly project: string
  readonly filter: Expression | undefined
  readonly order: readonly OrderKey[]
  readonly limit: number
  /** Where the page goes on: the keys of the last row that was shown. */
  readonly place?: Place
  /** Only what comes after this name; for lists in the order of names. */
  readonly after?: string
  /** Only versions below this one; for the list of one model. */
  readonly below?: number
  /** Only what comes after this version; for lists in the order of registration, newest first. */
  readonly afterVersion?: VersionPlace
}

/** Where a list of versions in the order of registration goes on. */
export interface VersionPlace {
  readonly createdAt: number
  readonly model: string
  readonly version: number
}

/** One page of registered models that a filter finds, by name unless an order says otherwise. */
export async function searchModels(
  db: Reader,
  dialect: Dialect,
  query: RegistryQuery,
): Promise<{ rows: ModelTable[]; more: boolean; next: (fingerprint: unknown) => string | undefined }> {
  const keys = [...orderOf(dialect, models, query.order), ascending(binary(dialect, sql`m.name`))]
  const found =
    await sql<ModelTable>`select m.*, ${placeColumns(keys)} from model m where m.project_id = ${query.project} and ${conditionOf(dialect, models, query)} ${query.after === undefined ? sql`` : dialect === 'postgres' ? sql`and m.name collate "C" > ${query.after}` : sql`and m.name > ${query.after}`} and ${restOf(keys, query)} order by ${placeOrder(keys)} limit ${query.limit + 1}`.execute(
      db as never,
    )
  return pageOf(found.rows, query.limit, keys)
}

const binary = (dialect: Dialect, text: RawBuilder<unknown>): RawBuilder<unknown> =>
  dialect === 'postgres' ? sql`(${text} collate "C")` : text
const ascending = (expression: RawBuilder<unknown>): PlaceKey => ({ expression, descending: false })
const descending = (expression: RawBuilder<unknown>): PlaceKey => ({ expression, descending: true })

function restOf(keys: readonly PlaceKey[], { place }: RegistryQuery): RawBuilder<unknown> {
  if (!place) return sql`1 = 1`
  if (place.length !== keys.length) throw trackingErrors.BAD_PAGE_TOKEN()
  return behind(keys, place)
}

/** The rows of a page, whether there are more, and what names the rest of them. */
function pageOf<Row extends object>(found: readonly Row[], limit: number, keys: readonly PlaceKey[]) {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  const more = found.length > limit
  return {
    rows,
    more,
    next: (query: unknown) => (more && last ? placeTokenOf(last, keys.length, query) : undefined),
  }
}

/** One page of versions that a filter finds, last changed first unless an order says otherwise. */
export async function searchVersions(
  db: Reader,
  dialect: Dialect,
  query: RegistryQuery,
): Promise<{ rows: ModelVersionTable[]; more: boolean; next: (fingerprint: unknown) => string | undefined }> {
  const few = query.filter !== undefined && findsFew(query.filter)
  const keys = [
    ...orderOf(dialect, few ? fewVersions : versions, query.order),
    ...(query.order.length === 0 ? [descending(few ? sql`(v.updated_at + 0)` : sql`v.updated_at`)] : []),
    ascending(binary(dialect, sql`v.model`)),
    descending(sql`v.version`),
  ]
  const found =
    await sql<ModelVersionTable>`select v.*, ${placeColumns(keys)} from model_version v where v.project_id = ${query.project} and v.deleted_at is null and ${conditionOf(dialect, versions, query)} ${placeOf(dialect, query)} and ${restOf(keys, query)} order by ${placeOrder(keys)} limit ${query.limit + 1}`.execute(
      db as never,
    )
  return pageOf(found.rows, query.limit, keys)
}

/** The newest version of each stage that is whole, of several models at once, prompts left out; stages in their order. */
export async function newestByStage(
  db: Reader,
  project: string,
  names: readonly string[],
): Promise<ModelVersionTable[]> {
  if (names.length === 0) return []
  const newest = db
    .selectFrom('model_version as n')
    .select(['n.project_id', 'n.model', 'n.stage', (e) => e.fn.max('n.version').as('version')])
    .where('n.project_id', '=', project)
    .where('n.model', 'in', [...names])
    .where('n.state', '=', 'ready')
    .where('n.deleted_at', 'is', null)
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('model_version_tag as k')
            .select('k.key')
            .whereRef('k.project_id', '=', 'n.project_id')
            .whereRef('k.model', '=', 'n.model')
            .whereRef('k.version', '=', 'n.version')
            .where('k.key', '=', promptTag)
            .where('k.value', '=', 'true'),
        ),
      ),
    )
    .groupBy(['n.project_id', 'n.model', 'n.stage'])
  const rows = await db
    .selectFrom(newest.as('c'))
    .innerJoin('model_version as v', (join) =>
      join
        .onRef('v.project_id', '=', 'c.project_id')
        .onRef('v.model', '=', 'c.model')
        .onRef('v.version', '=', 'c.version'),
    )
    .selectAll('v')
    .execute()
  return rows.toSorted((a, b) => (a.stage < b.stage ? -1 : 1))
}

/** Where a page of versions begins, so that no page counts those before it. */
function placeOf(dialect: Dialect, { below, afterVersion }: RegistryQuery): RawBuilder<unknown> {
  if (below !== undefined) return sql`and v.version < ${below}`
  if (!afterVersion) return sql``
  const { createdAt, model, version } = afterVersion
  const name = dialect === 'postgres' ? sql`v.model collate "C"` : sql`v.model`
  return sql`and v.created_at <= ${createdAt} and (v.created_at < ${createdAt} or ${name} > ${model} or (v.model = ${model} and v.version < ${version}))`
}

function orderOf(dialect: Dialect, subject: Subject, order: readonly OrderKey[]): PlaceKey[] {
  return order.map(({ key, descending }) => {
    const column = subject.columns[key] ?? sql.ref(`${subject.alias}.created_at`)
    const isText = key === 'name' || key === 'run_id' || key === 'source_path'
    // A version without a run comes first, on every database.
    const filled = key === 'run_id' ? sql`coalesce(${column}, '')` : column
    return { expression: isText ? binary(dialect, filled) : filled, descending }
  })
}

function conditionOf(
  dialect: Dialect,
  subject: Subject,
  { project, filter }: Pick<RegistryQuery, 'project' | 'filter'>,
): RawBuilder<unknown> {
  const prompts =
    filter && names(filter, promptTag)
      ? sql`1 = 1`
      : sql`not ${withTag(subject, project, promptTag, sql`k.value = 'true'`)}`
  return filter ? sql`${prompts} and (${compile(dialect, subject, project, filter)})` : prompts
}

/** Whether a row has a tag that passes a test. */
const withTag = (subject: Subject, project: string, key: string, test: RawBuilder<unknown>): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${subject.key} in (${subject.tagged} where k.project_id = ${project} and k.key = ${key} and ${test}))`

function names(e: Expression, key: string): boolean {
  if (e.op === 'compare') return e.entity === 'tag' && e.key === key
  return e.op === 'not' ? names(e.part, key) : e.parts.some((part) => names(part, key))
}

function compile(dialect: Dialect, subject: Subject, project: string, e: Expression): RawBuilder<SqlBool> {
  if (e.op === 'not') return sql<SqlBool>`not (${compile(dialect, subject, project, e.part)})`
  if (e.op === 'compare') return compileOne(dialect, subject, project, e)
  return sql<SqlBool>`${sql.join(
    e.parts.map((part) => sql`(${compile(dialect, subject, project, part)})`),
    sql.raw(e.op === 'and' ? ' and ' : ' or '),
  )}`
}

function compileOne(
  dialect: Dialect,
  subject: Subject,
  project: string,
  { entity, key, comparator, value }: Comparison,
): RawBuilder<SqlBool> {
  if (entity === 'tag') {
    const has = (test: RawBuilder<unknown>) => withTag(subject, project, key, test)
    if (value === null) return comparator === 'IS NULL' ? sql<SqlBool>`not ${has(sql`1 = 1`)}` : has(sql`1 = 1`)
    // Models that are no prompts lack the tag, and count as "not a prompt".
    if (key === promptTag && ((comparator === '!=' && value === 'true') || (comparator === '=' && value === 'false')))
      return sql<SqlBool>`not ${has(sql`k.value = 'true'`)}`
    return has(compileText(dialect, sql`k.value`, comparator, value as string))
  }
  const column = subject.columns[key] as RawBuilder<unknown>
  if (value === null) return sql<SqlBool>`${column} ${sql.raw(comparator.toLowerCase())}`
  return typeof value === 'number'
    ? compileNumber(column, comparator, value)
    : compileText(dialect, column, comparator, value)
}
