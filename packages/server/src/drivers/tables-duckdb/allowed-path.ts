import { isAbsolute, resolve, sep } from 'node:path'
import { tablesErrors } from '../../kernel/tables/table-errors.ts'

/** Throws unless the path is plain (absolute, no `..`, none of DuckDB's wildcards) and inside one of the directories. */
export function requireAllowedPath(path: string, dirs: readonly string[]): void {
  if (!isAbsolute(path) || resolve(path) !== path)
    throw tablesErrors.FORBIDDEN(`The path "${path}" is not an absolute, plain path.`)
  if (/[*?[\]]/.test(path)) throw tablesErrors.FORBIDDEN(`The path "${path}" contains a wildcard.`)
  if (!dirs.some((dir) => path.startsWith(dir.endsWith(sep) ? dir : dir + sep))) {
    throw tablesErrors.FORBIDDEN(`The path "${path}" is outside the directories that the table engine may open.`)
  }
}
