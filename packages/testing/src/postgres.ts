import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { startPostgres } from './start-postgres.ts'

/**
 * Where the test run's global setup hands out the shared server; absent outside of `vitest`. Without the prefix of the
 * program's settings, because servers that tests start inherit it.
 */
export const postgresBrokerVariable = 'TEST_POSTGRES_BROKER'

let server: Promise<string> | undefined

/**
 * Makes an empty database on the real Postgres of this test run, which starts with the first call. `drop` ends every
 * connection to it. Outside of `vitest` the calling process gets a server of its own, which ends with the process.
 */
export async function createPostgresDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  server ??= findServer()
  const admin = await server
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(admin, `create database ${name} template template0 strategy wal_log`)
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
