import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeEachDatabase } from '@trivium/testing'
import { afterAll, expect, test } from 'vitest'
import { mostAttempts, waitBefore } from './deliver.ts'
import { signedHeaders } from './sign.ts'

interface Received {
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

test.each([
  // Examples of the specification's reference libraries (Standard Webhooks 1.0.0; Svix documentation, "Verifying webhooks manually").
  [
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1614265330,
    '{"test": 2432232314}',
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  ],
  [
    'whsec_plJ3nmyCDGBKInavdOK15jsl',
    'msg_loFOjxBNrRLzqYUf',
    1731705121,
    '{"event_type":"ping","data":{"success":true}}',
    'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
  ],
])('requests are signed as Standard Webhooks says: %s', (secret, id, seconds, body, signature) => {
  expect(signedHeaders(secret, id, seconds * 1000, body)['webhook-signature']).toBe(signature)
})

test('attempts come ever later, over more than a day, and never at the same moment for all', () => {
  const waits = Array.from({ length: mostAttempts - 1 }, (_, index) => waitBefore(index + 1, 0.5))
  expect(waits.slice(0, 3)).toEqual([1500, 3000, 6000])
  expect(waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000).toBeGreaterThan(24)
  expect(waitBefore(3, 0)).toBe(4000)
  expect(waitBefore(3, 1)).toBe(8000)
})

const received: Received[] = []
let answer: (request: Received) => number = () => 200
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    const one = { url: request.url, headers: request.headers, body }
    received.push(one)
    response.statusCode = answer(one)
    response.end(response.statusCode === 200 ? '' : 'not today')
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const base = `http://127.0.0.1:${port}`
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describeEachDatabase(
  'webhooks',
  ({ world }) => {
    const start = async (events: string[], path: string) => {
      const project = await world.makeProject()
      const admin = await world.as('admin', project)
      const url = `/api/v1/projects/${project}/webhooks`
      const made = await admin.call('POST', url, { name: 'pager', url: `${base}${path}`, events })
      expect(made.status).toBe(201)
      const deliveries = async (state?: string) =>
        (await admin.call('GET', `${url}/pager/deliveries${state ? `?state=${state}` : ''}`)).json.deliveries
      return { project, admin, url: `${url}/pager`, list: url, secret: made.json.secret as string, deliveries }
    }
    const eventually = async (look: () => Promise<boolean> | boolean) => {
      for (let turn = 0; turn < 400; turn++) {
        if (await look()) return
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error('It did not happen within ten seconds.')
    }
    const makeExperiment = async (project: string, name: string) =>
      (await world.as('contributor', project)).call('POST', '/api/2.0/mlflow/experiments/create', { name })

    test('an event is posted as a signed CloudEvent to who asked for it, and to nobody else', async () => {
      received.length = 0
      const { project, secret, deliveries } = await start(['experiment.*'], '/signed')
      const other = await world.makeProject()
      await makeExperiment(other, 'elsewhere')
      await makeExperiment(project, 'here')
      await eventually(async () => (await deliveries('delivered')).length === 1)
      const mine = received.filter(({ url }) => url === '/signed')
      expect(mine).toHaveLength(1)
      const [{ headers, body }] = mine as [Received]
      const id = headers['webhook-id'] as string
      const signed = `${id}.${headers['webhook-timestamp'] as string}.${body}`
      const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
      expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
      expect(headers['content-type']).toContain('application/cloudevents+json')
      const event = JSON.parse(body)
      expect(event).toMatchObject({
        specversion: '1.0',
        source: `trivium://${project}`,
        type: 'dev.trivium.experiment.created',
        datacontenttype: 'application/json',
      })
      expect(event.subject).toMatch(new RegExp(`^trivium://${project}/experiment/`))
      expect(Number(event.sequence)).toBeGreaterThan(0)
      expect((await deliveries())[0]).toMatchObject({ id, state: 'delivered', attempts: 1, status: 200, error: null })
    })

    test('of what was imported only those are told who named the event; that an import ended is news', async () => {
      const { project, admin, deliveries } = await start(['*'], '/all')
      const imports = `/api/v1/projects/${project}/imports`
      const { json } = await admin.call('POST', imports, { kind: 'mlflow-server', source: 'peer' })
      const experiment = { id: '5', name: 'old', lifecycle: 'active', createdAt: 1, updatedAt: 1, tags: {} }
      await admin.call('POST', `${imports}/${json.id as string}/batch`, { experiments: [experiment] })
      await admin.call('POST', `${imports}/${json.id as string}/finish`, {
        verified: true,
        experiments: [],
        loggedModels: 0,
        models: 0,
        versions: 0,
        files: 0,
        bytes: 0,
        unchangedRuns: 0,
        skipped: [],
        moreSkipped: 0,
      })
      const told = async () => ((await deliveries()) as { event: string }[]).map(({ event }) => event)
      await eventually(async () => (await told()).includes('import.finished'))
      expect(await told()).not.toContain('experiment.imported')
    })

    test('what fails is tried again with the same id and body, given up after the last attempt, and replayed by hand', async () => {
      received.length = 0
      const { project, admin, url, deliveries } = await start(['experiment.created'], '/failing')
      answer = ({ url: path }) => (path === '/failing' ? 503 : 200)
      await makeExperiment(project, 'late')
      const mine = () => received.filter((one) => one.url === '/failing')
      for (let turn = 1; turn <= mostAttempts; turn++) {
        await eventually(async () => mine().length === turn && (await deliveries())[0].attempts === turn)
        // Event time waits for nobody who is told.
        await world.settled(project)
        world.time.now += 7 * 3_600_000
      }
      const [dead] = await deliveries('dead')
      expect(dead).toMatchObject({
        attempts: mostAttempts,
        status: 503,
        error: 'answered 503: not today',
        nextAt: null,
      })
      expect(new Set(mine().map(({ headers }) => headers['webhook-id']))).toEqual(new Set([dead.id]))
      expect(new Set(mine().map(({ body }) => body)).size).toBe(1)
      expect((await admin.call('GET', url.replace('/pager', ''))).json.webhooks[0]).toMatchObject({
        dead: 1,
        waiting: 0,
      })
      answer = () => 200
      expect((await admin.call('POST', `${url}/replay`, {})).json).toEqual({ replayed: 1 })
      await eventually(async () => (await deliveries('delivered')).length === 1)
      expect(mine().at(-1)?.headers['webhook-id']).toBe(dead.id)
      expect((await admin.call('POST', `${url}/replay`, { deliveries: [dead.id] })).json).toEqual({ replayed: 0 })
    })

    test('a trial is sent at once and says what the receiver answered', async () => {
      const { admin, url } = await start(['alert.*'], '/trial')
      answer = () => 200
      expect((await admin.call('POST', `${url}/try`)).json).toMatchObject({
        event: 'webhook.tried',
        state: 'delivered',
      })
      answer = () => 410
      expect((await admin.call('POST', `${url}/try`)).json).toMatchObject({
        state: 'dead',
        status: 410,
        error: 'answered 410: not today',
      })
      answer = () => 200
    })

    test('one that is off is told nothing, also not later; a change and a removal hold at once', async () => {
      const { project, admin, url, deliveries } = await start(['experiment.created'], '/off')
      expect((await admin.call('PATCH', url, { active: false })).json.active).toBe(false)
      await makeExperiment(project, 'unheard')
      await world.settled(project)
      await admin.call('PATCH', url, { active: true, events: ['run.*'] })
      await makeExperiment(project, 'not-wanted')
      await world.settled(project)
      expect(await deliveries()).toEqual([])
      expect((await admin.call('DELETE', url)).status).toBe(204)
      expect((await admin.call('GET', `${url}/deliveries`)).json.code).toBe('WEBHOOKS.NOT_FOUND')
    })

    test('the secret is shown once and is nowhere in the clear, and where it posts is in no event', async () => {
      const { project, admin, list, secret } = await start(['alert.*'], '/hidden-path')
      const listed = await admin.call('GET', list)
      expect(listed.text).not.toContain(secret)
      const rows = await world.kernel.db.read.selectFrom('webhook').selectAll().execute()
      expect(JSON.stringify(rows)).not.toContain(secret.replace('whsec_', ''))
      await world.settled(project)
      const events = await world.kernel.db.read
        .selectFrom('event')
        .selectAll()
        .where('project_id', '=', project)
        .execute()
      expect(JSON.stringify(events)).not.toContain('hidden-path')
      expect(events.map(({ name }) => name)).toContain('webhook.created')
    })

    test('internal addresses, a taken name, a wrong pattern and a role without the permission are refused', async () => {
      const { project, admin, list } = await start(['alert.*'], '/first')
      const make = (body: object) => admin.call('POST', list, { name: 'second', url: base, events: ['*'], ...body })
      expect((await make({ url: 'https://169.254.169.254/latest' })).json.code).toBe('EGRESS.DENIED')
      expect((await make({ url: 'http://127.0.0.1:1/' })).json.code).toBe('EGRESS.PLAIN')
      expect((await make({ name: 'pager' })).json.code).toBe('WEBHOOKS.NAME_TAKEN')
      expect((await make({ events: ['Alert'] })).json.code).toBe('HTTP.INVALID')
      expect((await make({ events: [] })).json.code).toBe('HTTP.INVALID')
      const moved = await admin.call('PATCH', `${list}/pager`, { url: 'https://10.0.0.1/' })
      expect(moved.json.code).toBe('EGRESS.DENIED')
      const maintainer = await world.as('maintainer', project)
      expect((await maintainer.call('GET', list)).status).toBe(403)
    })

    test('a project has so many webhooks and no more, and each a secret of its own', async () => {
      const { project, admin, list } = await start(['alert.*'], '/first')
      const make = async (name: string) => (await admin.call('POST', list, { name, url: base, events: ['*'] })).json
      const secrets = new Set([(await make('second')).secret, (await make('third')).secret])
      expect(secrets.size).toBe(2)
      const { db } = world.kernel
      const query = db.read.selectFrom('webhook').selectAll().where('project_id', '=', project)
      const row = await query.executeTakeFirstOrThrow()
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('webhook')
          .values(Array.from({ length: 47 }, (_, number) => ({ ...row, name: `hook-${number}` })))
          .execute(),
      )
      expect((await make('one-more')).code).toBe('WEBHOOKS.TOO_MANY')
    })
  },
  { egressAllow: `127.0.0.1:${port}` },
)
