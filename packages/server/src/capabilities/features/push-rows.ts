import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FeatureRow, FeatureViewDefinition } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { LedgerWriter } from '../../kernel/ledger/index.ts'
import { type OnlineRow, type OnlineStore, sealedValues, type TableColumn } from '../../kernel/ports/index.ts'
import { keyIdOf } from '../../kernel/subjects/index.ts'
import { appendFiles, createTable } from '../../kernel/tables/catalog.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { featureErrors } from './errors.ts'
import { keyParts, keySeparator, sealedTexts, sqlTypes, windowMs } from './online.ts'
import { sealFile, sealRows, type ViewSealing } from './seal-rows.ts'

export interface PushTarget {
  readonly project: string
  readonly view: string
  readonly definition: FeatureViewDefinition
  /** What of the rows is sealed before they are written anywhere. */
  readonly sealing: ViewSealing | undefined
}

const tableTypes = { number: 'number', string: 'string', boolean: 'boolean' } as const

/** Columns of a view's offline table. */
export function rowColumns(definition: FeatureViewDefinition): TableColumn[] {
  return [
    { name: 'row_id', type: 'string' },
    { name: 'entity_key', type: 'string' },
    { name: 'event_time', type: 'integer' },
    { name: 'known_at', type: 'integer' },
    ...Object.entries(definition.columns).map(([name, type]) => ({ name, type: tableTypes[type] })),
  ]
}

/** The column of the offline table with the values that are sealed; there from the first row on that has some. */
export const sealedColumn: TableColumn = { name: sealedValues, type: 'string' }

export const tableOf = (view: string): string => `feature/${view}`
export const streamOf = (project: string, view: string): string[] => ['features', project, view]

/**
 * Checks rows, appends them to the ledger and puts them into the online store; when it returns they are durable and lookups see them. When it throws they may be
 * recorded and not in the online store (a full disk): `onUnplaced` says so.
 */
export async function pushRows(
  {
    online,
    subjects,
    writer,
    onUnplaced,
  }: Pick<Kernel, 'subjects'> & {
    online: OnlineStore
    writer: LedgerWriter
    onUnplaced: (error: unknown) => void
  },
  target: PushTarget,
  rows: readonly FeatureRow[],
): Promise<number> {
  const { project, view, definition, sealing } = target
  const checked = rows.map((row) => checkRow(view, definition, row))
  const { rows: pushed, people } = sealing
    ? await sealRows({ subjects }, project, definition.keys, sealing, checked)
    : { rows: checked.map(({ row }) => row), people: [] }
  writer.append(
    pushed.map((row) => ({
      row_id: row.id,
      entity_key: row.key,
      event_time: row.eventTime,
      known_at: row.knownAt,
      ...row.values,
    })),
  )
  try {
    return online.push(project, view, pushed, people)
  } catch (error) {
    onUnplaced(error)
    throw error
  }
}

/** Puts rows that are recorded already into the online store, with the keys that open what of them is sealed. */
export async function placeRows(
  { online, subjects }: Pick<Kernel, 'subjects'> & { online: OnlineStore },
  project: string,
  view: string,
  rows: readonly OnlineRow[],
): Promise<void> {
  const ids = new Set<string>()
  for (const row of rows)
    for (const text of [
      ...(sealedTexts(row) ?? []),
      ...(row.key.includes('\u0001') ? row.key.split(keySeparator) : []),
    ]) {
      const id = keyIdOf(text)
      if (id !== undefined) ids.add(id)
    }
  online.push(project, view, rows, ids.size === 0 ? [] : await subjects.keysOf(project, [...ids]))
}

function checkRow(
  view: string,
  definition: FeatureViewDefinition,
  row: FeatureRow,
): { row: OnlineRow; parts: string[] } {
  const knownAt = row.knownAt ?? row.eventTime
  if (knownAt < row.eventTime) throw featureErrors.KNOWN_BEFORE_EVENT(row.id)
  for (const [column, value] of Object.entries(row.values)) {
    const type = definition.columns[column]
    if (type === undefined)
      throw featureErrors.UNKNOWN_VALUE(row.id, column, Object.keys(definition.columns).join(', '))
    if (value !== null && typeof value !== type)
      throw featureErrors.BAD_VALUE(row.id, column, type, JSON.stringify(value))
  }
  const parts = keyParts({ name: view, keys: definition.keys }, row.key)
  const { id, eventTime, values } = row
  return { row: { id, key: parts.join(keySeparator), eventTime, knownAt, values }, parts }
}

/**
 * Adds a Parquet file of rows at once: straight to the offline table, and of its rows those to the online store that a lookup at the file's newest moment, or
 * `slackMs` before it, can reach.
 */
