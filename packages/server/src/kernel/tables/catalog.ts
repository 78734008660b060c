import type { Reader, Trx } from '../db/index.ts'
import { asReader } from '../db/index.ts'
import { addBlobRef } from '../blobs/index.ts'
import { urn } from '../ids/index.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Relation, TableColumn, TableType } from '../ports/table-engine.ts'

declare module '../db/database.ts' {
  interface Tables {
    table_def: { project_id: string; id: string; latest_snapshot: number; next_field: number; created_at: number }
    table_column: {
      project_id: string
      table_id: string
      field_id: number
      name: string
      type: TableType
      begin_snapshot: number
      end_snapshot: number | null
    }
    table_snapshot: {
      project_id: string
      table_id: string
      snapshot: number
      at: number
      rows: number
      files: number
      note: string
    }
    table_file: {
      project_id: string
      table_id: string
      digest: string
      begin_snapshot: number
      end_snapshot: number | null
      rows: number
      bytes: number
      min_time: number | null
      max_time: number | null
    }
  }
}

/** A Parquet file to add: its content is in the blob store already. `minTime` and `maxTime` are the event times inside, for pruning. */
export interface NewTableFile {
  digest: string
  rows: number
  bytes: number
  minTime?: number
  maxTime?: number
}

/**
 * Our snapshot catalog of column-shaped data: a table is a list of immutable Parquet files, each valid from one snapshot on; columns have field ids
 * and snapshot ranges (the model that DuckLake 1.0 specifies). Everything here runs in the owner's transaction.
 */
