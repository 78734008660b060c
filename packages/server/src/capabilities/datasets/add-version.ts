import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DatasetCheck, DatasetCheckResult, EventRef } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { blobErrors } from '../../kernel/blobs/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { TableColumn } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { appendFiles, columnsAt, createTable, filesAt } from '../../kernel/tables/catalog.ts'
import { profileRelation } from '../../kernel/tables/profile-relation.ts'
import type { Profile } from '../../kernel/tables/profile.ts'
import { type Declaration, readDeclaration, type VersionStatistics } from './declaration.ts'
import { personalMask } from '../access/index.ts'
import { datasetErrors } from './errors.ts'
import { maskChecks, maskProfile, maskStatistics } from './mask-statistics.ts'
import { copyRedactions, noteRedactions } from './redactions.ts'
import { runChecks } from './run-checks.ts'
import { readSealedColumns, sealVersion } from './seal-version.ts'
import { sliceStatistics } from './slice-statistics.ts'
import type { DatasetVersionTable } from './tables.ts'

export type AddVersionDeps = Pick<
  Kernel,
  'db' | 'clock' | 'events' | 'watermark' | 'blobs' | 'tables' | 'paths' | 'subjects'
>

export interface AddVersionInput {
  name: string
  content: Readable | { path: string }
  format: 'parquet' | 'csv'
  mode: 'append' | 'replace'
  eventTime?: string
  note?: string
  /** SHA-256 that the sender announces for the body. */
  digest?: string
  /** What the rows were made from, for the graph. */
  refs?: readonly EventRef[]
}

export interface AddedVersion {
  row: DatasetVersionTable
  unchanged: boolean
  checks: DatasetCheckResult[]
}

/**
 * Adds an immutable version. The file is read in a process that it may crash, profiled in one pass and judged by the declared checks before anything is
 * recorded; a refused file leaves the event `dataset.version-rejected` and nothing else. The same content as the newest version is that version.
 */
