import type { TableType } from '../../../kernel/ports/index.ts'
import type { OpenedTable } from './table-files.ts'

/** A column that some of the tables have: `at` is its place in each, or -1. */
export interface SharedColumn {
  readonly name: string
  readonly type: TableType
  readonly at: readonly number[]
}

/** How far apart the first rows of two tables lie in the order of a comparison. */
const stride = 1_000_000_000
const longestText = 200

/** Every column of the tables, in the order in which they have them; a column with different types is compared as numbers or as text. */
export function sharedColumns(tables: readonly OpenedTable[]): SharedColumn[] {
  const names = [...new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name)))]
  return names.map((name) => {
    const at = tables.map(({ columns }) => columns.findIndex((one) => one.name === name))
    const types = new Set(at.flatMap((place, table) => tables[table]?.columns[place]?.type ?? []))
    const numbers = [...types].every((type) => type === 'integer' || type === 'number')
    const [first = 'string'] = types
    return { name, type: types.size === 1 ? first : numbers ? 'number' : 'string', at }
  })
}

/** SQL over `t0`, `t1`, … that puts rows of one key, or of one place, beside each other. */
export function comparisonSql(
  tables: readonly OpenedTable[],
  columns: readonly SharedColumn[],
  key: string | undefined,
) {
  const parts = tables.map((table, at) => {
    const shared = columns.map((column, place) => `${valueOf(table, column, at)} as c${place}`)
    const found = columns.find(({ name }) => name === key)
    const id = found ? `coalesce(cast(${valueOf(table, found, at)} as varchar), '')` : undefined
    const rows = `p${at} as (select row_number() over () as n${id ? `, ${id} as k` : ''}, ${shared.join(', ')} from t${at})`
    // Of several rows with one key the first belongs to the first, and so on.
    const keyed = id
      ? `select *, row_number() over (partition by k order by n) as o from p${at}`
      : `select *, n as k, 1 as o from p${at}`
    return `${rows}, r${at} as (${keyed})`
  })
  const ids = tables.map((_, at) => `select k, o, ${at * stride} + n as place from r${at}`).join(' union all ')
  const others = tables.map((_, at) => at).slice(1)
  // A column that only one of the two has is told once, by its head, and not in every row.
  const both = (at: number, place: number) => columns[place]?.at[at] !== -1 && columns[place]?.at[0] !== -1
  const differs = (at: number, place: number) =>
    both(at, place) ? `(r${at}.c${place} is distinct from r0.c${place})` : 'false'
  const anyOf = (terms: readonly string[]) => (terms.length === 0 ? 'false' : `(${terms.join(' or ')})`)
  const places = columns.map((_, place) => place)
  const missing = others.map((at) => `((r${at}.n is null) <> (r0.n is null))`)
  const changed = others.flatMap((at) => places.map((place) => differs(at, place)))
  const from = `from ids ${tables.map((_, at) => `left join r${at} on r${at}.k = ids.k and r${at}.o = ids.o`).join(' ')}`
  const start = `with ${parts.join(', ')}, ids as (select k, o, min(place) as place from (${ids}) group by k, o)`
  return {
    /** One row: all rows, those that differ, and of each column in how many rows it does. A row that a table lacks counts for no column. */
    counts: `${start} select count(*), count(*) filter (where ${anyOf([...missing, ...changed])})${places
      .map((place) => {
        const here = others.map((at) => `(r${at}.n is not null and r0.n is not null and ${differs(at, place)})`)
        return `, count(*) filter (where ${anyOf(here)})`
      })
      .join('')} ${from}`,
    /** Rows after a place: place, key, and of each table whether it has the row, its texts, and for each column 1 where it differs. */
    page: (after: number, limit: number, differing: boolean): string => {
      const cells = tables.flatMap((_, at) => [
        `r${at}.n is not null`,
        ...places.map((place) => `left(cast(r${at}.c${place} as varchar), ${longestText})`),
        `concat('', ${places.map((place) => `case when r0.n is not null and r${at}.n is not null and ${differs(at, place)} then '1' else '0' end`).join(', ')})`,
      ])
      const only = differing ? ` and ${anyOf([...missing, ...changed])}` : ''
      return `${start} select ids.place, left(cast(ids.k as varchar), ${longestText}), ${cells.join(', ')} ${from} where ids.place > ${after}${only} order by ids.place limit ${limit}`
    },
  }
}

function valueOf(table: OpenedTable, { at: places, type }: SharedColumn, at: number): string {
  const column = table.columns[places[at] ?? -1]
  if (!column) return `cast(null as ${sqlTypes[type]})`
  const name = `"${column.column.replaceAll('"', '""')}"`
  return `cast(${name} as ${sqlTypes[type]})`
}

/** What values are compared as. */
const sqlTypes: Readonly<Record<TableType, string>> = {
  boolean: 'boolean',
  integer: 'hugeint',
  number: 'double',
  string: 'varchar',
  timestamp: 'timestamp',
  date: 'date',
  json: 'varchar',
  binary: 'varchar',
}
