import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type {
  ClassBalance,
  ColumnAttention,
  Dataset,
  DatasetCheck,
  DatasetCheckResult,
  DatasetSlices,
  DatasetVersion,
} from '@trivium/contract'
import { asReader, type Reader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Relation, SubjectData, TableColumn } from '../../kernel/ports/index.ts'
import { readSealed } from '../../kernel/subjects/index.ts'
import { permits, requirePermission, type Scope } from '../../kernel/principal/index.ts'
import { declarePersonal, type Mask, maskOf, personalColumnsOf, personalMask } from '../access/index.ts'
import { type FileRange, filesAt, relationAt } from '../../kernel/tables/catalog.ts'
import type { Profile } from '../../kernel/tables/profile.ts'
import { type AddVersionDeps, type AddVersionInput, addVersion } from './add-version.ts'
import { columnAttention } from './column-attention.ts'
import { type Declaration, readDeclaration, requireDeclared, type VersionStatistics } from './declaration.ts'
import { datasetErrors } from './errors.ts'
import { conditionProblem } from './run-checks.ts'
import { maskAttention, maskBalance, maskChecks, maskedColumns, maskProfile, maskSlices } from './mask-statistics.ts'
import { redactionsOf } from './redactions.ts'
import { asTheyAre, type OpenedRows, openRows, readSealedColumns } from './seal-version.ts'
import { datasetSubjects } from './subject-data.ts'
import type { DatasetVersionTable } from './tables.ts'

export interface Datasets {
  /** Adds a version from a stream or a local file; see `addVersion`. */
  add(
    scope: Scope,
    input: AddVersionInput,
  ): Promise<{ version: DatasetVersion; unchanged: boolean; checks: DatasetCheckResult[] }>
  declare(
    scope: Scope,
    name: string,
    declaration: { description?: string; checks?: DatasetCheck[]; personal?: string[] } & Declaration,
  ): Promise<Dataset>
  list(
    scope: Scope,
    page: { limit: number; after?: string },
  ): Promise<{ datasets: Dataset[]; nextPageToken: string | null }>
  get(scope: Scope, name: string): Promise<Dataset>
  versions(
    scope: Scope,
    name: string,
    page: { limit: number; before?: number },
  ): Promise<{ versions: DatasetVersion[]; nextPageToken: string | null }>
  version(
    scope: Scope,
    name: string,
    version: number,
  ): Promise<{ version: DatasetVersion; profile: Profile; checks: DatasetCheckResult[] }>
  /** `version` with what its statistics say, against another version (the one before, unless given). */
  statistics(
    scope: Scope,
    name: string,
    version: number,
    compareWith?: number,
  ): Promise<{
    version: DatasetVersion
    profile: Profile
    checks: DatasetCheckResult[]
    balance: ClassBalance | null
    slices: DatasetSlices[]
    attention: ColumnAttention[]
    comparedWith: number | null
  }>
  /** Reads `NAME`, `NAME@latest` or `NAME@3`. */
  resolve(scope: Scope, reference: string): Promise<DatasetVersion>
  /** The rows of a version for the table engine; `range` prunes files by event time (the query still has to filter). */
  relation(scope: Scope, name: string, version: number, range?: Pick<FileRange, 'from' | 'to'>): Promise<Relation>
  /**
   * The rows of a version for what computes with them: sealed values are opened where the scope may read what is personal, else they stay sealed. Release it: it
   * may be a file with plain values. `added`: only the rows that the version brought. `always`: for what shows nobody a value, such as checks.
   */
  opened(
    scope: Scope,
    name: string,
    version: number,
    options?: { added?: boolean; always?: boolean },
  ): Promise<OpenedRows>
  /** What datasets hold about a person. */
  readonly subjects: SubjectData
  /** Only the rows that a version brought. */
  addedRows(scope: Scope, name: string, version: number): Promise<Relation>
  /** Which columns are personal in the project, whoever asks. */
  personal(scope: Scope): Promise<Mask>
  preview(
    scope: Scope,
    name: string,
    version: number,
    limit: number,
  ): Promise<{ columns: TableColumn[]; rows: unknown[][] }>
  /** One Parquet file with all rows of a version, as a stream that removes its temporary file at the end. */
  download(scope: Scope, name: string, version: number): Promise<Readable>
}

