import { rm } from 'node:fs/promises'
import type { ColumnAvailability } from '@trivium/contract'
import { parseDuration } from '../../kernel/clock/index.ts'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'

export interface LeakQuestion {
  /** The rows that the entities were made from, and their column of event time. */
  readonly source: Relation
  readonly sourceColumns: readonly TableColumn[]
  readonly eventTime: string
  readonly availability: Readonly<Record<string, ColumnAvailability>>
  /** The SELECT that makes the entities from relation `data`. */
  readonly sql: string
  /** What it made. */
  readonly entities: string
  readonly columns: readonly TableColumn[]
  readonly time: string
  /** Columns that are the answer: those may come later. */
  readonly labels: readonly string[]
  /** Beginning of the paths of scratch files. */
  readonly scratch: string
  readonly signal: AbortSignal
}

export interface Leak {
  readonly column: string
  readonly moment: number
  readonly rows: number
}

/** Places in the order of time at which the past is asked again; of many rows the last is enough. */
const places = [0.5, 0.95]
const manyRows = 30_000
/** Rows before such a moment that are compared: those near it hold what comes later than its row. */
const compared = 3000
/** The value of another row stands for one that is not known yet, so that a filter on it drops no row. */
const otherRow = 97

/**
 * Finds the columns of entity rows that hold what was not known at their own moment. It goes back to some moments of the entities, takes the rows that had
 * happened by then, with other values where one comes later than its row, makes the entities of these again, and compares: at a moment that was there both
 * times every column but the labels has to be the same. So it finds a value of the own row that comes later, and aggregates over rows of the future.
 */
export async function findLeaks(tables: TableEngine, question: LeakQuestion): Promise<Leak[]> {
  const { columns, time, labels, entities, scratch, signal } = question
  const judged = columns.filter(({ name }) => name !== time && !labels.includes(name))
  if (judged.length === 0) return []
  const made: Relation = { format: 'parquet', files: [entities] }
  const moment = `epoch_ms(${sqlName(time)}::timestamp)`
  const { rows } = await tables.query(
    {
      sql: `select quantile_disc(${moment}, [${places.join(', ')}]), count(*) from made`,
      relations: { made },
      trusted: true,
    },
    { signal },
  )
  const [found, total] = (rows[0] ?? []) as [(number | null)[] | null, number]
  const moments = [...new Set((found ?? []).filter((at) => at !== null))].slice(total > manyRows ? -1 : 0)
  const leaks = new Map<string, Leak>()
  for (const at of moments) {
    const past = `${scratch}-past.parquet`
    const again = `${scratch}-again.parquet`
    try {
      await tables.write(
        {
          sql: pastSql(question, at),
          relations: { data: question.source },
          trusted: true,
          output: { path: past, format: 'parquet' },
        },
        { signal },
      )
      await tables.write(
        {
          sql: question.sql,
          relations: { data: { format: 'parquet', files: [past] } },
          trusted: false,
          output: { path: again, format: 'parquet' },
        },
        { signal },
      )
      const differences = await tables.query(
        {
          sql: differencesSql(judged, moment, at),
          relations: { made, again: { format: 'parquet', files: [again] } },
          trusted: true,
        },
        { signal },
      )
      for (const [column, count] of differences.rows)
        if (!leaks.has(String(column)))
          leaks.set(String(column), { column: String(column), moment: at, rows: Number(count) })
    } finally {
      await Promise.all([past, again].map((path) => rm(path, { force: true })))
    }
  }
  return [...leaks.values()]
}

/** The source as it was at a moment. */
function pastSql({ sourceColumns, eventTime, availability }: LeakQuestion, at: number): string {
  const moment = `make_timestamp(${Math.floor(at)}::bigint * 1000)`
  const happened = `${sqlName(eventTime)}::timestamp`
  const columns = sourceColumns.map(({ name }) => {
    const column = sqlName(name)
    const known = availability[name]
    if (!known) return column
    const from =
      'at' in known
        ? `coalesce(${sqlName(known.at)}::timestamp, 'infinity'::timestamp)`
        : `${happened} + to_milliseconds(${parseDuration(known.after) ?? 0})`
    return `case when ${from} > ${moment} then coalesce(lag(${column}, ${otherRow}) over (), lag(${column}) over ()) else ${column} end as ${column}`
  })
  return `select ${columns.join(', ')} from (select ${columns.length === 0 ? '1' : sourceColumns.map(({ name }) => sqlName(name)).join(', ')} from data where ${happened} <= ${moment}) as data`
}

/** Which columns differ, and in how many rows, among moments that have as many rows both times. */
function differencesSql(columns: readonly TableColumn[], moment: string, at: number): string {
  const values = columns.map(({ name, type }, index) => {
    // The last digits of a sum depend on the order in which rows were added.
    const value = type === 'number' ? `format('{:.9g}', ${sqlName(name)}::double)` : `${sqlName(name)}::varchar`
    return `${value} as v${index}`
  })
  const near = `(select min(m) from (select ${moment} as m from made where ${moment} <= ${Math.floor(at)} order by m desc limit ${compared}))`
  const side = (relation: string) =>
    `select ${moment} as moment, ${values.join(', ')} from ${relation} where ${moment} <= ${Math.floor(at)} and ${moment} >= ${near}`
  const sizes = (relation: string) => `select moment, count(*) as n from ${relation} group by moment`
  const counts = columns.map(
    ({ name }, index) =>
      `select '${name.replaceAll("'", "''")}' as name, count(*) as n from (select moment, v${index} from b where moment in (select moment from shared) except all select moment, v${index} from a)`,
  )
  return `with a as materialized (${side('made')}), b as materialized (${side('again')}),
    shared as materialized (select moment from (${sizes('a')} intersect ${sizes('b')}))
    select name, n from (${counts.join(' union all ')}) where n > 0 order by n desc, name`
}