export async function addVersion(deps: AddVersionDeps, scope: Scope, input: AddVersionInput): Promise<AddedVersion> {
  const { blobs, tables, paths } = deps
  const directory = join(paths.tmp, `upload-${randomUUID()}`)
  await mkdir(directory, { recursive: true })
  try {
    const received = await receive(directory, input)
    const { columns } = await tables.describe({
      path: received,
      format: input.format,
      name: `the file for dataset "${input.name}"`,
    })
    const parquet = input.format === 'parquet' ? received : join(directory, 'rows.parquet')
    if (input.format === 'csv')
      await tables.write({
        sql: 'select * from data',
        relations: { data: { format: 'csv', files: [received], columns } },
        trusted: true,
        output: { path: parquet, format: 'parquet' },
      })
    const relation = { format: 'parquet' as const, files: [parquet] }
    const plain = columns.map(({ name, type }) => ({ name, type }))
    const profile = await profileRelation(tables, { relation, columns: plain })
    const eventTimeColumn = await eventTimeOf(deps, scope, input, plain)
    const { checks, declaration, at } = await declared(deps, scope, input.name)
    // What is written down, said in events and refused with an error is read by everybody.
    const results = maskChecks(
      await personalMask(deps.db.read, scope.project),
      await runChecks({ tables }, { checks, profile, columns: plain, relation, eventTime: at }),
    )
    const blocking = results.filter((result) => !result.passed && result.check.severity === 'block')
    if (blocking.length > 0) {
      await recordRejection(deps, scope, input.name, blocking)
      throw new AppError(
        'DATASETS.CHECKS_FAILED',
        422,
        datasetErrors.CHECKS_FAILED(input.name, blocking.map((result) => result.message).join(' ')).message,
        { errors: blocking.map((result) => ({ path: result.check.kind, message: result.message })) },
      )
    }
    const statistics = await sliceStatistics(tables, relation, profile, declaration)
    const sealed = await sealVersion(deps, scope.project, {
      dataset: input.name,
      columns: plain.filter(({ name }) => name !== eventTimeColumn),
      relation,
      path: join(directory, 'sealed.parquet'),
    })
    const announced = input.format === 'parquet' ? input.digest : undefined
    if (sealed && announced !== undefined) await requireDigest(parquet, announced)
    const { digest, size } = await blobs.put(
      scope.project,
      createReadStream(sealed ? sealed.path : parquet),
      !sealed && announced !== undefined ? { expected: announced } : {},
    )
    const kept = sealed ? sealed.mask : undefined
    const added = await deps.db.write.transaction().execute((trx) =>
      record(deps, trx, scope, {
        ...input,
        columns: sealed ? plain.map((column) => sealedAs(sealed.columns, column)) : plain,
        profile: kept ? maskProfile(kept, profile) : profile,
        statistics: kept ? maskStatistics(kept, statistics) : statistics,
        results,
        eventTimeColumn,
        sealed: sealed?.columns ?? [],
        erased: sealed?.erased ?? new Map(),
        file: { digest, size },
      }),
    )
    return { ...added, checks: results }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function receive(directory: string, input: AddVersionInput): Promise<string> {
  if ('path' in input.content) return input.content.path
  const path = join(directory, `upload.${input.format}`)
  try {
    await pipeline(input.content, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
      throw new AppError('BLOB.NO_SPACE', 507, 'The disk is full. Nothing was stored; free space and try again.')
    throw error
  }
  if ((await stat(path)).size === 0) throw datasetErrors.EMPTY(input.name)
  return path
}

async function eventTimeOf(
  { db }: AddVersionDeps,
  scope: Scope,
  input: AddVersionInput,
  columns: readonly TableColumn[],
): Promise<string | null> {
  const before =
    input.mode === 'append'
      ? await db.read
          .selectFrom('dataset_version')
          .select('event_time_column')
          .where('project_id', '=', scope.project)
          .where('dataset', '=', input.name)
          .orderBy('version', 'desc')
          .limit(1)
          .executeTakeFirst()
      : undefined
  const name = input.eventTime ?? before?.event_time_column ?? null
  if (name === null) return null
  const column = columns.find((c) => c.name === name)
  if (!column) throw datasetErrors.COLUMN_NOT_FOUND(name, columns.map((c) => c.name).join(', '))
  if (column.type !== 'timestamp' && column.type !== 'date') throw datasetErrors.NOT_A_TIMESTAMP(name, column.type)
  return name
}

async function declared(
  { db, watermark }: AddVersionDeps,
  scope: Scope,
  name: string,
): Promise<{ checks: DatasetCheck[]; declaration: Declaration; at: number }> {
  const row = await db.read
    .selectFrom('dataset')
    .select(['checks', 'declaration'])
    .where('project_id', '=', scope.project)
    .where('name', '=', name)
    .executeTakeFirst()
  return {
    checks: row ? (JSON.parse(row.checks) as DatasetCheck[]) : [],
    declaration: row ? readDeclaration(row.declaration) : {},
    at: (await watermark.read(db.read, scope.project)).at,
  }
}

async function recordRejection(
  { db, clock, events }: AddVersionDeps,
  scope: Scope,
  name: string,
  failures: readonly DatasetCheckResult[],
): Promise<void> {
  await db.write.transaction().execute(async (trx) => {
    const reason = failures.map((result) => result.message).join(' ')
    await trx
      .updateTable('dataset')
      .set({ rejected_at: clock(), rejected_reason: reason })
      .where('project_id', '=', scope.project)
      .where('name', '=', name)
      .execute()
    await events.append(trx, {
      project: scope.project,
      name: 'dataset.version-rejected',
      schema: 1,
      by: scope.principal.id,
      subject: urn(scope.project, 'dataset', name),
      refs: [],
      data: { reason, fact: 'refused data' },
    })
  })
}

interface Recorded extends AddVersionInput {
  columns: TableColumn[]
  profile: Profile
  statistics: VersionStatistics
  results: DatasetCheckResult[]
  eventTimeColumn: string | null
  /** Columns that are sealed, with the types that they had, and rows of people who were erased. */
  sealed: readonly TableColumn[]
  erased: ReadonlyMap<string, number>
  file: { digest: string; size: number }
}

async function record(
  { clock, events }: AddVersionDeps,
  trx: Trx,
  scope: Scope,
  input: Recorded,
): Promise<{ row: DatasetVersionTable; unchanged: boolean }> {
  const { project } = scope
  const at = clock()
  await trx
    .insertInto('dataset')
    .values({
      project_id: project,
      name: input.name,
      description: '',
      checks: '[]',
      latest_version: 0,
      rejected_at: null,
      rejected_reason: null,
      created_at: at,
      declaration: '{}',
    })
    .onConflict((c) => c.columns(['project_id', 'name']).doNothing())
    .execute()
  // The guarded update at the end makes concurrent additions of one dataset take turns or fail.
  const { latest_version: latest } = await trx
    .selectFrom('dataset')
    .select('latest_version')
    .where('project_id', '=', project)
    .where('name', '=', input.name)
    .executeTakeFirstOrThrow()
  const before =
    latest === 0
      ? undefined
      : await trx
          .selectFrom('dataset_version')
          .selectAll()
          .where('project_id', '=', project)
          .where('dataset', '=', input.name)
          .where('version', '=', latest)
          .executeTakeFirst()
  const version = latest + 1
  const append = input.mode === 'append' && before !== undefined
  const table = append ? before.table_id : `dataset/${input.name}/${version}`
  const earlier = append ? await filesAt(asReader(trx), project, table) : []
  if (append) {
    if (earlier.some((file) => file.digest === input.file.digest)) return { row: before, unchanged: true }
    requireSameColumns(input.name, await columnsAt(asReader(trx), project, table), input.columns)
    requireSameColumns(input.name, typesBefore(readSealedColumns(before), input.sealed), input.sealed)
  } else await createTable(trx, { project, id: table, columns: input.columns, at })
  const digest = createHash('sha256')
    .update(JSON.stringify([input.columns, ...earlier.map((file) => file.digest), input.file.digest]))
    .digest('hex')
  if (before?.digest === digest) return { row: before, unchanged: true }
  const times = input.profile.columns.find((column) => column.name === input.eventTimeColumn)
  const [minTime, maxTime] = [times?.min ?? null, times?.max ?? null]
  const snapshot = await appendFiles(trx, {
    project,
    table,
    at,
    note: input.note ?? '',
    files: [
      {
        digest: input.file.digest,
        rows: input.profile.rows,
        bytes: input.file.size,
        ...(minTime === null ? {} : { minTime }),
        ...(maxTime === null ? {} : { maxTime }),
      },
    ],
  })
  const row: DatasetVersionTable = {
    project_id: project,
    dataset: input.name,
    version,
    table_id: table,
    snapshot,
    digest,
    mode: append ? 'append' : 'replace',
    rows: input.profile.rows + (append ? before.rows : 0),
    added_rows: input.profile.rows,
    bytes: input.file.size + (append ? before.bytes : 0),
    files: earlier.length + 1,
    columns: JSON.stringify(input.columns),
    event_time_column: input.eventTimeColumn,
    min_time: least(minTime, append ? before.min_time : null),
    max_time: greatest(maxTime, append ? before.max_time : null),
    state: input.results.every((r) => r.passed) ? 'valid' : 'warned',
    note: input.note ?? '',
    profile: JSON.stringify(input.profile),
    check_results: JSON.stringify(input.results),
    slices: JSON.stringify(input.statistics),
    sealed: storedSealed(input.sealed, append ? before : undefined),
    created_at: at,
    created_by: scope.principal.id,
  }
  await trx.insertInto('dataset_version').values(row).execute()
  if (append) await copyRedactions(trx, { project, dataset: input.name, from: latest, to: version })
  await noteRedactions(trx, { project, dataset: input.name, version }, input.erased)
  const { numUpdatedRows } = await trx
    .updateTable('dataset')
    .set({ latest_version: version })
    .where('project_id', '=', project)
    .where('name', '=', input.name)
    .where('latest_version', '=', latest)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw datasetErrors.CHANGED_MEANWHILE(input.name)
  await events.append(trx, {
    project,
    name: 'dataset.version-added',
    schema: 1,
    by: scope.principal.id,
    subject: urn(project, 'dataset', input.name, version),
    refs: [
      ...(append
        ? [{ rel: 'input' as const, urn: urn(project, 'dataset', input.name, latest), as: 'appended to' }]
        : []),
      ...(input.refs ?? []),
    ],
    data: {
      name: input.name,
      version,
      digest,
      rows: row.rows,
      addedRows: row.added_rows,
      state: row.state,
      fact: `${row.rows.toLocaleString('en-GB')} rows`,
    },
    ...(maxTime === null ? {} : { eventTime: maxTime }),
  })
  return { row, unchanged: false }
}

/** A sealed value is a text, whatever it was. */
const sealedAs = (sealed: readonly TableColumn[], column: TableColumn): TableColumn =>
  sealed.some(({ name }) => name === column.name) ? { name: column.name, type: 'string' } : column

/** What sealed columns were in the rows before; what was not sealed there has been compared by what it is. */
const typesBefore = (before: readonly TableColumn[], now: readonly TableColumn[]): TableColumn[] =>
  now.map((column) => before.find(({ name }) => name === column.name) ?? column)

/** With the columns that earlier rows of the same table have sealed. */
function storedSealed(sealed: readonly TableColumn[], before: DatasetVersionTable | undefined): string | null {
  const all = new Map([...sealed, ...readSealedColumns(before)].map((column) => [column.name, column]))
  return all.size === 0 ? null : JSON.stringify([...all.values()])
}

/** What is stored is not what was sent, so that the announced digest is compared here. */
async function requireDigest(path: string, announced: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  const digest = hash.digest('hex')
  if (digest !== announced) throw blobErrors.DIGEST_MISMATCH(announced, digest)
}

function requireSameColumns(name: string, before: readonly TableColumn[], now: readonly TableColumn[]): void {
  const changes = [
    ...before.flatMap((column) => {
      const found = now.find((c) => c.name === column.name)
      if (!found) return [`${column.name} is missing`]
      return found.type === column.type ? [] : [`${column.name} is ${found.type}, not ${column.type}`]
    }),
    ...now.filter((column) => !before.some((c) => c.name === column.name)).map((column) => `${column.name} is new`),
  ]
  if (changes.length > 0) throw datasetErrors.COLUMNS_CHANGED(name, changes.join('; '))
}

const least = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.min(a, b))
const greatest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b)
