import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import type { Pool, PoolClient } from 'pg'
import type { Egress } from '../../kernel/egress/index.ts'
import { type ContentPlace, PlaceFailure } from '../../kernel/ports/index.ts'

const pieceSize = 1024 * 1024
const schemaPattern = /^[a-z_][a-z0-9_]{0,62}$/
const passing: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '53300', '40001', '40P01'])

/**
 * Content in a Postgres database that is in use already, in a schema of its own: a row for each content and its bytes in rows of pieces, written in one transaction.
 * The address is `postgresql://HOST:PORT/DATABASE`, with `?schema=NAME` for another schema and `?sslmode=disable` where TLS may be left out.
 */
export function createPlacePostgres(
  {
    project,
    address,
    username,
    secret,
  }: { project: string; address: string; username: string | null; secret: string | null },
  egress: Egress,
): ContentPlace {
  const url = new URL(address)
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  const port = Number(url.port || 5432)
  const tls = url.searchParams.get('sslmode') !== 'disable'
  const schema = url.searchParams.get('schema') ?? 'trivium_content'
  if (!schemaPattern.test(schema))
    throw new PlaceFailure(`"${schema}" is no name of a schema: lower-case letters, digits and underscores.`)
  let opening: Promise<Pool> | undefined
  let ready: Promise<void> | undefined

  const connect = async (): Promise<Pool> => {
    // Checked where it is connected to, so that a name that leads elsewhere the next time gains nothing.
    const checked = await egress.resolve('content-places', { host, port, tls })
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({
      host: checked,
      port,
      database: decodeURIComponent(url.pathname.slice(1)),
      user: username ?? undefined,
      password: secret ?? undefined,
      ssl: tls ? (isIP(host) === 0 ? { servername: host } : {}) : false,
      max: 4,
      idleTimeoutMillis: 5000,
      connectionTimeoutMillis: 10_000,
      application_name: 'trivium content',
      allowExitOnIdle: true,
    })
    pool.on('error', () => {})
    return pool
  }
  const makeTables = async (client: PoolClient): Promise<void> => {
    const { rows } = await client.query('select to_regclass($1) as found', [`${schema}.piece`])
    if ((rows as { found: string | null }[])[0]?.found) return
    // Of several that come at the same time one makes them.
    await client.query('begin')
    try {
      await client.query('select pg_advisory_xact_lock(7153021)')
      const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schema])
      if (!rowCount) await client.query(`create schema ${schema}`)
      await client.query(
        `create table if not exists ${schema}.owner (project text primary key, instance text not null)`,
      )
      await client.query(
        `create table if not exists ${schema}.content (key text primary key, size bigint not null, stored_at timestamptz not null default now())`,
      )
      await client.query(
        `create table if not exists ${schema}.piece (key text not null references ${schema}.content on delete cascade, number integer not null, bytes bytea not null, primary key (key, number))`,
      )
      await client.query(`alter table ${schema}.piece alter column bytes set storage external`)
      await client.query('commit')
    } catch (error) {
      await client.query('rollback').catch(() => {})
      throw error
    }
  }
  const within = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    let client: PoolClient | undefined
    let broken = true
    try {
      const pool = await (opening ??= connect())
      client = await pool.connect()
      const connected = client
      await (ready ??= makeTables(connected))
      const done = await work(connected)
      broken = false
      return done
    } catch (error) {
      if (client === undefined) opening = undefined
      ready = undefined
      throw translated(error, host, secret)
    } finally {
      // One on which something failed may be in the middle of a transaction.
      client?.release(broken)
    }
  }
  const nameOf = (key: string): string => `${project}/${key}`

  return {
    owner: () =>
      within(async (client) => {
        const { rows } = await client.query(`select instance from ${schema}.owner where project = $1`, [project])
        return (rows as { instance: string }[])[0]?.instance
      }),
    claim: (instance) =>
      within(async (client) => {
        await client.query(`insert into ${schema}.owner (project, instance) values ($1, $2) on conflict do nothing`, [
          project,
          instance,
        ])
      }),
    put: ({ digest, size, path }, { fresh }) =>
      within(async (client) => {
        const key = `${digest}${fresh ? `.${randomBytes(6).toString('hex')}` : ''}`
        await client.query('begin')
        // The row is ours until the end: who stores the same content waits and finds it there.
        const { rowCount } = await client.query(
          `insert into ${schema}.content (key, size) values ($1, $2) on conflict do nothing`,
          [nameOf(key), size],
        )
        if (rowCount) {
          let number = 0
          for await (const bytes of createReadStream(path, { highWaterMark: pieceSize })) {
            await client.query(`insert into ${schema}.piece (key, number, bytes) values ($1, $2, $3)`, [
              nameOf(key),
              number,
              bytes,
            ])
            number += 1
          }
        }
        await client.query('commit')
        return key
      }),
    get: ({ key, size }, range) =>
      within(async (client) => {
        const { rowCount } = await client.query(`select 1 from ${schema}.content where key = $1`, [nameOf(key)])
        if (!rowCount) return undefined
        return Readable.from(piecesOf(nameOf(key), range ?? { start: 0, end: size - 1 }), { objectMode: false })
      }),
    delete: ({ key }) =>
      within(async (client) => {
        await client.query(`delete from ${schema}.content where key = $1`, [nameOf(key)])
      }),
    close: async () => {
      await (await opening)?.end()
    },
  }

  /** One piece after the other; a reader that is slow holds no connection. */
  async function* piecesOf(name: string, { start, end }: { start: number; end: number }): AsyncGenerator<Buffer> {
    for (let number = Math.floor(start / pieceSize); number * pieceSize <= end; number += 1) {
      const { rows } = await within((client) =>
        client.query(`select bytes from ${schema}.piece where key = $1 and number = $2`, [name, number]),
      )
      const bytes = (rows as { bytes: Buffer }[])[0]?.bytes
      if (!bytes) return
      const from = number * pieceSize
      yield bytes.subarray(Math.max(0, start - from), Math.max(0, end + 1 - from))
    }
  }
}

function translated(error: unknown, host: string, secret: string | null): unknown {
  const { code = '', message } = error as { code?: string; message: string }
  if (code.startsWith('EGRESS.') || error instanceof PlaceFailure) return error
  const lost = /^(ECONN|EPIPE|ETIMEDOUT|EHOST)/.test(code) || /terminated|timeout|closed/i.test(message)
  const words = secret ? message.replaceAll(secret, '…') : message
  return new PlaceFailure(`${host}: ${words || code}.`.replace('..', '.'), { again: lost || passing.has(code) })
}
