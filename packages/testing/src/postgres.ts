import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { startPostgres } from './start-postgres.ts'

/**
 * Where the test run's global setup hands out the shared server; absent outside of `vitest`. Without the prefix of the
 * program's settings, because servers that tests start inherit it.
 */
export const postgresBrokerVariable = 'TEST_POSTGRES_BROKER'

let server: Promise<string> | undefined
let template: Promise<void> | undefined

/**
 * Makes an empty database on the real Postgres of this test run, which starts with the first call. `drop` ends every
 * connection to it. Outside of `vitest` the calling process gets a server of its own, which ends with the process.
 */
export async function createPostgresDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  return copyOf('template0')
}

const migrated = 'test_migrated'

/** The same with the schema as `migrate` makes it, which happens once in a test run: the others get a copy. */
export async function createMigratedPostgresDatabase(
  migrate: (url: string) => Promise<void>,
): Promise<{ url: string; drop(): Promise<void> }> {
  template ??= makeTemplate(migrate)
  await template
  return copyOf(migrated)
}

async function makeTemplate(migrate: (url: string) => Promise<void>): Promise<void> {
  server ??= findServer()
  const client = new Client({ connectionString: await server })
  await client.connect()
  try {
    // Several files of tests begin at once; the others wait for the first.
    await client.query('select pg_advisory_lock(5081623)')
    const { rowCount } = await client.query('select from pg_database where datname = $1', [migrated])
    if (rowCount) return
    const { url } = await copyOf('template0')
    await migrate(url)
    await client.query(`alter database ${new URL(url).pathname.slice(1)} rename to ${migrated}`)
  } finally {
    await client.end()
  }
}

async function copyOf(source: string): Promise<{ url: string; drop(): Promise<void> }> {
  server ??= findServer()
  const admin = await server
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(admin, `create database ${name} template ${source} strategy wal_log`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => execute(admin, `drop database if exists ${name} with (force)`) }
}

async function findServer(): Promise<string> {
  const broker = process.env[postgresBrokerVariable]
  if (!broker) return (await startPostgres()).url
  const answer = await fetch(broker)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** How many connections others have to a database. */
export async function countConnections(url: string): Promise<number> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    return rows[0]?.n ?? 0
  } finally {
    await client.end()
  }
}
