import type { SqlValue } from '../db/database.ts'

/** All rows of the database as they were at one moment, whatever is written meanwhile. */
export interface DatabaseSnapshot {
  readonly dialect: 'sqlite' | 'postgres'
  /** Names of the program's tables, in order of their names. */
  tables(): Promise<string[]>
  /** Rows in pieces of a few thousand; the columns are in the order of their names. */
  rows(table: string): AsyncIterable<{ readonly columns: readonly string[]; readonly rows: readonly SqlValue[][] }>
  close(): Promise<void>
}
