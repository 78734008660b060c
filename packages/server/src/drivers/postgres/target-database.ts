import pg from 'pg'

/** How many others are connected to the database of this URL. */
export async function otherClients(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) as count from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    return Number(rows[0]?.count)
  })
}

/** Takes away the tables and sequences of a schema that was empty before. */
export async function emptySchema(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string; kind: string }>(
      `select quote_ident(relname) as name, relkind as kind from pg_class
       where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'S') order by relkind desc`,
    )
    for (const { name, kind } of rows)
      await client.query(`drop ${kind === 'S' ? 'sequence' : 'table'} if exists ${name} cascade`)
  })
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