export function createDatasets(deps: AddVersionDeps): Datasets {
  const { db, clock, blobs, tables, paths } = deps

  const requireVersion = async (scope: Scope, name: string, version: number): Promise<DatasetVersionTable> => {
    const row = await db.read
      .selectFrom('dataset_version')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('dataset', '=', name)
      .where('version', '=', version)
      .executeTakeFirst()
    if (row) return row
    await requireDataset(scope, name)
    throw datasetErrors.VERSION_NOT_FOUND(name, version)
  }
  const requireDataset = async (scope: Scope, name: string) => {
    const row = await db.read
      .selectFrom('dataset')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('name', '=', name)
      .executeTakeFirst()
    if (!row) throw datasetErrors.NOT_FOUND(name)
    return row
  }
  const presentDatasets = async (
    scope: Scope,
    rows: Awaited<ReturnType<typeof requireDataset>>[],
  ): Promise<Dataset[]> => {
    const latest =
      rows.length === 0
        ? []
        : await db.read
            .selectFrom('dataset_version')
            .innerJoin('dataset', (j) =>
              j
                .onRef('dataset.project_id', '=', 'dataset_version.project_id')
                .onRef('dataset.name', '=', 'dataset_version.dataset')
                .onRef('dataset.latest_version', '=', 'dataset_version.version'),
            )
            .selectAll('dataset_version')
            .where('dataset.project_id', '=', scope.project)
            .where(
              'dataset.name',
              'in',
              rows.map((row) => row.name),
            )
            .execute()
    const versions = new Map((await presentVersions(db.read, latest)).map((version) => [version.name, version]))
    const personal = await personalColumnsOf(
      db.read,
      scope.project,
      rows.map((row) => `dataset:${row.name}`),
    )
    return rows.map((row) => {
      const newest = versions.get(row.name) ?? null
      const declaration = readDeclaration(row.declaration)
      const refused = row.rejected_at !== null && row.rejected_at >= (newest?.createdAt ?? 0)
      return {
        name: row.name,
        description: row.description,
        versions: row.latest_version,
        checks: JSON.parse(row.checks) as DatasetCheck[],
        owners: declaration.owners ?? null,
        slices: declaration.slices ?? [],
        label: declaration.label ?? null,
        availability: declaration.availability ?? {},
        personal: personal.get(`dataset:${row.name}`) ?? [],
        subjectColumn: declaration.subjectColumn ?? null,
        latest: newest,
        rejectedAt: refused ? row.rejected_at : null,
        rejectedReason: refused ? row.rejected_reason : null,
      }
    })
  }
  const get = async (scope: Scope, name: string): Promise<Dataset> => {
    const [dataset] = await presentDatasets(scope, [await requireDataset(scope, name)])
    if (!dataset) throw datasetErrors.NOT_FOUND(name)
    return dataset
  }
  const relation = async (
    scope: Scope,
    name: string,
    version: number,
    range?: Pick<FileRange, 'from' | 'to'>,
  ): Promise<Relation> => {
    const row = await requireVersion(scope, name, version)
    return relationAt(db.read, blobs, scope.project, row.table_id, { snapshot: row.snapshot, ...range })
  }

  /** What names columns is checked against the newest version; before the first there is nothing to check against. */
  const requireComputable = async (
    scope: Scope,
    name: string,
    checks: readonly DatasetCheck[],
    declaration: Declaration,
  ): Promise<void> => {
    const newest = await db.read
      .selectFrom('dataset_version')
      .select('columns')
      .where('project_id', '=', scope.project)
      .where('dataset', '=', name)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!newest) return
    const columns = JSON.parse(newest.columns) as TableColumn[]
    requireDeclared(declaration, columns)
    for (const check of checks) {
      if (check.kind !== 'condition') continue
      const problem = await conditionProblem(tables, check.sql, columns)
      if (problem !== undefined) throw datasetErrors.BAD_CONDITION(check.sql, problem)
    }
  }
  /** Who may not see a personal column does not make it visible either. */
  const requireMayDeclare = async (
    scope: Scope,
    name: string,
    {
      personal,
      subjectColumn,
    }: { personal?: readonly string[] | undefined; subjectColumn?: string | null | undefined },
  ): Promise<void> => {
    const by = `dataset:${name}`
    const before = (await personalColumnsOf(db.read, scope.project, [by])).get(by) ?? []
    if (personal && before.some((one) => !personal.includes(one))) requirePermission(scope, 'data:read-personal')
    if (subjectColumn === undefined || before.length === 0) return
    const row = await db.read
      .selectFrom('dataset')
      .select('declaration')
      .where('project_id', '=', scope.project)
      .where('name', '=', name)
      .executeTakeFirst()
    const now = row && readDeclaration(row.declaration).subjectColumn
    if (now && now !== subjectColumn) requirePermission(scope, 'data:read-personal')
  }
  const version: Datasets['version'] = async (scope, name, number) => {
    const row = await requireVersion(scope, name, number)
    const [found] = await presentVersions(db.read, [row])
    if (!found) throw datasetErrors.VERSION_NOT_FOUND(name, number)
    return {
      version: found,
      profile: JSON.parse(row.profile) as Profile,
      checks: maskChecks(await maskOf(db.read, scope), JSON.parse(row.check_results) as DatasetCheckResult[]),
    }
  }

  const addedRows = async (scope: Scope, name: string, number: number): Promise<Relation> => {
    const { table_id: table, snapshot } = await requireVersion(scope, name, number)
    const whole = await relationAt(db.read, blobs, scope.project, table, { snapshot })
    const before = new Set(
      await Promise.all(
        (await filesAt(db.read, scope.project, table, { snapshot: snapshot - 1 })).map(({ digest }) =>
          blobs.localPath(scope.project, digest),
        ),
      ),
    )
    return { ...whole, files: whole.files.filter((path) => !before.has(path)) }
  }
  const opened: Datasets['opened'] = async (scope, name, number, { added = false, always = false } = {}) => {
    const row = await requireVersion(scope, name, number)
    const rows = await (added ? addedRows : relation)(scope, name, number)
    if (!always && !permits(scope, 'data:read-personal')) return asTheyAre(rows)
    const path = join(paths.tmp, `opened-${randomUUID()}.parquet`)
    return openRows(deps, {
      project: scope.project,
      relation: rows,
      sealed: readSealedColumns(row),
      path,
      remove: () => rm(path, { force: true }),
    })
  }
  /** Columns as this reader sees them: what is sealed and was not opened for him is hidden, whatever is declared by now. */
  const shownColumns = async (scope: Scope, row: DatasetVersionTable): Promise<string> => {
    const mask = await maskOf(db.read, scope)
    const sealed = permits(scope, 'data:read-personal') ? [] : readSealedColumns(row).map(({ name }) => name)
    return maskedColumns(
      { ...mask, any: true, hides: (name) => mask.hides(name) || sealed.includes(name) },
      JSON.parse(row.columns) as TableColumn[],
    )
  }

  return {
    add: async (scope, input) => {
      const { row, unchanged, checks } = await addVersion(deps, scope, input)
      const [version] = await presentVersions(db.read, [row])
      if (!version) throw datasetErrors.VERSION_NOT_FOUND(input.name, row.version)
      return { version, unchanged, checks: maskChecks(await maskOf(db.read, scope), checks) }
    },
    declare: async (scope, name, { description, checks, personal, ...declaration }) => {
      await requireComputable(scope, name, checks ?? [], declaration)
      await requireMayDeclare(scope, name, { personal, subjectColumn: declaration.subjectColumn })
      await db.write.transaction().execute(async (trx) => {
        const before = await trx
          .selectFrom('dataset')
          .select('declaration')
          .where('project_id', '=', scope.project)
          .where('name', '=', name)
          .executeTakeFirst()
        const changes = {
          ...(Object.keys(declaration).length === 0
            ? {}
            : {
                declaration: JSON.stringify({ ...(before ? readDeclaration(before.declaration) : {}), ...declaration }),
              }),
          ...(description === undefined ? {} : { description }),
          ...(checks === undefined ? {} : { checks: JSON.stringify(checks) }),
        }
        await trx
          .insertInto('dataset')
          .values({
            project_id: scope.project,
            name,
            description: '',
            checks: '[]',
            latest_version: 0,
            rejected_at: null,
            rejected_reason: null,
            created_at: clock(),
            declaration: '{}',
            ...changes,
          })
          .onConflict((c) =>
            Object.keys(changes).length === 0 ? c.doNothing() : c.columns(['project_id', 'name']).doUpdateSet(changes),
          )
          .execute()
        if (personal || declaration.subjectColumn !== undefined) {
          const by = `dataset:${name}`
          const names = personal ?? (await personalColumnsOf(asReader(trx), scope.project, [by])).get(by) ?? []
          const subject =
            declaration.subjectColumn ?? (before ? readDeclaration(before.declaration).subjectColumn : undefined)
          await declarePersonal(
            trx,
            scope.project,
            by,
            names,
            declaration.subjectColumn === null ? null : (subject ?? null),
          )
        }
        await deps.events.append(trx, {
          project: scope.project,
          name: 'dataset.declared',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'dataset', name),
          refs: [],
          data: { checks: checks?.length ?? null },
        })
      })
      return get(scope, name)
    },
    list: async (scope, { limit, after }) => {
      let query = db.read
        .selectFrom('dataset')
        .selectAll()
        .where('project_id', '=', scope.project)
        .orderBy('name')
        .limit(limit + 1)
      if (after !== undefined) query = query.where('name', '>', after)
      const rows = await query.execute()
      const datasets = await presentDatasets(scope, rows.slice(0, limit))
      return { datasets, nextPageToken: rows.length > limit ? (datasets.at(-1)?.name ?? null) : null }
    },
    get,
    versions: async (scope, name, { limit, before }) => {
      await requireDataset(scope, name)
      let query = db.read
        .selectFrom('dataset_version')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('dataset', '=', name)
        .orderBy('version', 'desc')
        .limit(limit + 1)
      if (before !== undefined) query = query.where('version', '<', before)
      const rows = await query.execute()
      const versions = await presentVersions(db.read, rows.slice(0, limit))
      return { versions, nextPageToken: rows.length > limit ? String(versions.at(-1)?.version) : null }
    },
    version,
    statistics: async (scope, name, number, compareWith) => {
      const found = await version(scope, name, number)
      const { slices } = await requireVersion(scope, name, number)
      const statistics = JSON.parse(slices) as VersionStatistics
      const other = compareWith ?? (number > 1 ? number - 1 : undefined)
      const before = other === undefined ? undefined : (await version(scope, name, other)).profile
      const balance = statistics.balance ?? null
      const mask = await maskOf(db.read, scope)
      return {
        ...found,
        profile: maskProfile(mask, found.profile),
        balance: maskBalance(mask, balance),
        slices: maskSlices(mask, statistics.slices ?? []),
        attention: maskAttention(mask, columnAttention(found.profile, { before, balance })),
        comparedWith: other ?? null,
      }
    },
    resolve: async (scope, reference) => {
      const match = /^(?<name>[^@]+)(?:@(?<version>latest|\d+))?$/.exec(reference.trim())
      const name = match?.groups?.['name']
      if (name === undefined) throw datasetErrors.BAD_REFERENCE(reference)
      const wanted = match?.groups?.['version'] ?? 'latest'
      const number = wanted === 'latest' ? (await requireDataset(scope, name)).latest_version : Number(wanted)
      const [version] = await presentVersions(db.read, [await requireVersion(scope, name, number)])
      if (!version) throw datasetErrors.VERSION_NOT_FOUND(name, wanted)
      return version
    },
    relation,
    addedRows,
    opened,
    subjects: datasetSubjects(deps),
    personal: ({ project }) => personalMask(db.read, project),
    preview: async (scope, name, version, limit) => {
      const row = await requireVersion(scope, name, version)
      const found = await tables.query({
        sql: `select ${await shownColumns(scope, row)} from data limit ${Math.floor(limit)}`,
        relations: { data: await relation(scope, name, version) },
        trusted: true,
      })
      if (readSealedColumns(row).length === 0) return found
      const open = await deps.subjects.opener(scope.project, found.rows.flat())
      return {
        columns: found.columns,
        rows: found.rows.map((values) => values.map((value) => readSealed(value, open))),
      }
    },
    download: async (scope, name, version) => {
      const path = join(paths.tmp, `download-${randomUUID()}.parquet`)
      const { relation: data, release } = await opened(scope, name, version)
      try {
        await tables.write({
          sql: `select ${await shownColumns(scope, await requireVersion(scope, name, version))} from data`,
          relations: { data },
          trusted: true,
          output: { path, format: 'parquet' },
        })
      } finally {
        await release()
      }
      const stream = createReadStream(path)
      stream.on('close', () => void rm(path, { force: true }))
      return stream
    },
  }
}

