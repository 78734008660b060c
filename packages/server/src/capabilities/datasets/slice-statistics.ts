import type { ClassBalance, DatasetSlices, SliceColumn } from '@trivium/contract'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { type Profile, profileKind } from '../../kernel/tables/profile.ts'
import { inParts } from '../../kernel/tables/profile-relation.ts'
import { lowVarianceShare } from './column-attention.ts'
import type { Declaration, VersionStatistics } from './declaration.ts'

/** Slices of one column that are kept; fewer in wide tables, so that a version's statistics stay some megabytes. */
const mostSlices = 50
const mostCells = 20_000
const mostClasses = 50

/**
 * Statistics of the rows that a version brings, for each value of each declared slice column, and the balance of the declared label's classes. Rare values have
 * slices of their own. Declared columns that this version does not have are left out.
 */
export async function sliceStatistics(
  tables: TableEngine,
  relation: Relation,
  profile: Profile,
  { slices = [], label = null }: Declaration,
): Promise<VersionStatistics> {
  const columns: TableColumn[] = profile.columns.map(({ name, type }) => ({ name, type }))
  const has = (name: string): boolean => columns.some((column) => column.name === name)
  const classes = profile.columns.find((column) => column.name === label)?.distinct ?? 0
  // A label with more values than that is a number to be predicted, not a class.
  const by = label !== null && has(label) && classes > 0 && classes <= 1000 ? label : null
  const found: DatasetSlices[] = []
  for (const column of slices.filter(has)) found.push(await oneColumn(tables, relation, columns, column, by))
  if (by === null) return { slices: found, balance: null }
  const { rows } = await tables.query({
    sql: `select ${text(by)}, count(*) from data where ${sqlName(by)} is not null group by 1 order by 2 desc, 1 limit ${mostClasses}`,
    relations: { data: relation },
    trusted: true,
  })
  const { rows: total } = await tables.query({
    sql: `select count(${sqlName(by)}) from data`,
    relations: { data: relation },
    trusted: true,
  })
  const counted = rows.map(([value, count]) => ({ value: String(value), count: Number(count) }))
  return { slices: found, balance: balanceOf(by, counted, Number(total[0]?.[0] ?? 0)) }
}

/** A column of the rows, whatever else in the query has the same name. */
const named = (column: string): string => `data.${sqlName(column)}`

const text = (column: string): string => `left(${named(column)}::varchar, 200)`

async function oneColumn(
  tables: TableEngine,
  relation: Relation,
  columns: readonly TableColumn[],
  by: string,
  label: string | null,
): Promise<DatasetSlices> {
  const most = Math.max(1, Math.min(mostSlices, Math.floor(mostCells / Math.max(1, columns.length))))
  const rows: Slice[] = []
  for (const part of inParts(columns)) {
    const found = await readSlices(tables, relation, part, { by, label, most })
    for (const [index, slice] of found.entries()) {
      const before = rows[index]
      rows[index] = before ? { ...before, columns: [...before.columns, ...slice.columns] } : slice
    }
  }
  const [first] = rows
  return {
    column: by,
    slices: rows.map(({ value, rows: n, columns: statistics, balance }) => ({
      value,
      rows: n,
      columns: statistics,
      balance,
    })),
    otherSlices: (first?.allSlices ?? 0) - rows.length,
    otherRows: (first?.allRows ?? 0) - rows.reduce((sum, row) => sum + row.rows, 0),
  }
}

type Slice = DatasetSlices['slices'][number] & { allSlices: number; allRows: number }