export async function createTable(
  trx: Trx,
  table: { project: string; id: string; columns: readonly TableColumn[]; at: number },
): Promise<void> {
  const made = await trx
    .insertInto('table_def')
    .values({
      project_id: table.project,
      id: table.id,
      latest_snapshot: 0,
      next_field: table.columns.length + 1,
      created_at: table.at,
    })
    .onConflict((c) => c.columns(['project_id', 'id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!made) return
  await trx
    .insertInto('table_snapshot')
    .values({
      project_id: table.project,
      table_id: table.id,
      snapshot: 0,
      at: table.at,
      rows: 0,
      files: 0,
      note: 'created',
    })
    .execute()
  await insertColumns(trx, table.project, table.id, table.columns, 1, 0)
}

async function insertColumns(
  trx: Trx,
  project: string,
  id: string,
  columns: readonly TableColumn[],
  firstField: number,
  snapshot: number,
): Promise<void> {
  if (columns.length === 0) return
  await trx
    .insertInto('table_column')
    .values(
      columns.map((column, index) => ({
        project_id: project,
        table_id: id,
        field_id: firstField + index,
        name: column.name,
        type: column.type,
        begin_snapshot: snapshot,
        end_snapshot: null,
      })),
    )
    .execute()
}

/** Takes the next snapshot number. It is the first write of each change, so that changes of one table take turns until the end of their transactions. */
async function takeSnapshot(
  trx: Trx,
  project: string,
  table: string,
): Promise<{ latest_snapshot: number; next_field: number }> {
  return trx
    .updateTable('table_def')
    .set((e) => ({ latest_snapshot: e('latest_snapshot', '+', 1) }))
    .where('project_id', '=', project)
    .where('id', '=', table)
    .returning(['latest_snapshot', 'next_field'])
    .executeTakeFirstOrThrow(() => new Error(`Table ${table} does not exist in project ${project}.`))
}

/** Adds files (and columns that they bring) as the next snapshot and returns its number. A column whose type is another one now has that type from this snapshot on. */
export async function appendFiles(
  trx: Trx,
  append: {
    project: string
    table: string
    files: readonly NewTableFile[]
    columns?: readonly TableColumn[]
    at: number
    note?: string
  },
): Promise<number> {
  const { project, table, files, at } = append
  const definition = await takeSnapshot(trx, project, table)
  const before = await trx
    .selectFrom('table_snapshot')
    .select(['rows', 'files'])
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .where('snapshot', '=', definition.latest_snapshot - 1)
    .executeTakeFirstOrThrow()
  const snapshot = definition.latest_snapshot
  const known = new Map((await columnsAt(asReader(trx), project, table)).map((column) => [column.name, column.type]))
  const fresh = (append.columns ?? []).filter((column) => !known.has(column.name))
  const changed = (append.columns ?? []).filter(
    (column) => known.has(column.name) && known.get(column.name) !== column.type,
  )
  if (fresh.length > 0)
    await trx
      .updateTable('table_def')
      .set({ next_field: definition.next_field + fresh.length })
      .where('project_id', '=', project)
      .where('id', '=', table)
      .execute()
  await insertColumns(trx, project, table, fresh, definition.next_field, snapshot)
  for (const column of changed) {
    const { field_id } = await trx
      .updateTable('table_column')
      .set({ end_snapshot: snapshot })
      .where('project_id', '=', project)
      .where('table_id', '=', table)
      .where('name', '=', column.name)
      .where('end_snapshot', 'is', null)
      .returning('field_id')
      .executeTakeFirstOrThrow()
    await insertColumns(trx, project, table, [column], field_id, snapshot)
  }
  for (const file of files) {
    await trx
      .insertInto('table_file')
      .values({
        project_id: project,
        table_id: table,
        digest: file.digest,
        begin_snapshot: snapshot,
        end_snapshot: null,
        rows: file.rows,
        bytes: file.bytes,
        min_time: file.minTime ?? null,
        max_time: file.maxTime ?? null,
      })
      .execute()
    await addBlobRef(trx, { project, digest: file.digest, owner: urn(project, 'table', table), size: file.bytes, at })
  }
  await trx
    .insertInto('table_snapshot')
    .values({
      project_id: project,
      table_id: table,
      snapshot,
      at,
      rows: before.rows + files.reduce((sum, file) => sum + file.rows, 0),
      files: before.files + files.length,
      note: append.note ?? '',
    })
    .execute()
  return snapshot
}

/**
 * Replaces files by others with the same rows (compaction) as the next snapshot; older snapshots keep reading the old ones. Returns undefined, and does
 * nothing, when somebody else has replaced one of them meanwhile.
 */
export async function replaceFiles(
  trx: Trx,
  change: { project: string; table: string; remove: readonly string[]; add: readonly NewTableFile[]; at: number },
): Promise<number | undefined> {
  const { project, table } = change
  // Takes the turn of the table without a change, so that what is found stays true until the end of the transaction.
  await trx
    .updateTable('table_def')
    .set((e) => ({ latest_snapshot: e.ref('latest_snapshot') }))
    .where('project_id', '=', project)
    .where('id', '=', table)
    .execute()
  const found = await trx
    .selectFrom('table_file')
    .select(['digest', 'rows'])
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .where('digest', 'in', [...change.remove])
    .where('end_snapshot', 'is', null)
    .execute()
  if (found.length !== change.remove.length) return undefined
  const snapshot = await appendFiles(trx, { project, table, files: change.add, at: change.at, note: 'compacted' })
  await trx
    .updateTable('table_file')
    .set({ end_snapshot: snapshot })
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .where('digest', 'in', [...change.remove])
    .where('begin_snapshot', '<', snapshot)
    .where('end_snapshot', 'is', null)
    .execute()
  const rows = found.reduce((sum, file) => sum + file.rows, 0)
  await trx
    .updateTable('table_snapshot')
    .set((e) => ({ rows: e('rows', '-', rows), files: e('files', '-', found.length) }))
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .where('snapshot', '=', snapshot)
    .execute()
  return snapshot
}

/** In one transaction at most; what is left is for the next. */
const mostForgotten = 5000

/**
 * Forgets the snapshots from before `before` but for the newest: files that were replaced by then are held no longer, and storage collects them. Only for tables of
 * which nobody keeps the number of a snapshot.
 */
export async function forgetSnapshots(
  trx: Trx,
  { project, table, before }: { project: string; table: string; before: number },
): Promise<void> {
  const newest = await latestSnapshot(asReader(trx), project, table)
  const old = await trx
    .selectFrom('table_snapshot')
    .select(['snapshot', 'at'])
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .orderBy('snapshot')
    .limit(mostForgotten)
    .execute()
  const kept = old.findIndex(({ snapshot, at }) => at >= before || snapshot === newest?.snapshot)
  const last = old.at(kept < 0 ? -1 : kept - 1)
  if (kept === 0 || !last) return
  const files = await trx
    .deleteFrom('table_file')
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .where('end_snapshot', '<=', last.snapshot)
    .returning('digest')
    .execute()
  const digests = files.map((file) => file.digest)
  for (let at = 0; at < digests.length; at += 1000)
    await trx
      .deleteFrom('blob_ref')
      .where('project_id', '=', project)
      .where('owner', '=', urn(project, 'table', table))
      .where('digest', 'in', digests.slice(at, at + 1000))
      .where('digest', 'not in', (e) =>
        e.selectFrom('table_file').select('digest').where('project_id', '=', project).where('table_id', '=', table),
      )
      .execute()
  await trx
    .deleteFrom('table_snapshot')
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .where('snapshot', '<=', last.snapshot)
    .execute()
}

/** The newest snapshot's number and row count, or undefined when there is no such table. */
export async function latestSnapshot(
  db: Reader,
  project: string,
  table: string,
): Promise<{ snapshot: number; rows: number; files: number } | undefined> {
  return db
    .selectFrom('table_def')
    .innerJoin('table_snapshot', (j) =>
      j
        .onRef('table_snapshot.project_id', '=', 'table_def.project_id')
        .onRef('table_snapshot.table_id', '=', 'table_def.id')
        .onRef('table_snapshot.snapshot', '=', 'table_def.latest_snapshot'),
    )
    .select(['table_snapshot.snapshot', 'table_snapshot.rows', 'table_snapshot.files'])
    .where('table_def.project_id', '=', project)
    .where('table_def.id', '=', table)
    .executeTakeFirst()
}

export async function columnsAt(db: Reader, project: string, table: string, snapshot?: number): Promise<TableColumn[]> {
  let query = db
    .selectFrom('table_column')
    .select(['name', 'type'])
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .orderBy('field_id')
  query =
    snapshot === undefined
      ? query.where('end_snapshot', 'is', null)
      : query
          .where('begin_snapshot', '<=', snapshot)
          .where((e) => e.or([e('end_snapshot', 'is', null), e('end_snapshot', '>', snapshot)]))
  return query.execute()
}

export interface FileRange {
  snapshot?: number
  /** Only files that may hold event times in [from, to). */
  from?: number
  to?: number
}

export async function filesAt(
  db: Reader,
  project: string,
  table: string,
  range: FileRange = {},
): Promise<(NewTableFile & { minTime: number; maxTime: number })[]> {
  let query = db
    .selectFrom('table_file')
    .selectAll()
    .where('project_id', '=', project)
    .where('table_id', '=', table)
    .orderBy('begin_snapshot')
    .orderBy('digest')
  const { snapshot, from, to } = range
  query =
    snapshot === undefined
      ? query.where('end_snapshot', 'is', null)
      : query
          .where('begin_snapshot', '<=', snapshot)
          .where((e) => e.or([e('end_snapshot', 'is', null), e('end_snapshot', '>', snapshot)]))
  if (from !== undefined) query = query.where((e) => e.or([e('max_time', 'is', null), e('max_time', '>=', from)]))
  if (to !== undefined) query = query.where((e) => e.or([e('min_time', 'is', null), e('min_time', '<', to)]))
  return (await query.execute()).map((file) => ({
    digest: file.digest,
    rows: file.rows,
    bytes: file.bytes,
    minTime: file.min_time ?? 0,
    maxTime: file.max_time ?? Number.MAX_SAFE_INTEGER,
  }))
}

/** The table at a snapshot as a relation for the table engine; an unknown table is an error of the caller. */
export async function relationAt(
  db: Reader,
  blobs: BlobStore,
  project: string,
  table: string,
  range: FileRange = {},
): Promise<Relation> {
  const columns = await columnsAt(db, project, table, range.snapshot)
  const files = await filesAt(db, project, table, range)
  return {
    format: 'parquet',
    files: await Promise.all(files.map((file) => blobs.localPath(project, file.digest))),
    columns,
    unionByName: true,
  }
}
