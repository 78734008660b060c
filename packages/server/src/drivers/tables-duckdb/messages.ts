import type { TableFormat, TableQuery } from '../../kernel/ports/table-engine.ts'
import type { tablesErrors } from '../../kernel/tables/table-errors.ts'

/** What the parent sends first: how the child opens DuckDB. */
export type ChildSettings = {
  /** One engine for all calls (`shared`), or one for each call that can open only the call's files (`sealed`). */
  isolation: 'shared' | 'sealed'
  tempDir: string
  /** Memory of one DuckDB engine, as DuckDB writes it. */
  memoryLimit: string
  maxTempSize: string
  threads: number
  /** DuckDB keeps something of every file that it has read: after so many calls a shared engine is given up for a new one, which costs about as much as a query. */
  callsOfEngine: number
  /** What a shared engine may open. */
  allowedDirs: string[]
}

export type QueryCall = { kind: 'query'; query: TableQuery }
/** The file grows at `partial`, beside `path`, until it is whole. */
export type WriteCall = {
  kind: 'write'
  query: TableQuery
  output: { path: string; partial: string; format: TableFormat; groupRows?: number }
}
export type DescribeCall = { kind: 'describe'; file: { path: string; format: TableFormat } }
export type Call = QueryCall | WriteCall | DescribeCall

export type ToChild =
  | { type: 'settings'; settings: ChildSettings }
  | { type: 'call'; id: number; call: Call }
  | { type: 'cancel'; id: number }

export type ErrorName = keyof typeof tablesErrors
/** An error as it crosses the pipe; the parent makes the `AppError` from it. */
export type SentError = {
  [Name in ErrorName]: { name: Name; args: Parameters<(typeof tablesErrors)[Name]> }
}[ErrorName]

/** How a call ended. */
export type Ended = { id: number /** Resident memory of the child afterwards, in bytes. */; resident: number } & (
  | { type: 'done'; result: unknown }
  | { type: 'failed'; error: SentError }
  | { type: 'interrupted' }
)
export type FromChild = { type: 'ready' } | Ended