/** The slices with most rows, some of the columns of each. */
async function readSlices(
  tables: TableEngine,
  relation: Relation,
  columns: readonly TableColumn[],
  { by, label, most }: { by: string; label: string | null; most: number },
): Promise<Slice[]> {
  const classes = label === null ? 'null' : `map_entries(histogram(${text(label)}))`
  const first = columns.flatMap((column, index) => [
    `${statisticsSql(column)} as c${index}`,
    `${medianSql(column)} as m${index}`,
  ])
  // A value that more than half of the rows have is the median, in any order of the values.
  const second = columns.map((column, index) =>
    profileKind(column.type) === 'opaque'
      ? `0 as k${index}`
      : `count(*) filter (${valueSql(column)} = m${index}) as k${index}`,
  )
  const { rows } = await tables.query({
    sql: `with sizes as (select ${text(by)} as value, count(*) as n from data group by 1),
      kept as (select * from sizes order by n desc, value limit ${most}),
      stats as (select kept.value, kept.n, ${classes} as classes, ${first.join(', ')}
        from data join kept on ${text(by)} is not distinct from kept.value group by kept.value, kept.n),
      medians as (select stats.value, ${second.join(', ')}
        from data join stats on ${text(by)} is not distinct from stats.value group by stats.value)
      select stats.value, stats.n, (select count(*) from sizes), (select sum(n) from sizes), classes,
        ${columns.map((_, index) => `c${index}, m${index}::varchar, k${index}`).join(', ')}
      from stats join medians on stats.value is not distinct from medians.value order by stats.n desc, stats.value`,
    relations: { data: relation },
    trusted: true,
  })
  return rows.map((row) => ({
    value: row[0] === null ? null : String(row[0]),
    rows: Number(row[1]),
    allSlices: Number(row[2]),
    allRows: Number(row[3]),
    balance: label === null ? null : sliceBalance(label, row[4]),
    columns: columns.map((column, index) =>
      sliceColumn(column, Number(row[1]), row.slice(5 + 3 * index, 8 + 3 * index)),
    ),
  }))
}

interface Found {
  count: number
  distinct: number
  min?: number | null
  max?: number | null
  mean?: number | null
  std?: number | null
  quantiles?: number[] | null
}

/** What a column is counted by: dates by their number, text cut as in the profile, numbers when they are finite. */
function valueSql({ name, type }: TableColumn): string {
  const column = named(name)
  const kind = profileKind(type)
  if (kind === 'temporal') return `case when isfinite(${column}) then epoch_ms(${column}::timestamp)::double end`
  return kind === 'numeric' ? `case when abs(${column}::double) <= 1e150 then ${column}::double end` : text(name)
}

function statisticsSql(column: TableColumn): string {
  const kind = profileKind(column.type)
  const count = `'count': count(${named(column.name)})`
  if (kind === 'opaque') return `{${count}, 'distinct': 0}`
  const value = valueSql(column)
  const shared = [count, `'distinct': approx_count_distinct(${value})`]
  if (kind !== 'categorical')
    shared.push(
      `'min': min(${value})`,
      `'max': max(${value})`,
      `'mean': avg(${value})`,
      `'std': stddev_samp(${value})`,
      `'quantiles': quantile_cont(${value}, [0.05, 0.25, 0.5, 0.75, 0.95])`,
    )
  return `{${shared.join(', ')}}`
}

const medianSql = (column: TableColumn): string =>
  profileKind(column.type) === 'opaque' ? 'null' : `quantile_disc(${valueSql(column)}, 0.5)`

const round = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value.toPrecision(10))

function sliceColumn({ name, type }: TableColumn, rows: number, cells: unknown[]): SliceColumn {
  const [found, median, same] = cells as [Found, string | null, number]
  const majority = median !== null && same * 2 > found.count
  const shown = profileKind(type) === 'numeric' ? String(Number(median)) : String(median)
  return {
    name,
    count: found.count,
    nulls: rows - found.count,
    distinct: Math.min(found.distinct, found.count),
    min: found.min ?? null,
    max: found.max ?? null,
    mean: round(found.mean),
    std: round(found.std),
    quantiles: found.quantiles?.map((value) => round(value) as number) ?? null,
    majority: majority ? { value: shown, share: round(same / found.count) as number } : null,
    lowVariance: majority && same / found.count >= lowVarianceShare,
  }
}

function sliceBalance(label: string, entries: unknown): ClassBalance {
  const counted = ((entries ?? []) as { key: string; value: number }[])
    .map(({ key, value }) => ({ value: String(key), count: Number(value) }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
  const rows = counted.reduce((sum, { count }) => sum + count, 0)
  return balanceOf(label, counted.slice(0, mostClasses), rows)
}

/** Evenness: entropy of the classes over the entropy of as many equal ones (Pielou, J. Theor. Biol. 13, 1966). */
export function balanceOf(column: string, classes: ClassBalance['classes'], rows: number): ClassBalance {
  const other = rows - classes.reduce((sum, { count }) => sum + count, 0)
  const entropy = classes.reduce((sum, { count }) => sum - (count / rows) * Math.log(count / rows), 0)
  const evenness = classes.length < 2 || other > 0 ? null : Number((entropy / Math.log(classes.length)).toPrecision(6))
  return { column, rows, classes, other, evenness }
}
