import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { createPostgresDatabase, createWorld, type World } from '@trivium/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../kernel/egress/index.ts'
import { describePlace } from '../../kernel/places/place.conformance.ts'
import { createBlobLocal } from '../../testing.ts'
import { createPlacePostgres } from './place-postgres.ts'

const egress = createEgress({ allow: '127.0.0.1,localhost' })
let world: World
let database: Awaited<ReturnType<typeof createPostgresDatabase>>
let client: Client
beforeAll(async () => {
  world = await createWorld({})
  database = await createPostgresDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
  await world.close()
})

const settings = (project: string, query = 'sslmode=disable') => {
  const { host, pathname, username, password } = new URL(database.url)
  return { project, address: `postgresql://${host}${pathname}?${query}`, username, secret: password || null }
}

describePlace('a Postgres database', {
  db: () => world.kernel.db,
  ownStore: (root, chunks) => createBlobLocal({ root, sync: false, chunks }),
  place: () => ({
    place: (project) => createPlacePostgres(settings(project), egress),
    overwrite: async (project, { key }, bytes) => {
      await client.query('delete from trivium_content.piece where key = $1', [`${project}/${key}`])
      for (let number = 0; number * 2 ** 20 < bytes.length; number += 1)
        await client.query('insert into trivium_content.piece values ($1, $2, $3)', [
          `${project}/${key}`,
          number,
          bytes.subarray(number * 2 ** 20, (number + 1) * 2 ** 20),
        ])
    },
    residue: async (project) => {
      const { rows } = await client.query(
        "select key from trivium_content.content where key like $1 || '/%' union select key from trivium_content.piece where key like $1 || '/%'",
        [project],
      )
      return (rows as { key: string }[]).map(({ key }) => key)
    },
  }),
})

describe('Postgres: what it says', () => {
  test('a wrong password, a database that is not there and a server that is not there are told apart', async () => {
    const known = settings('p')
    const missing = createPlacePostgres(
      { ...known, address: known.address.replace(/\/test_[^?]*/, '/nowhere') },
      egress,
    )
    await expect(missing.owner()).rejects.toThrow(/database "nowhere" does not exist/)
    const nobody = createPlacePostgres({ ...known, username: 'nobody' }, egress)
    await expect(nobody.owner()).rejects.toThrow(/nobody/)
    const gone = createPlacePostgres({ ...known, address: 'postgresql://127.0.0.1:1/x?sslmode=disable' }, egress)
    await expect(gone.owner()).rejects.toMatchObject({ again: true, message: expect.stringContaining('ECONNREFUSED') })
  })

  test('an internal address that nobody allowed, and a connection without TLS, are refused', async () => {
    const strict = createEgress({ allow: '' })
    await expect(createPlacePostgres(settings('p'), strict).owner()).rejects.toMatchObject({ code: 'EGRESS.PLAIN' })
    await expect(createPlacePostgres(settings('p', 'sslmode=require'), strict).owner()).rejects.toMatchObject({
      code: 'EGRESS.DENIED',
    })
  })

  test('without sslmode=disable nothing is sent to a server that has no TLS', async () => {
    const place = createPlacePostgres(settings('p', ''), egress)
    await expect(place.owner()).rejects.toThrow(/does not support SSL/)
  })

  test('a server whose certificate nobody vouches for is not told the password', async () => {
    const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../kernel/http/fixtures', name))
    const [key, cert] = [fixture('first-key.pem'), fixture('first-certificate.pem')]
    let said = ''
    const server = createServer((socket) => {
      // The client asks for TLS, and gets it.
      socket.once('data', () => {
        socket.write('S')
        const secure = new TLSSocket(socket, { isServer: true, key, cert })
        secure.on('data', (chunk) => (said += chunk.toString('latin1')))
        secure.on('error', () => {})
      })
      socket.on('error', () => {})
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    try {
      const address = `postgresql://localhost:${(server.address() as AddressInfo).port}/x`
      const place = createPlacePostgres({ project: 'p', address, username: 'me', secret: 'hunter2' }, egress)
      await expect(place.owner()).rejects.toThrow(/self-signed certificate/)
      expect(said).toBe('')
    } finally {
      server.close()
    }
  })

  test('tables are in the schema that the address names, and a name that is none is refused', async () => {
    const place = createPlacePostgres(settings('p', 'sslmode=disable&schema=models'), egress)
    await place.claim('mine')
    expect(await place.owner()).toBe('mine')
    await place.close()
    expect((await client.query('select instance from models.owner')).rows).toEqual([{ instance: 'mine' }])
    expect(() => createPlacePostgres(settings('p', 'schema=x;drop'), egress)).toThrow('no name of a schema')
  })
})