export async function pushFile(
  {
    db,
    clock,
    blobs,
    tables,
    paths,
    subjects,
    online,
    own,
    again,
  }: Pick<Kernel, 'db' | 'clock' | 'blobs' | 'tables' | 'paths' | 'subjects'> & {
    online: OnlineStore
    /** Says that the rows of this content come into the online store here. */
    own: (digest: string) => void
    /** Says that they did not. */
    again: (push: PendingPush, error: unknown) => void
  },
  target: PushTarget,
  body: Readable,
  slackMs: number,
): Promise<number> {
  const { project, view, definition, sealing } = target
  const directory = join(paths.tmp, `push-${randomUUID()}`)
  await mkdir(directory, { recursive: true })
  const [received, plain] = [join(directory, 'rows.parquet'), join(directory, 'table.parquet')]
  const parquet = sealing ? join(directory, 'sealed.parquet') : plain
  try {
    await pipeline(body, createWriteStream(received, { mode: 0o600 }))
    const { columns } = await tables.describe({
      path: received,
      format: 'parquet',
      name: `the rows for feature view "${view}"`,
    })
    const sql = fileSql(definition, columns)
    const relations = { file: { format: 'parquet' as const, files: [received] } }
    const written = await tables.write({ sql, relations, trusted: true, output: { path: plain, format: 'parquet' } })
    if (written.rows === 0) return 0
    if (sealing)
      await sealFile(
        { tables, subjects, paths },
        { project, definition, sealing, relation: { format: 'parquet', files: [plain] }, path: parquet },
      )
    const table = { rows: { format: 'parquet' as const, files: [parquet] } }
    const {
      rows: [range],
    } = await tables.query({
      sql: 'select min(event_time), max(event_time) from rows',
      relations: table,
      trusted: true,
    })
    const [minTime, maxTime] = [Number(range?.[0]), Number(range?.[1])]
    const { digest, size } = await blobs.put(project, createReadStream(parquet))
    // Said before it is done: a server that is killed between the table and the online store puts the rows there at its next start.
    const intent: PendingPush = { project, view, digest, after: maxTime - windowMs(definition.window) - slackMs }
    const note = join(await makeDirectory(pendingPushes(paths.data)), `${randomUUID()}.json`)
    await writeFile(note, JSON.stringify(intent))
    own(digest)
    await db.write.transaction().execute(async (trx) => {
      await createTable(trx, { project, id: tableOf(view), columns: rowColumns(definition), at: clock() })
      await appendFiles(trx, {
        project,
        table: tableOf(view),
        ...(sealing ? { columns: [...rowColumns(definition), sealedColumn] } : {}),
        files: [{ digest, rows: written.rows, bytes: size, minTime, maxTime }],
        at: clock(),
      })
    })
    try {
      await pushRecent({ tables, online, subjects }, intent, definition, parquet)
    } catch (error) {
      again(intent, error)
      throw error
    }
    await rm(note)
    return written.rows
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A file that is in the offline table and may not be in the online store yet. */
export interface PendingPush {
  readonly project: string
  readonly view: string
  /** The file's content. */
  readonly digest: string
  /** Rows after this event time belong into the online store. */
  readonly after: number
}

export const pendingPushes = (data: string): string => join(data, 'online', 'pending')

async function makeDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  return path
}

/** Puts the rows of a view's Parquet file that a lookup can reach into the online store; those that are there stay as they are. */
export async function pushRecent(
  { tables, online, subjects }: Pick<Kernel, 'tables' | 'subjects'> & { online: OnlineStore },
  { project, view, after }: PendingPush,
  definition: FeatureViewDefinition,
  file: string,
): Promise<void> {
  const columns = [...rowColumns(definition), sealedColumn]
  const recent = await tables.query({
    sql: `select ${columns.map(({ name }) => sqlName(name)).join(', ')} from rows where event_time > $1`,
    params: [after],
    relations: { rows: { format: 'parquet', files: [file], columns } },
    trusted: true,
    maxRows: 2_000_000,
  })
  const names = Object.keys(definition.columns)
  const rows = recent.rows.map((row): OnlineRow => {
    const sealed = row[4 + names.length] as string | null
    return {
      id: String(row[0]),
      key: String(row[1]),
      eventTime: Number(row[2]),
      knownAt: Number(row[3]),
      values: {
        ...Object.fromEntries(names.map((name, i) => [name, row[4 + i] as OnlineRow['values'][string]])),
        ...(sealed === null ? {} : { [sealedValues]: sealed }),
      },
    }
  })
  await placeRows({ online, subjects }, project, view, rows)
}

function fileSql(definition: FeatureViewDefinition, columns: readonly TableColumn[]): string {
  const known = columns.map((column) => column.name).join(', ')
  const find = (name: string): TableColumn => {
    const column = columns.find((c) => c.name === name)
    if (!column) throw featureErrors.FILE_COLUMN_MISSING(name, known)
    return column
  }
  const time = (name: string): string =>
    find(name).type === 'timestamp' || find(name).type === 'date'
      ? `epoch_ms(${sqlName(name)}::timestamp)`
      : `${sqlName(name)}::bigint`
  const knownAt = columns.some((column) => column.name === 'known_at') ? time('known_at') : time('event_time')
  const key = definition.keys.map((name) => `${sqlName(find(name).name)}::varchar`).join(' || chr(31) || ')
  const values = Object.entries(definition.columns)
    .map(([name, type]) => `, ${sqlName(find(name).name)}::${sqlTypes[type]} as ${sqlName(name)}`)
    .join('')
  return `select ${sqlName(find('id').name)}::varchar as row_id, ${key} as entity_key, ${time('event_time')} as event_time, ${knownAt} as known_at${values} from file order by event_time, row_id`
}