async function presentVersions(db: Reader, rows: readonly DatasetVersionTable[]): Promise<DatasetVersion[]> {
  const authors = [...new Set(rows.map((row) => row.created_by))]
  const redactions = new Map<string, { people: number; rows: number }>()
  for (const [project, ofProject] of Map.groupBy(rows, (row) => row.project_id))
    for (const [version, found] of await redactionsOf(db, project, ofProject)) redactions.set(version, found)
  const names = new Map(
    (authors.length === 0
      ? []
      : await db.selectFrom('principal').select(['id', 'name']).where('id', 'in', authors).execute()
    ).map((p) => [p.id, p.name]),
  )
  return rows.map((row) => ({
    name: row.dataset,
    version: row.version,
    urn: urn(row.project_id, 'dataset', row.dataset, row.version),
    digest: row.digest,
    mode: row.mode,
    rows: row.rows,
    addedRows: row.added_rows,
    bytes: row.bytes,
    files: row.files,
    columns: JSON.parse(row.columns) as TableColumn[],
    eventTimeColumn: row.event_time_column,
    minTime: row.min_time,
    maxTime: row.max_time,
    state: row.state,
    note: row.note,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: names.get(row.created_by) ?? row.created_by,
    sealed: readSealedColumns(row).map(({ name }) => name),
    redacted: redactions.get(`${row.dataset}@${row.version}`) ?? null,
  }))
}
