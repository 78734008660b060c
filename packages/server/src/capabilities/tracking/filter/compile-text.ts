import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../../../kernel/db/index.ts'
import type { Comparator } from './parse-filter.ts'

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
export function compileNumber(column: RawBuilder<unknown>, comparator: Comparator, value: number): Condition {
  return sql<SqlBool>`${column} ${sql.raw(operators[comparator] as string)} ${value}`
}

/** A comparison of text: LIKE is case-sensitive, ILIKE is not, `%` and `_` are the wildcards, a backslash is only itself. */
export function compileText(
  dialect: Dialect,
  column: RawBuilder<unknown>,
  comparator: Comparator,
  value: string | readonly string[],
): Condition {
  if (typeof value !== 'string') {
    const list = sql.join(value.map((v) => sql`${v}`))
    return comparator === 'IN' ? sql<SqlBool>`${column} in (${list})` : sql<SqlBool>`${column} not in (${list})`
  }
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
