import { randomBytes } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Client, createS3Place, createWorld, describeEachDatabase } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { createPlacedBlobs, createPlacedIndex, createPlaces } from '../../kernel/places/index.ts'
import type { BlobStore } from '../../kernel/ports/index.ts'
import { openDrivers } from '../../testing.ts'

/** Stands before a real server, wants a password, and does not answer when it is told so. */
async function startGuard(files: string): Promise<{ address: string; up: boolean; every: number; close(): void }> {
  const guard = { address: '', up: true, every: 0, close: () => {} }
  let seen = 0
  const wanted = `Basic ${Buffer.from('trivium:right-password').toString('base64')}`
  const server: Server = createServer((incoming, outgoing) => {
    seen += 1
    if (!guard.up || (guard.every > 0 && seen % guard.every === 0)) return void incoming.socket.destroy()
    if (incoming.headers.authorization !== wanted) {
      incoming.resume()
      return void outgoing.writeHead(401).end()
    }
    const { method, headers } = incoming
    const onward = request(`${files}${incoming.url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  guard.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${randomBytes(6).toString('hex')}`
  guard.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return guard
}

describeEachDatabase(
  'places of content',
  ({ world }) => {
    let guard: Awaited<ReturnType<typeof startGuard>>
    beforeAll(async () => {
      guard = await startGuard((await createS3Place()).files)
    })
    afterAll(() => guard.close())
    const choice = (more: Record<string, unknown> = {}) => ({
      kind: 'http',
      address: guard.address,
      username: 'trivium',
      secret: 'right-password',
      ...more,
    })
    const urlOf = (project: string, rest = 'content-place'): string => `/api/v1/projects/${project}/${rest}`
    const hold = (project: string, digest: string, size: number): Promise<void> =>
      world.kernel.db.write.transaction().execute((trx) =>
        addBlobRef(trx, {
          project,
          digest,
          owner: `trivium://${project}/run/${digest.slice(0, 32)}`,
          size,
          at: world.time.now,
        }),
      )
    const collect = async (client: Client): Promise<void> => {
      const { json } = await client.call('POST', '/api/v1/storage/collections', { dryRun: false })
      await expect
        .poll(async () => (await client.call('GET', `/api/v1/storage/collections/${json.id}`)).json.state, {
          timeout: 15_000,
        })
        .toBe('finished')
    }
    /** The store as another server of this database has it: nothing remembered, no copies. */
    const otherServer = (): BlobStore => {
      const { kernel } = world
      const { db, vault, egress, clock } = kernel
      const { drivers, ...placing } = openDrivers(kernel.config, { durable: false, db }).placing
      return createPlacedBlobs({
        ...placing,
        copies: { root: join(kernel.paths.tmp, randomBytes(6).toString('hex')), maxBytes: 2 ** 30 },
        own: kernel.ownBlobs,
        places: createPlaces({ db, vault, egress, drivers }),
        index: createPlacedIndex({ db, clock }),
        isReferred: async () => true,
        pauseMs: 5,
      })
    }
    const store = async (project: string, bytes: Buffer): Promise<string> => {
      const { digest, size } = await world.kernel.blobs.put(project, bytes)
      await hold(project, digest, size)
      return digest
    }

    test('what is new goes to the chosen place, what was stored before stays where it is, and after the place is left both are found', async () => {
      const project = await world.makeProject()
      const admin = await world.as('admin', project)
      const before = await store(project, Buffer.from('stored before'))
      const set = await admin.call('PUT', urlOf(project), choice({ address: `${guard.address}/` }))
      expect([set.status, set.json.places]).toMatchObject([
        200,
        [
          {
            kind: 'http',
            address: guard.address,
            username: 'trivium',
            credentials: 'password',
            current: true,
            contents: 0,
          },
        ],
      ])
      const after = await store(project, Buffer.from('stored after'))
      expect(await world.kernel.ownBlobs.has(project, after)).toBe(false)
      for (const [digest, text] of [
        [before, 'stored before'],
        [after, 'stored after'],
      ] as const)
        expect((await world.kernel.blobs.read(project, digest)).toString()).toBe(text)
      const shown = await (await world.as('viewer', project)).call('GET', urlOf(project, 'content-places'))
      expect(shown.json).toMatchObject({
        own: { contents: 1, bytes: 13 },
        places: [{ contents: 1, bytes: 12, damaged: 0 }],
      })
      const left = await admin.call('DELETE', urlOf(project))
      expect(left.json.places).toMatchObject([{ current: false, contents: 1 }])
      const own = await store(project, Buffer.from('own again'))
      expect(await world.kernel.ownBlobs.has(project, own)).toBe(true)
      expect((await world.kernel.blobs.read(project, after)).toString()).toBe('stored after')
      expect((await admin.call('DELETE', urlOf(project))).json.code).toBe('STORAGE.NO_PLACE')
      await world.settled(project)
      const events = await admin.call('GET', `${urlOf(project, 'events')}?name=content-place.chosen,content-place.left`)
      expect(events.json.events.map((event: { name: string; data: unknown }) => [event.name, event.data])).toEqual([
        ['content-place.left', { kind: 'http', address: guard.address }],
        ['content-place.chosen', { kind: 'http', address: guard.address }],
      ])
    })

    test('the password is sealed, shown nowhere, and replaced by choosing the place again', async () => {
      const project = await world.makeProject()
      const admin = await world.as('admin', project)
      const answers = [
        await admin.call('PUT', urlOf(project), choice()),
        await admin.call('GET', urlOf(project, 'content-places')),
        await admin.call('PUT', urlOf(project), choice({ secret: 'wrong-password' })),
      ]
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 422])
      expect(answers.map(({ text }) => text).join()).not.toMatch(/(right|wrong)-password/)
      const rows = await world.kernel.db.read.selectFrom('content_place').selectAll().execute()
      expect(JSON.stringify(rows)).not.toContain('right-password')
      expect(rows.filter((row) => row.project_id === project)).toHaveLength(1)
      expect((await admin.call('POST', `${urlOf(project)}/test`)).json).toMatchObject({ ok: true })
      const before = await world.kernel.sealedRows.use()
      expect(before.keys.reduce((sum, key) => sum + key.rows, 0)).toBeGreaterThan(0)
    })

    test('a place that does not work is not chosen, and a choice that cannot be one says why', async () => {
      const project = await world.makeProject()
      const admin = await world.as('admin', project)
      for (const [wrong, code, message] of [
        [{ secret: 'wrong' }, 'STORAGE.PLACE_UNUSABLE', /answered 401 .*credentials.*Nothing was changed/],
        [{ address: 'http://127.0.0.1:1/x' }, 'STORAGE.PLACE_UNUSABLE', /nothing listens there/],
        [{ address: 'http://192.168.7.7/x' }, 'EGRESS.PLAIN', /without TLS/],
        [{ address: 'https://169.254.169.254/x' }, 'EGRESS.DENIED', /internal address/],
        [{ address: 'https://me:hunter2@example.org/x' }, 'STORAGE.BAD_PLACE', /do not stand in the address/],
        [{ address: 'https://example.org/x?y=1' }, 'STORAGE.BAD_PLACE', /behind the \?/],
        [{ address: 'ftp://example.org/x' }, 'STORAGE.BAD_PLACE', /begins with https/],
        [{ kind: 'oci', address: 'https://example.org/Team' }, 'STORAGE.BAD_PLACE', /"Team" cannot be part/],
        [{ kind: 'postgres', address: 'postgresql://example.org/' }, 'STORAGE.BAD_PLACE', /names no database/],
      ] as const) {
        world.time.now += 61_000
        const refused = await admin.call('PUT', urlOf(project), choice(wrong))
        expect([refused.status, refused.json.code, refused.json.detail]).toEqual([
          422,
          code,
          expect.stringMatching(message),
        ])
        expect(refused.text).not.toContain('hunter2')
      }
      expect((await admin.call('GET', urlOf(project, 'content-places'))).json.places).toEqual([])
      expect((await (await world.as('maintainer', project)).call('PUT', urlOf(project), choice())).status).toBe(403)
    })

    test('a place is not tried more than six times a minute', async () => {
      const project = await world.makeProject()
      const admin = await world.as('admin', project)
      const tries = []
      for (let i = 0; i < 8; i += 1) tries.push(admin.call('PUT', urlOf(project), choice({ secret: 'wrong' })))
      expect((await Promise.all(tries)).filter(({ status }) => status === 429)).toHaveLength(2)
    })

    test('a place that another instance uses is refused', async () => {
      const [mine, theirs] = [
        await world.makeProject(),
        await createWorld({ configuration: { egressAllow: '127.0.0.1' } }),
      ]
      try {
        const admin = await world.as('admin', mine)
        expect((await admin.call('PUT', urlOf(mine), choice())).status).toBe(200)
        const other = await theirs.as('instance-admin')
        await other.call('POST', '/api/v1/projects', { name: mine })
        expect((await other.call('PUT', urlOf(mine), choice())).json).toMatchObject({ code: 'BLOB.FOREIGN' })
      } finally {
        await theirs.close()
      }
    })

    test('with connections that fail before and in the middle of answers nothing is lost and nothing is wrong', async () => {
      const project = await world.makeProject()
      expect((await (await world.as('admin', project)).call('PUT', urlOf(project), choice())).status).toBe(200)
      guard.every = 5
      try {
        const contents = Array.from({ length: 25 }, (_, i) => randomBytes(i % 5 === 0 ? 1_500_000 : 3000 + i))
        const digests: string[] = []
        for (const bytes of contents) digests.push(await store(project, bytes))
        const other = otherServer()
        for (const [i, digest] of digests.entries()) {
          const { stream } = await other.open(project, digest)
          expect(Buffer.concat(await stream.toArray()).equals(contents[i] as Buffer)).toBe(true)
        }
      } finally {
        guard.every = 0
      }
    })

    test('a choice that was made on another server is found at once', async () => {
      const project = await world.makeProject()
      const other = otherServer()
      expect(await other.has(project, 'a'.repeat(64))).toBe(false)
      await (await world.as('admin', project)).call('PUT', urlOf(project), choice())
      const digests = [await store(project, Buffer.from('one')), await store(project, Buffer.from('two'))] as const
      expect(await other.has(project, digests[0])).toBe(true)
      expect((await other.read(project, digests[0])).toString()).toBe('one')
      expect((await other.read(project, digests[1])).toString()).toBe('two')
      const { json } = await (await world.as('instance-admin')).call('GET', '/api/v1/connections')
      const host = new URL(guard.address).host
      expect(json.connections).toContainEqual(
        expect.objectContaining({
          name: `content-places@${host}`,
          state: 'works',
          allowedBy: 'the setting egressAllow',
        }),
      )
      const chief = await world.as('instance-admin')
      const tried = await chief.call('POST', `/api/v1/connections/content-places@${host}/test`)
      expect(tried.json).toMatchObject({ ok: true })
    })

    test('while a place does not answer its project is refused with its name, others work on, and nothing is lost', async () => {
      const [project, other] = [await world.makeProject(), await world.makeProject()]
      await (await world.as('admin', project)).call('PUT', urlOf(project), choice())
      const kept = await store(project, Buffer.from('kept while it is away'))
      const unwanted = await world.kernel.blobs.put(project, Buffer.from('nobody needs it'))
      guard.up = false
      try {
        await expect(world.kernel.blobs.put(project, Buffer.from('not acknowledged'))).rejects.toMatchObject({
          code: 'BLOB.PLACE_FAILED',
          status: 503,
          message: expect.stringMatching(new RegExp(`${guard.address}, where project "${project}" keeps its content`)),
        })
        await expect(
          world.kernel.blobs.open(project, kept).then(({ stream }) => stream.toArray()),
        ).rejects.toMatchObject({ status: 503 })
        const fine = await store(other, Buffer.from('of another project'))
        expect((await world.kernel.blobs.read(other, fine)).toString()).toBe('of another project')
        const admin = await world.as('admin', project)
        expect((await admin.call('POST', `${urlOf(project)}/test`)).json).toMatchObject({ ok: false })

        // A collection removes what it can; what the place does not let go of waits for the next one.
        const chief = await world.as('instance-admin')
        for (let round = 0; round < 2; round += 1) {
          world.time.now += 48 * 3_600_000
          await collect(chief)
        }
        const shown = await admin.call('GET', urlOf(project, 'content-places'))
        expect(shown.json.places).toMatchObject([{ contents: 2, removing: 1 }])
      } finally {
        guard.up = true
      }
      expect(await world.kernel.blobs.has(project, unwanted.digest)).toBe(false)
      const { stream } = await world.kernel.blobs.open(project, kept)
      expect(Buffer.concat(await stream.toArray()).toString()).toBe('kept while it is away')
      world.time.now += 48 * 3_600_000
      await collect(await world.as('instance-admin'))
      const shown = await (await world.as('admin', project)).call('GET', urlOf(project, 'content-places'))
      expect(shown.json.places).toMatchObject([{ contents: 1, removing: 0 }])
    })
  },
  { egressAllow: '127.0.0.1' },
)
