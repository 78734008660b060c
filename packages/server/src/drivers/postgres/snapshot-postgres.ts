import pg from 'pg'
import type { SqlValue } from '../../kernel/db/database.ts'
import type { DatabaseSnapshot } from '../../kernel/ports/index.ts'

const rowsAtOnce = 2000
const int8 = 20

/** One read-only transaction at REPEATABLE READ: every query of it sees the same moment. */
export async function snapshotPostgres({ url }: { url: string }): Promise<DatabaseSnapshot> {
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
  }
  const client = new pg.Client({ connectionString: url, types: types as unknown as pg.CustomTypesConfig })
  await client.connect()
  await client.query('begin transaction isolation level repeatable read, read only')
  return {
    dialect: 'postgres',
    tables: async () =>
      (
        await client.query<{ name: string }>(
          `select table_name as name from information_schema.tables
           where table_schema = current_schema() and table_type = 'BASE TABLE' order by table_name collate "C"`,
        )
      ).rows.map(({ name }) => name),
    rows: async function* (table) {
      const columns = (
        await client.query<{ name: string }>(
          `select column_name as name from information_schema.columns
           where table_schema = current_schema() and table_name = $1 order by column_name collate "C"`,
          [table],
        )
      ).rows.map(({ name }) => name)
      const list = columns.map((column) => `"${column}"`).join(', ')
      await client.query(`declare backup_rows no scroll cursor for select ${list} from "${table}"`)
      try {
        for (;;) {
          const { rows } = await client.query<SqlValue[]>({
            text: `fetch ${rowsAtOnce} from backup_rows`,
            rowMode: 'array',
          })
          yield { columns, rows }
          if (rows.length < rowsAtOnce) break
        }
      } finally {
        // Also where the reader stopped early: the next table is read by a cursor of that name.
        await client.query('close backup_rows')
      }
    },
    close: async () => client.end(),
  }
}
