/** A Postgres database of another program, for reading. Whole numbers of 64 bits come as text. */
export interface ForeignPostgres {
  readonly rows: (
    sql: string,
    parameters?: readonly (string | number)[],
  ) => Promise<Readonly<Record<string, unknown>>[]>
  readonly columns: (table: string) => Promise<ReadonlySet<string>>
  readonly close: () => Promise<void>
}

/** Connects and begins one transaction that only reads and sees one state of the database. Parameters are written `?`. */
export async function openForeignPostgres(url: string): Promise<ForeignPostgres> {
  // Only who imports needs the client: a server on SQLite does without.
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url, application_name: 'trivium import' })
  await client.connect()
  await client.query('begin transaction isolation level repeatable read read only')
  return {
    rows: async (sql, parameters = []) => {
      let number = 0
      const text = sql.replaceAll('?', () => `$${(number += 1)}`)
      return (await client.query(text, [...parameters])).rows as Readonly<Record<string, unknown>>[]
    },
    columns: async (table) => {
      const { rows } = await client.query(
        'select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1',
        [table],
      )
      return new Set((rows as { name: string }[]).map(({ name }) => name))
    },
    close: () => client.end(),
  }
}
