import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import { parsePattern, postgresPattern } from '../../../kernel/text-pattern/index.ts'
import type { Comparator } from './filter-tree.ts'

export type Condition = RawBuilder<SqlBool>

const operators: Partial<Record<Comparator, string>> = {
  '=': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}

/** `column OPERATOR value` for numbers. */
export function compileNumber(
  column: RawBuilder<unknown>,
  comparator: Comparator,
  value: number | readonly number[],
): Condition {
  if (typeof value !== 'number') return compileList(column, comparator, value)
  return sql<SqlBool>`${column} ${sql.raw(operators[comparator] as string)} ${value}`
}

function compileList(
  column: RawBuilder<unknown>,
  comparator: Comparator,
  values: readonly (string | number)[],
): Condition {
  const list = sql.join(values.map((value) => sql`${value}`))
  return comparator === 'IN' ? sql<SqlBool>`${column} in (${list})` : sql<SqlBool>`${column} not in (${list})`
}

/** A comparison of text: LIKE is case-sensitive, ILIKE is not, `%` and `_` are the wildcards, a backslash is only itself. */
export function compileText(
  dialect: Dialect,
  column: RawBuilder<unknown>,
  comparator: Comparator,
  value: string | readonly string[] | readonly number[],
): Condition {
  if (typeof value !== 'string') return compileList(column, comparator, value)
  if (comparator === 'RLIKE')
    return dialect === 'sqlite'
      ? sql<SqlBool>`text_matches(${value}, ${column}) = 1`
      : sql<SqlBool>`${column} ~ ${postgresPattern(parsePattern(value))}`
  if (comparator === 'LIKE')
    return dialect === 'sqlite'
      ? sql<SqlBool>`${column} glob ${globOf(value)}`
      : sql<SqlBool>`${column} like ${value} escape ''`
  if (comparator === 'ILIKE')
    return dialect === 'sqlite'
      ? sql<SqlBool>`lower(${column}) glob ${globOf(value.toLowerCase())}`
      : sql<SqlBool>`${column} ilike ${value} escape ''`
  return sql<SqlBool>`${column} ${sql.raw(operators[comparator] as string)} ${value}`
}

/** SQLite's LIKE ignores case; its GLOB does not. */
function globOf(pattern: string): string {
  return pattern.replaceAll(/[*?[]|%|_/g, (c) => (c === '%' ? '*' : c === '_' ? '?' : `[${c}]`))
}
