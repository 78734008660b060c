import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMigratedPostgresDatabase, createWorld, migrateDatabase, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGatewayLookup } from './capabilities/features/gateway-lookup.ts'
import { openOnlineReader } from './drivers/online-sqlite/online-sqlite.ts'
import type { Database } from './kernel/db/index.ts'
import { createLeader, type Leader } from './kernel/replicas/index.ts'

let shared: string
let database: Awaited<ReturnType<typeof createMigratedPostgresDatabase>>
let a: World
let b: World

const leaseMs = 4000
/** Servers of one database open what each other have sealed. */
const vaultKey = randomBytes(32).toString('base64')

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'trivium-shared-'))
  database = await createMigratedPostgresDatabase(migrateDatabase)
  const make = (peerHost: string): Promise<World> =>
    createWorld({
      databaseUrl: database.url,
      configuration: { leaseMs, storageUrl: `file://${shared}`, peerHost, vaultKey },
    })
  a = await make('a')
  b = await make('b')
  for (const { kernel } of [a, b]) await kernel.replicas.start('0.0.0')
  await a.kernel.replicas.look()
}, 60_000)

afterAll(async () => {
  await b?.close()
  await a?.close()
  await database?.drop()
  await rm(shared, { recursive: true, force: true })
})

async function until<T>(what: () => Promise<T | undefined> | T | undefined, ms = 8000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    const found = await what()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('two servers of one database', () => {
  test('each knows the other, and one of them leads', async () => {
    const seen = await a.kernel.replicas.list()
    expect(seen.map(({ host, self, alive }) => [host, self, alive])).toEqual([
      ['a', true, true],
      ['b', false, true],
    ])
    const client = await a.as('instance-admin')
    const { json } = await client.call('GET', '/api/v1/status')
    const leading = (json.servers as { leads: boolean }[]).filter(({ leads }) => leads)
    expect([json.servers.length, leading.length]).toEqual([2, 1])
    expect(json.findings.find((one: { check: string }) => one.check === 'servers').state).toBe('ok')
  })

  test('a token that is made at one is known at the other at once, and refused there as soon as it is revoked', async () => {
    const atA = await a.as('maintainer')
    const secret = atA.token
    const call = () =>
      b.app.inject({
        url: '/api/v1/projects/default/events',
        headers: { authorization: `Bearer ${secret}`, host: 'localhost' },
      })
    expect((await call()).statusCode).toBe(200)
    await a.capabilities.access.revokeSecret(atA.principal, secret)
    expect((await call()).statusCode).toBe(401)
  })

  test('who signs in at one is signed in at the other, and signed out there as well', async () => {
    const admin = await a.as('instance-admin')
    const made = await admin.call('POST', '/api/v1/login-links', { name: 'admin' })
    const token = String(made.json.path).replace('/login#token=', '')
    const headers = { host: 'localhost', origin: 'http://localhost' }
    const login = await b.app.inject({ method: 'POST', url: '/api/v1/login', headers, payload: { token } })
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
    const who = (world: World) => world.app.inject({ url: '/api/v1/session', headers: { ...headers, cookie } })
    expect([(await who(a)).statusCode, (await who(b)).statusCode]).toEqual([200, 200])
    await b.app.inject({ method: 'POST', url: '/api/v1/logout', headers: { ...headers, cookie }, payload: {} })
    expect((await who(a)).statusCode).toBe(401)
  })

  test('who reads the stream at one sees what happens through the other, events and what is only live', async () => {
    const admin = await b.as('instance-admin')
    const url = await b.app.listen({ host: '127.0.0.1', port: 0 })
    const stop = new AbortController()
    const response = await fetch(`${url}/api/v1/projects/default/events/stream?channels=run.metrics`, {
      headers: { authorization: `Bearer ${admin.token}` },
      signal: stop.signal,
    })
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
    })().catch(() => {})
    await until(() => (text.includes('event: ready') ? true : undefined))
    const atA = await a.as('instance-admin')
    const made = await atA.call('PUT', '/api/v1/projects/default/feature-views/streamed', {
      keys: ['airport'],
      columns: { delay: 'number' },
      window: '1h',
      features: { arrivals: 'count(*)' },
    })
    expect(made.status).toBeLessThan(300)
    a.kernel.volatile.publish('default', 'run.metrics', { run: 'r1', loss: 0.5 })
    await until(() => (text.includes('feature-view.defined') && text.includes('"loss":0.5') ? true : undefined))
    stop.abort()
    await reading
  })

  test('a cursor goes on at the other server', async () => {
    const atA = await a.as('instance-admin')
    const atB = await b.as('instance-admin')
    await until(async () => {
      const first = await atA.call('GET', '/api/v1/projects/default/events?limit=1&after=0')
      return first.json.events.length === 1 ? true : undefined
    })
    const first = await atA.call('GET', '/api/v1/projects/default/events?limit=1&after=0')
    const cursor = first.json.events.at(-1).seq
    const rest = await atB.call('GET', `/api/v1/projects/default/events?after=${cursor}`)
    expect(rest.json.events[0].seq).toBe(cursor + 1)
  })

  test('rows that were pushed at one are looked up at the other, and count for event time there', async () => {
    const atA = await a.as('instance-admin')
    const atB = await b.as('instance-admin')
    const path = '/api/v1/projects/default/feature-views/streamed'
    const eventTime = a.time.now
    const pushed = await atA.call('POST', `${path}/rows`, {
      rows: [{ id: 'r1', key: { airport: 'ORD' }, eventTime, values: { delay: 3 } }],
    })
    expect(pushed.status).toBeLessThan(300)
    // Settling asks the other server for what lies in its ledgers.
    await b.settled()
    expect((await atB.call('GET', path)).json.rows).toBe(1)
    await b.capabilities.features.takeOver()
    const found = await atB.call('POST', `${path}/lookup`, { keys: [{ airport: 'ORD' }], asOf: eventTime })
    expect(found.json.rows).toEqual([{ arrivals: 1 }])

    // A server that ends leaves nothing that nobody else could see.
    await atA.call('POST', `${path}/rows`, {
      rows: [{ id: 'r2', key: { airport: 'ORD' }, eventTime, values: { delay: 4 } }],
    })
    await a.kernel.replicas.commitOwn()
    expect((await atB.call('GET', path)).json.rows).toBe(2)
  })

  test('a server that was away for hours finds the rows of which the small files were joined and forgotten meanwhile', async () => {
    const atA = await a.as('instance-admin')
    const atB = await b.as('instance-admin')
    const path = '/api/v1/projects/default/feature-views/streamed'
    const [eventTime, before] = [a.time.now, a.time.now]
    const push = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        const rows = [{ id: `away-${n}`, key: { airport: 'AAL' }, eventTime, values: { delay: n } }]
        await atA.call('POST', `${path}/rows`, { rows })
        await a.kernel.replicas.commitOwn()
      }
    }
    const arrivals = async () =>
      (await atB.call('POST', `${path}/lookup`, { keys: [{ airport: 'AAL' }], asOf: eventTime })).json.rows
    await push(0, 1)
    await b.capabilities.features.takeOver()
    expect(await arrivals()).toEqual([{ arrivals: 1 }])
    await push(1, 26)
    a.time.now += 2 * 3_600_000
    await push(26, 50)
    const files = await a.kernel.db.read
      .selectFrom('table_file')
      .select(['digest', 'end_snapshot'])
      .where('project_id', '=', 'default')
      .where('table_id', 'like', '%streamed')
      .execute()
    expect(files.length).toBeLessThan(40)
    await b.capabilities.features.takeOver()
    expect(await arrivals()).toEqual([{ arrivals: 50 }])
    a.time.now = before
  }, 60_000)

  test('who is erased at one is opened by neither any more: values at once, rows of their online stores within seconds', async () => {
    const project = await a.makeProject()
    const { call, scope } = await a.as('admin', project)
    const path = `/api/v1/projects/${project}/feature-views/people`
    const subject = 'walrus-1094'
    const made = await call('PUT', path, {
      keys: ['customer'],
      columns: { amount: 'number' },
      window: '3h',
      features: { spent: 'sum(amount)' },
      personal: ['customer', 'amount'],
      subjectColumn: 'customer',
    })
    expect(made.status, made.text).toBe(200)
    const eventTime = a.time.now
    const row = { id: 'p1', key: { customer: subject }, eventTime, values: { amount: 5 } }
    await call('POST', `${path}/rows`, { rows: [row] })
    await b.settled()
    await b.capabilities.features.takeOver()
    // As a gateway reads the rows of its machine: it has no database.
    const spent = async ({ kernel, capabilities }: World): Promise<unknown> => {
      const online = openOnlineReader({ directory: join(kernel.paths.data, 'online') })
      try {
        const people = createGatewayLookup(online)
        people.setRoots({ [project]: (await kernel.subjects.root(project)) ?? '' })
        const { view } = await capabilities.features.onlineView(scope, 'people')
        return people.lookup(project, view, { customer: subject }, eventTime)['spent']
      } finally {
        online.close()
      }
    }
    expect([await spent(a), await spent(b)]).toEqual([5, 5])
    const text = (await a.kernel.subjects.sealer(project, [subject]))(subject, 'mail', 'w@x')
    const atOnce = async () => (await b.kernel.subjects.opener(project, [text]))(text)
    expect(await atOnce()).toBe('w@x')
    for (const { capabilities } of [a, b]) capabilities.features.follow()
    const erased = await call('POST', `/api/v1/projects/${project}/subjects/erase`, {
      subject,
      confirm: subject,
      reason: 'Request 9 of a test',
    })
    expect(erased.status, erased.text).toBe(200)
    expect(await atOnce()).toBeUndefined()
    // What is left to do is done at one of them; the other one hears of it by the destroyed key alone.
    await expect.poll(async () => [await spent(a), await spent(b)], { timeout: 30_000 }).toEqual([null, null])
  }, 60_000)

  test('a job that is enqueued at one runs once, at whichever comes first, and its results are dropped where the lease was lost', async () => {
    const ran: string[] = []
    for (const [name, { kernel }] of [
      ['a', a],
      ['b', b],
    ] as const)
      kernel.jobs.handle({
        kind: 'two-servers',
        concurrency: 1,
        handle: async (job) => void ran.push(`${name}${(job.input as { n: number }).n}`),
      })
    for (let n = 0; n < 10; n += 1)
      await a.kernel.db.write
        .transaction()
        .execute((trx) => a.kernel.jobs.enqueue(trx, { project: 'default', kind: 'two-servers', input: { n } }))
    await until(() => (ran.length >= 10 ? true : undefined))
    expect(new Set(ran.map((one) => one.slice(1))).size).toBe(10)
    expect(ran).toHaveLength(10)
  })

  test('points of a run that both move to a file at once, while more of them come, are all there, each once', async () => {
    const project = await a.makeProject()
    const [atA, atB] = [await a.as('maintainer', project), await b.as('maintainer', project)]
    const { id } = await a.capabilities.tracking.createRun(atA.scope, {
      experiment: '0',
      name: 'moved',
      user: '',
      startTime: 1,
      tags: [],
    })
    const point = (step: number) => ({ key: 'loss', value: step / 7, step, timestamp: 1000 + step })
    const log = (world: World, from: number, count: number) =>
      world.capabilities.tracking.logBatch(atA.scope, id, {
        metrics: Array.from({ length: count }, (_, n) => point(from + n)),
        params: [],
        tags: [],
      })
    await log(a, 0, 1000)
    await a.capabilities.tracking.updateRun(atA.scope, id, { status: 'FINISHED', endTime: a.time.now })
    const move = (client: typeof atA) => client.call('POST', `/api/v1/projects/${project}/runs/${id}/metrics/move`)
    for (let round = 0; round < 5; round += 1) {
      // The last ten of before once more, as a client sends that got no answer.
      const answers = await Promise.all([move(atA), log(b, 990 + round * 20, 30), move(atB)])
      expect([answers[0].status, answers[2].status]).toEqual([200, 200])
    }
    // However the moves of before ended, this one finds all at rest.
    expect((await move(atB)).status).toBe(200)
    const path = `/api/2.0/mlflow/metrics/get-history?run_id=${id}&metric_key=loss&max_results=5000`
    for (const client of [atA, atB]) {
      const { json } = await client.call('GET', path)
      expect(json.metrics.map(({ step }: { step: number }) => Number(step))).toEqual(
        Array.from({ length: 1100 }, (_, step) => step),
      )
    }
    const db = b.kernel.db.read
    const kept = await db.selectFrom('metric_archive').select(['blob', 'points']).where('run_id', '=', id).execute()
    const held = await db.selectFrom('blob_ref').select('digest').where('owner', 'like', `%${id}`).execute()
    expect(kept.map(({ points }) => Number(points))).toEqual([1100])
    expect(held.map(({ digest }) => digest)).toEqual(kept.map(({ blob }) => blob))
  })

  test('a server that keeps content elsewhere is refused', async () => {
    await expect(
      createWorld({ databaseUrl: database.url, configuration: { leaseMs } }).then(async (other) => {
        try {
          await other.kernel.replicas.start('0.0.0')
        } finally {
          await other.close()
        }
      }),
    ).rejects.toMatchObject({ code: 'REPLICA.OTHER_STORAGE' })
  })

  test('when the leader is cut off another one takes over within the lease, and what the old one began is refused', async () => {
    const { db } = a.kernel
    let away = false
    const cutOff: Database = {
      ...db,
      write: {
        transaction: () => {
          if (away) throw new Error('the database is away')
          return db.write.transaction()
        },
      },
    }
    const first = createLeader({ db: cutOff, id: 'first', leaseMs: 1000, name: 'test' })
    const second = createLeader({ db, id: 'second', leaseMs: 1000, name: 'test' })
    const guarded = (leader: Leader) => db.write.transaction().execute((trx) => leader.guard(trx))
    await first.start()
    await second.start()
    expect([first.leads(), second.leads()]).toEqual([true, false])
    await guarded(first)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect([first.leads(), second.leads()]).toEqual([true, false])
    away = true
    let both = false
    await until(() => {
      both ||= first.leads() && second.leads()
      return second.leads() ? true : undefined
    })
    expect(both).toBe(false)
    away = false
    await expect(guarded(first)).rejects.toMatchObject({ code: 'REPLICA.NOT_LEADING' })
    await guarded(second)
    await first.stop()
    await second.stop()
  })
})
