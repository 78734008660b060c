import type { TableColumn } from '../ports/table-engine.ts'
import { keyValueSql, sourceSql, sqlNumber, sqlNumbers } from './column-sql.ts'
import { profileKind, quantilePoints, topValues } from './profile.ts'

export type ProfileInput = {
  /** The relation's name in the query. */
  table: string
  columns: readonly TableColumn[]
  /** Only rows for which this SQL condition holds. */
  where?: string
  /** Edges for `bins` of these columns instead of the data's own quantiles (see `NumericBins`). */
  edges?: Record<string, number[]>
}

const histogramBins = 30
/** Places in the 1-based quantile list of SQL. */
const low = quantilePoints.indexOf(0.01) + 1
const high = quantilePoints.indexOf(0.99) + 1

/**
 * One statement that profiles all columns: its one row has the number of rows and then, for each column, a struct that `parseProfile` reads.
 * The engine reads each column of the files twice (the bins depend on the quantiles).
 */
export function profileSql({ table, columns, where, edges = {} }: ProfileInput): string {
  const source = sourceSql({ table, columns, ...(where !== undefined && { where }) })
  const sorted = sourceSql({ table, columns, ...(where !== undefined && { where }) }, true)
  const stats = columns.flatMap((column, index) => statsSql(column, index))
  const bounds = columns.flatMap((column, index) => boundsSql(column, index, edges[column.name]))
  const quantiles = columns.flatMap((column, index) => quantilesSql(column, index))
  const counts = columns.flatMap((column, index) => binCountsSql(column, index))
  const results = columns.map((column, index) => resultSql(column, index, source))
  return [
    `WITH stats AS (SELECT ${['count(*) AS rows', ...stats].join(', ')} FROM ${sorted})`,
    `, quantiles AS (SELECT ${['rows', ...quantiles].join(', ')} FROM stats)`,
    `, bounds AS (SELECT ${['1 AS one', ...bounds].join(', ')} FROM quantiles)`,
    `, counts AS (SELECT ${['1 AS one', ...counts].join(', ')} FROM ${counts.length === 0 ? '(SELECT 1)' : source})`,
    `SELECT ${['stats.rows', ...results].join(', ')} FROM stats, quantiles, bounds, counts`,
  ].join('\n')
}

const isNumeric = (column: TableColumn) => ['numeric', 'temporal'].includes(profileKind(column.type))

function statsSql(column: TableColumn, i: number): string[] {
  const count = `count(r${i}) AS n${i}`
  if (!isNumeric(column)) return [count]
  return [
    count,
    `approx_count_distinct(r${i}) AS d${i}`,
    `count(x${i}) AS f${i}`,
    `avg(x${i}) AS a${i}`,
    `stddev_samp(x${i}) AS s${i}`,
    `min(x${i}) AS min${i}`,
    `max(x${i}) AS max${i}`,
    `quantile_disc(k${i}, [${quantilePoints.join(', ')}]) AS k${i}`,
  ]
}

/** The quantiles as values; the first and the last are exact. */
function quantilesSql(column: TableColumn, i: number): string[] {
  if (!isNumeric(column)) return []
  const inner = `[${keyValueSql(column.type, 'k')} for k in k${i}[2:-2]]`
  const clamped = `[least(greatest(v, min${i}), max${i}) for v in ${inner}]`
  return [`CASE WHEN k${i} IS NOT NULL THEN list_append(list_prepend(min${i}, ${clamped}), max${i}) END AS q${i}`]
}

/** Upper bounds of the bins: of the quantile bins, the quantiles above the first without repetition; of the histogram, equal steps. */
function boundsSql(column: TableColumn, i: number, edges: number[] | undefined): string[] {
  if (!isNumeric(column)) return []
  const quantiles = `[q${i}[p] for p in range(2, ${quantilePoints.length + 1}) if p <> ${low} and p <> ${high}]`
  const uppers = edges ? sqlNumbers(edges.slice(1)) : `list_sort(list_distinct(${quantiles}))`
  const from = edges ? sqlNumber(edges[0] as number) : `q${i}[1]`
  const whole = column.type === 'integer'
  const first = whole ? `(q${i}[${low}] - 0.5)` : `q${i}[${low}]`
  const span = whole ? `(q${i}[${high}] + 0.5 - ${first})` : `(q${i}[${high}] - ${first})`
  const width = whole ? `greatest(1, ceil(${span} / ${histogramBins}))` : `(${span} / ${histogramBins})`
  const steps = whole ? `ceil(${span} / ${width})::BIGINT` : `${histogramBins}`
  const equal = `[${first} + k * ${width} for k in range(1, ${steps})]`
  const last = whole ? `${first} + ${steps} * ${width}` : `q${i}[${high}]`
  return [
    `${from} AS bf${i}`,
    `coalesce(${uppers}, [0::DOUBLE]) AS bu${i}`,
    `${first} AS hf${i}`,
    `coalesce(CASE WHEN ${span} > 0 THEN list_sort(list_distinct(list_append(${equal}, ${last}))) END, [coalesce(${first}, 0)]) AS hu${i}`,
  ]
}

function binCountsSql(column: TableColumn, i: number): string[] {
  if (!isNumeric(column)) return []
  return [
    `count(*) FILTER (x${i} < (SELECT bf${i} FROM bounds)) AS bl${i}`,
    `map_values(histogram(x${i}, (SELECT bu${i} FROM bounds))) AS bc${i}`,
    `count(*) FILTER (x${i} < (SELECT hf${i} FROM bounds)) AS hl${i}`,
    `map_values(histogram(x${i}, (SELECT hu${i} FROM bounds))) AS hc${i}`,
  ]
}

function resultSql(column: TableColumn, i: number, source: string): string {
  const fields: Record<string, string> = { count: `n${i}` }
  if (isNumeric(column)) {
    Object.assign(fields, {
      distinct: `d${i}`,
      finite: `f${i}`,
      min: `min${i}`,
      max: `max${i}`,
      mean: `a${i}`,
      std: `s${i}`,
      quantiles: `q${i}`,
      bins: `{'from': bf${i}, 'uppers': bu${i}, 'under': bl${i}, 'counts': bc${i}}`,
      histogram: `{'from': hf${i}, 'uppers': hu${i}, 'under': hl${i}, 'counts': hc${i}}`,
    })
  } else if (profileKind(column.type) === 'categorical') {
    fields.top = topSql(i, source)
  }
  return `{${Object.entries(fields)
    .map(([name, sql]) => `'${name}': ${sql}`)
    .join(', ')}} AS c${i}`
}

function topSql(i: number, source: string): string {
  const groups = `SELECT x${i} AS v, count(*) AS c, count(*) OVER () AS d FROM ${source} WHERE x${i} IS NOT NULL GROUP BY x${i} ORDER BY c DESC, v LIMIT ${topValues}`
  return `(SELECT {'distinct': any_value(d), 'values': list({'value': v, 'count': c} ORDER BY c DESC, v)} FROM (${groups}))`
}
