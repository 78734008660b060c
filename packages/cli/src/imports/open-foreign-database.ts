import { DatabaseSync } from 'node:sqlite'
import { FailedError } from '../fail.ts'

export type Row = Readonly<Record<string, unknown>>

/** A database of another program, read only. Parameters are written `?`. */
export interface ForeignDatabase {
  readonly rows: (sql: string, parameters?: readonly (string | number)[]) => Promise<readonly Row[]>
  /** Names of the columns of a table; empty where there is no such table. */
  readonly columns: (table: string) => Promise<ReadonlySet<string>>
  readonly close: () => Promise<void>
}

/** Opens a SQLite file or a Postgres database of another program for reading. Whole numbers of SQLite come as bigint, of Postgres as text. */
export async function openForeignDatabase(
  place: { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string },
): Promise<ForeignDatabase> {
  if (place.kind === 'postgres') {
    const { openForeignPostgres } = await import('@trivium/server')
    return openForeignPostgres(place.url)
  }
  let database: DatabaseSync
  try {
    database = new DatabaseSync(place.path, { readOnly: true })
    database.prepare('select name from sqlite_master limit 1').all()
  } catch (error) {
    throw new FailedError(`"${place.path}" cannot be read as a SQLite database: ${(error as Error).message}.`)
  }
  return {
    rows: async (sql, parameters = []) => {
      const statement = database.prepare(sql)
      statement.setReadBigInts(true)
      return statement.all(...parameters) as Row[]
    },
    columns: async (table) =>
      new Set(
        (database.prepare('select name from pragma_table_info(?)').all(table) as { name: string }[]).map(
          ({ name }) => name,
        ),
      ),
    close: async () => database.close(),
  }
}
