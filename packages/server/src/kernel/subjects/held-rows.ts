import type { TableColumn, TableParam } from '../ports/index.ts'
import { sqlName } from '../tables/column-sql.ts'
import { keyMark } from './sealed-text.ts'

/** How rows of one person are found in a table: by what his key has sealed, and by his name where that is not sealed. */
export interface HeldRows {
  /** Condition over a row: a value in it is sealed with his key. */
  readonly sealed: string
  /** Condition over a row: it is about him. */
  readonly where: string
  readonly params: TableParam[]
}

/** undefined where no column could tell. `naming` are columns that say whose a row is. */
export function heldRows(
  { subject, keyId }: { subject: string; keyId: string | undefined },
  columns: { sealed: readonly string[]; naming: readonly string[] },
): HeldRows | undefined {
  const any = (conditions: readonly string[]): string =>
    conditions.length === 0 ? 'false' : `coalesce(${conditions.join(' or ')}, false)`
  const ofKey = keyId === undefined ? [] : columns.sealed.map((name) => `starts_with(${sqlName(name)}::varchar, $1)`)
  const ofName = columns.naming.map((name) => `${sqlName(name)}::varchar = $2`)
  if (ofKey.length + ofName.length === 0) return undefined
  const sealed = any(ofKey)
  return {
    sealed,
    // Both parameters are in every query, whatever the columns are.
    where: `(${sealed} or ${any(ofName)}) and $1::varchar is not null and $2::varchar is not null`,
    params: [keyId === undefined ? '' : keyMark(keyId), subject],
  }
}

/** Columns that may hold sealed texts. */
export const textColumns = (columns: readonly TableColumn[]): string[] =>
  columns.flatMap(({ name, type }) => (type === 'string' ? [name] : []))
