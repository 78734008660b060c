import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { newId } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { TableColumn, TableFormat } from '../../kernel/ports/index.ts'
import { appendFiles, createTable } from '../../kernel/tables/catalog.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { announce } from './commit-ledgers.ts'
import { outcomeErrors } from './errors.ts'
import { labelColumns, labelTable } from './label-table.ts'
import { sealLabels } from './seal-labels.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events' | 'blobs' | 'tables' | 'paths' | 'subjects'>

/** Records labels from a file at once; when it returns they are durable and visible. The same file again changes nothing that anybody counts. */
export async function pushLabelFile(
  deps: Deps,
  target: { project: string; deployment: string; defaultTime: number },
  body: Readable,
  format: TableFormat,
): Promise<number> {
  const { db, clock, blobs, tables, paths } = deps
  const { project, deployment, defaultTime } = target
  const firstId = newId('lbl')
  const directory = join(paths.tmp, `labels-${randomUUID()}`)
  await mkdir(directory, { recursive: true })
  const [received, parquet] = [join(directory, `labels.${format}`), join(directory, 'table.parquet')]
  try {
    await pipeline(body, createWriteStream(received, { mode: 0o600 }))
    const { columns } = await tables.describe({ path: received, format, name: `the labels for "${deployment}"` })
    const written = await tables.write({
      sql: fileSql(columns, { firstId, at: clock(), defaultTime }),
      relations: { file: { format, files: [received], ...(format === 'parquet' ? {} : { columns }) } },
      trusted: true,
      output: { path: parquet, format: 'parquet' },
    })
    if (written.rows === 0) return 0
    const {
      rows: [found = []],
    } = await tables.query({
      sql: `select min(event_time), max(event_time), count(*) filter (coalesce(prediction_id, '') = '' or event_time is null or (number is null and text is null) or not isfinite(coalesce(number, 0))) from rows`,
      relations: { rows: { format: 'parquet', files: [parquet] } },
      trusted: true,
    })
    const [minTime, maxTime, empty] = [Number(found[0]), Number(found[1]), Number(found[2])]
    if (empty > 0) throw outcomeErrors.FILE_EMPTY_CELLS(empty)
    const sealed = join(directory, 'sealed.parquet')
    const changed = await sealLabels(deps, { project, deployment }, { path: parquet }, sealed)
    const { digest, size } = await blobs.put(project, createReadStream(changed ? sealed : parquet))
    const table = labelTable(deployment)
    await db.write.transaction().execute(async (trx) => {
      await createTable(trx, { project, id: table, columns: labelColumns, at: clock() })
      const snapshot = await appendFiles(trx, {
        project,
        table,
        files: [{ digest, rows: written.rows, bytes: size, minTime, maxTime }],
        at: clock(),
      })
      await announce(deps, trx, 'labels', project, deployment, {
        rows: written.rows,
        digest,
        minTime,
        maxTime,
        snapshot,
        firstId,
      })
    })
    return written.rows
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const names = {
  prediction: ['prediction_id', 'predictionId', 'id'],
  value: ['value', 'label'],
  time: ['event_time', 'eventTime', 'known_at'],
  correction: ['correction'],
  source: ['source'],
} as const

function fileSql(
  columns: readonly TableColumn[],
  { firstId, at, defaultTime }: { firstId: string; at: number; defaultTime: number },
): string {
  const find = (wanted: readonly string[]) => columns.find(({ name }) => wanted.includes(name))
  const require = (wanted: readonly string[]): TableColumn => {
    const column = find(wanted)
    if (!column) throw outcomeErrors.FILE_COLUMN_MISSING(wanted[0] ?? '', columns.map(({ name }) => name).join(', '))
    return column
  }
  const prediction = require(names.prediction)
  const correction = find(names.correction)
  const source = find(names.source)
  const { kind, number, text } = valueSql(require(names.value))
  return `select '${firstId}-' || lpad((row_number() over ())::varchar, 10, '0') as id,
    ${sqlName(prediction.name)}::varchar as prediction_id, ${kind} as kind, ${number} as number, ${text} as text,
    ${timeSql(find(names.time), defaultTime)} as event_time, ${at}::bigint as "at",
    ${correction?.type === 'boolean' ? `coalesce(${sqlName(correction.name)}, false)` : 'false'} as correction,
    ${source ? `nullif(left(${sqlName(source.name)}::varchar, 100), '')` : 'null::varchar'} as source
    from file order by event_time, id`
}

function valueSql({ name, type }: TableColumn): { kind: string; number: string; text: string } {
  const column = sqlName(name)
  switch (type) {
    case 'boolean':
      return { kind: `'boolean'`, number: `${column}::double`, text: 'null::varchar' }
    case 'integer':
    case 'number':
      return { kind: `'number'`, number: `${column}::double`, text: 'null::varchar' }
    case 'string':
      return { kind: `'string'`, number: 'null::double', text: `nullif(${column}, '')` }
    case 'json': {
      // A JSON lines file whose values are of several types.
      const plain = `json_type(${column})`
      return {
        kind: `case ${plain} when 'VARCHAR' then 'string' when 'BOOLEAN' then 'boolean' else 'number' end`,
        number: `case ${plain} when 'VARCHAR' then null when 'BOOLEAN' then ((${column}->>'$')::boolean)::double else try_cast(${column}->>'$' as double) end`,
        text: `case ${plain} when 'VARCHAR' then nullif(${column}->>'$', '') end`,
      }
    }
    default:
      throw outcomeErrors.FILE_BAD_VALUES(type)
  }
}

function timeSql(column: TableColumn | undefined, defaultTime: number): string {
  if (!column) return `${defaultTime}::bigint`
  const name = sqlName(column.name)
  switch (column.type) {
    case 'timestamp':
    case 'date':
      return `epoch_ms(${name}::timestamp)`
    case 'integer':
      return `${name}::bigint`
    default:
      throw outcomeErrors.FILE_BAD_TIME(column.type)
  }
}
