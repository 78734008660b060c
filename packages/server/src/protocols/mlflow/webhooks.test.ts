import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeEachDatabase } from '@trivium/testing'
import { afterAll, expect, test } from 'vitest'

const received: { url: string | undefined; headers: IncomingMessage['headers']; body: string }[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    received.push({ url: request.url, headers: request.headers, body })
    if (request.url === '/away') response.writeHead(302, { location: '/inside' })
    response.end('what only those inside may read')
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const base = `http://127.0.0.1:${port}`
const hooks = '/api/2.0/mlflow/webhooks'
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describeEachDatabase(
  "webhooks of MLflow's API",
  ({ world }) => {
    const setup = async () => {
      const project = await world.makeProject()
      const admin = await world.as('admin', project)
      const post = (path: string, body: object) => admin.call('POST', `/api/2.0/mlflow/${path}`, body)
      return { project, admin, post }
    }
    const created = { entity: 'REGISTERED_MODEL', action: 'CREATED' }
    const alias = { entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' }
    const prompts = [
      { entity: 'PROMPT', action: 'CREATED' },
      { entity: 'PROMPT_VERSION', action: 'CREATED' },
    ]

    test('receivers get what MLflow sends, signed with their secret, for the events that they asked for', async () => {
      const { project, admin, post } = await setup()
      received.length = 0
      const made = await post('webhooks', {
        name: 'Pager',
        url: `${base}/told`,
        events: [created, ...prompts],
        secret: 'swordfish',
      })
      expect(made).toMatchObject({
        status: 200,
        json: { webhook: { name: 'Pager', status: 'ACTIVE', url: `${base}/told` } },
      })
      expect(made.text).not.toContain('swordfish')
      await post('registered-models/create', {
        name: 'delay',
        description: 'late',
        tags: [{ key: 'team', value: 'ops' }],
      })
      const is_prompt = { key: 'mlflow.prompt.is_prompt', value: 'true' }
      await post('registered-models/create', { name: 'greet', tags: [is_prompt] })
      const text = { key: 'mlflow.prompt.text', value: 'Hello {{ name }}' }
      await post('model-versions/create', { name: 'greet', source: 'prompt-template', tags: [is_prompt, text] })
      await post('registered-models/alias', { name: 'greet', alias: 'production', version: '1' })
      await world.settled(project)
      await expect.poll(() => received.length, { timeout: 15_000 }).toBe(3)
      for (const { headers, body } of received) {
        const signed = `${headers['x-mlflow-delivery-id'] as string}.${headers['x-mlflow-timestamp'] as string}.${body}`
        const signature = createHmac('sha256', 'swordfish').update(signed).digest('base64')
        expect(headers['x-mlflow-signature']).toBe(`v1,${signature}`)
      }
      const told = received.map(({ body }) => JSON.parse(body)).toSorted((a, b) => (a.entity < b.entity ? 1 : -1))
      const at = new Date(world.time.now).toISOString()
      expect(told).toEqual([
        {
          entity: 'registered_model',
          action: 'created',
          timestamp: at,
          data: { name: 'delay', tags: { team: 'ops' }, description: 'late' },
        },
        {
          entity: 'prompt_version',
          action: 'created',
          timestamp: at,
          data: {
            name: 'greet',
            version: '1',
            description: null,
            template: 'Hello {{ name }}',
            tags: {},
          },
        },
        {
          entity: 'prompt',
          action: 'created',
          timestamp: at,
          data: { name: 'greet', tags: {}, description: '' },
        },
      ])
      const seen = (await admin.call('GET', `/api/v1/projects/${project}/webhooks`)).json.webhooks
      expect(seen).toMatchObject([{ name: expect.stringMatching(/^pager-[0-9a-f]{8}$/), url: `${base}/told` }])
    })

    test('tags and aliases of versions and of prompts are told, each as its kind; a trial sends an example of the asked one', async () => {
      const { project, admin, post } = await setup()
      const kinds = ['MODEL_VERSION_TAG', 'PROMPT_TAG', 'PROMPT_VERSION_TAG'].flatMap((entity) => [
        { entity, action: 'SET' },
        { entity, action: 'DELETED' },
      ])
      const { webhook_id: id } = (
        await post('webhooks', {
          name: 'tags',
          url: `${base}/tags`,
          events: [alias, { ...alias, action: 'DELETED' }, ...kinds],
        })
      ).json.webhook
      const is_prompt = { key: 'mlflow.prompt.is_prompt', value: 'true' }
      const text = { key: 'mlflow.prompt.text', value: 'Hi' }
      const run = (await post('runs/create', { experiment_id: '0' })).json.run.info.run_id as string
      await admin.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/model/a.txt`, 'three')
      await post('registered-models/create', { name: 'delay' })
      await post('model-versions/create', { name: 'delay', source: `runs:/${run}/model` })
      await post('registered-models/create', { name: 'greet', tags: [is_prompt] })
      await post('model-versions/create', { name: 'greet', source: 'prompt-template', tags: [is_prompt, text] })
      received.length = 0
      const remove = (path: string, body: object) => admin.call('DELETE', `/api/2.0/mlflow/${path}`, body)
      const long = 'x'.repeat(3000)
      for (const name of ['delay', 'greet']) {
        await post('registered-models/set-tag', { name, key: 'team', value: 'ops' })
        await post('model-versions/set-tag', {
          name,
          version: '1',
          key: 'state',
          value: name === 'delay' ? long : 'fit',
        })
        await remove('registered-models/delete-tag', { name, key: 'team' })
      }
      await remove('model-versions/delete-tag', { name: 'greet', version: '1', key: 'state' })
      await post('registered-models/alias', { name: 'delay', alias: 'champion', version: '1' })
      await remove('registered-models/alias', { name: 'delay', alias: 'champion' })
      await world.settled(project)
      await expect.poll(() => received.length, { timeout: 15_000 }).toBe(7)
      const told = received
        .map(({ body }) => JSON.parse(body))
        .map(({ entity, action, data }) => [entity, action, data])
      expect(new Set(told.map((one) => JSON.stringify(one)))).toEqual(
        new Set(
          [
            ['model_version_tag', 'set', { name: 'delay', version: '1', key: 'state', value: long }],
            ['prompt_tag', 'set', { name: 'greet', key: 'team', value: 'ops' }],
            ['prompt_version_tag', 'set', { name: 'greet', version: '1', key: 'state', value: 'fit' }],
            ['prompt_tag', 'deleted', { name: 'greet', key: 'team' }],
            ['prompt_version_tag', 'deleted', { name: 'greet', version: '1', key: 'state' }],
            ['model_version_alias', 'created', { name: 'delay', alias: 'champion', version: '1' }],
            ['model_version_alias', 'deleted', { name: 'delay', alias: 'champion' }],
          ].map((one) => JSON.stringify(one)),
        ),
      )
      received.length = 0
      await post(`webhooks/${id}/test`, { webhook_id: id, event: { entity: 'PROMPT_VERSION_TAG', action: 'SET' } })
      expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
        { entity: 'prompt_version_tag', action: 'set', data: { version: '1', key: 'example', value: 'example' } },
      ])
    })

    test('they are listed, changed, switched off, tried and removed', async () => {
      const { admin, post } = await setup()
      const { webhook_id: id } = (await post('webhooks', { name: 'one', url: `${base}/one`, events: [created] })).json
        .webhook
      await post('webhooks', { name: 'two', url: `${base}/two`, events: [alias], description: 'of aliases' })
      const page = (await admin.call('GET', `${hooks}?max_results=1`)).json
      const rest = (await admin.call('GET', `${hooks}?max_results=1&page_token=${page.next_page_token as string}`)).json
      expect([...page.webhooks, ...rest.webhooks].map((one: { name: string }) => one.name).toSorted()).toEqual([
        'one',
        'two',
      ])
      expect(rest.next_page_token).toBeUndefined()
      const changed = await admin.call('PATCH', `${hooks}/${id}`, {
        webhook_id: id,
        status: 'DISABLED',
        events: [alias],
      })
      expect(changed.json.webhook).toMatchObject({ name: 'one', status: 'DISABLED', events: [alias] })
      expect((await admin.call('GET', `${hooks}/${id}`)).json.webhook).toEqual(changed.json.webhook)
      const tried = await post(`webhooks/${id}/test`, { webhook_id: id })
      expect(tried.json).toEqual({ result: { success: true, response_status: 200 } })
      expect((await admin.call('DELETE', `${hooks}/${id}`)).json).toEqual({})
      expect((await admin.call('GET', `${hooks}/${id}`)).status).toBe(404)
    })

    test('a webhook reads nothing inside a network: no other address, no redirect, no answer handed on', async () => {
      const { post } = await setup()
      for (const url of [
        `http://127.0.0.1:${port + 1}/`,
        'https://169.254.169.254/latest',
        'https://[::1]/',
        'file:///etc/passwd',
        'http://example.com/',
        'gopher://x/',
      ])
        expect([url, (await post('webhooks', { name: 'x', url, events: [created] })).status]).toEqual([
          url,
          expect.toSatisfy((status: number) => status >= 400 && status < 500),
        ])
      const { webhook_id: id } = (await post('webhooks', { name: 'x', url: `${base}/away`, events: [created] })).json
        .webhook
      received.length = 0
      const tried = await post(`webhooks/${id}/test`, { webhook_id: id })
      expect(tried.json.result).toEqual({ success: false, response_status: 302 })
      expect(received.map(({ url }) => url)).toEqual(['/away'])
    })

    test('mistakes are named: an event that is not told, a name, no events; and only who may make webhooks sees them', async () => {
      const { project, post } = await setup()
      const url = `${base}/x`
      const budget = { entity: 'BUDGET_POLICY', action: 'EXCEEDED' }
      expect(await post('webhooks', { name: 'x', url, events: [budget] })).toMatchObject({
        status: 400,
        json: { message: expect.stringContaining('BUDGET_POLICY.EXCEEDED') },
      })
      expect(
        (await post('webhooks', { name: 'x', url, events: [{ entity: 'NONSENSE', action: 'CREATED' }] })).status,
      ).toBe(400)
      expect((await post('webhooks', { name: '-x', url, events: [created] })).status).toBe(400)
      expect((await post('webhooks', { name: 'x', url })).status).toBe(400)
      const writer = await world.as('contributor', project)
      for (const prefix of ['/api/2.0', '/api/3.0', '/ajax-api/2.0', '/ajax-api/3.0'])
        expect([prefix, (await writer.call('GET', `${prefix}/mlflow/webhooks`)).status]).toEqual([prefix, 403])
    })
  },
  { egressAllow: `127.0.0.1:${port}` },
)
