import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProjectQuotas, QuotaName } from '@trivium/contract'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeEach, expect, test } from 'vitest'
import type { Scope } from '../../kernel/principal/index.ts'
import { createQuotas } from './quotas.ts'

describeEachDatabase('quotas', ({ world }) => {
  let project: string
  let client: Client
  let admin: Client

  beforeEach(async () => {
    project = await world.makeProject()
    client = await world.as('maintainer', project)
    admin = await world.as('instance-admin', project)
    // A minute of its own for each test.
    world.time.now += 3_600_000
  })

  const at = (path: string) => `/api/v1/projects/${project}/${path}`
  const set = async (limits: Partial<Record<QuotaName, number | null>>): Promise<ProjectQuotas> => {
    const answer = await admin.call('PUT', at('quotas'), { limits })
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.anything()])
    return answer.json
  }
  const used = async (name: QuotaName): Promise<number> => {
    const { json } = await admin.call('GET', at('quotas'))
    return (json as ProjectQuotas).quotas.find((one) => one.name === name)?.used ?? -1
  }
  const upload = (bytes: number) =>
    client.call('POST', at(`datasets/rows-${bytes}/versions?format=csv`), `a\n${'1'.repeat(bytes - 3)}\n`, {
      'content-type': 'text/csv',
    })

  test('the request after the last one of a minute is refused, with the seconds until the next minute and who can raise it', async () => {
    await set({ 'principal-requests': 3 })
    world.time.now += 60_000 - (world.time.now % 60_000) + 15_500
    for (let n = 0; n < 3; n += 1) expect((await client.call('GET', at('people'))).status).toBe(200)
    const refused = await client.call('GET', at('people'))
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toBe('45')
    expect(refused.json).toMatchObject({
      code: 'QUOTAS.EXCEEDED',
      quota: 'principal-requests',
      project,
      limit: 3,
      used: 3,
      retryAfter: 45,
      raisedBy: 'instance:admin',
      detail: expect.stringContaining('ask an instance administrator'),
    })
    // Somebody else has his own, and the next minute is a new one.
    expect((await admin.call('GET', at('people'))).status).toBe(200)
    world.time.now += 44_500
    expect((await client.call('GET', at('people'))).status).toBe(200)
  })

  test('MLflow clients are told the same in their own form', async () => {
    // One of them is what sets it.
    await set({ 'project-requests': 2 })
    expect((await client.call('POST', '/api/2.0/mlflow/runs/create', {})).status).toBe(200)
    const refused = await client.call('POST', '/api/2.0/mlflow/runs/create', {})
    expect([refused.status, refused.json.error_code]).toEqual([429, 'REQUEST_LIMIT_EXCEEDED'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('a call of MLflow takes from the workspace that it names, not only from that of its token', async () => {
    const elsewhere = await world.as('instance-admin', await world.makeProject())
    const create = () => elsewhere.call('POST', '/api/2.0/mlflow/runs/create', {}, { 'x-mlflow-workspace': project })
    await set({ 'project-requests': 2 })
    expect((await create()).status).toBe(200)
    const refused = await create()
    expect([refused.status, refused.json.error_code]).toEqual([429, 'REQUEST_LIMIT_EXCEEDED'])
  })

  test('what is vital takes from no quota', async () => {
    await set({ 'project-requests': 1 })
    await client.call('GET', at('people'))
    expect((await client.call('GET', at('people'))).status).toBe(429)
    expect((await client.call('POST', at('alerts/alr_none/acknowledgement'), {})).status).toBe(404)
    expect((await client.call('GET', '/api/v1/session')).status).toBe(200)
  })

  test('bytes count by day for all servers of the database, and a body that does not fit is not begun', async () => {
    await set({ 'principal-upload': 1000 })
    expect((await upload(600)).status).toBe(200)
    const refused = await upload(601)
    expect([refused.status, refused.json.quota, refused.json.used]).toEqual([429, 'principal-upload', 600])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(60)
    expect((await client.call('GET', at('datasets'))).json.datasets).toHaveLength(1)
    await world.capabilities.quotas.flush()
    const other = createQuotas(world.kernel)
    const caller = { project, principal: client.principal }
    await expect(other.take(caller, { bytes: 401, stores: false })).rejects.toMatchObject({
      code: 'QUOTAS.EXCEEDED',
      details: { used: 600 },
    })
    await other.take(caller, { bytes: 400, stores: false })
    await other.stop()
    world.time.now += 86_400_000
    expect((await upload(602)).status).toBe(200)
  })

  test('a body of unknown length is stopped where it passes the quota, and nothing of it is kept', async () => {
    await set({ 'principal-upload': 50_000 })
    if (!world.app.server.listening) await world.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = world.app.server.address() as AddressInfo
    const send = (path: string, method: string, chunks: number): Promise<{ status: number; text: string }> =>
      new Promise((resolve, reject) => {
        const sent = httpRequest(
          { port, path, method, headers: { authorization: `Bearer ${client.token}` } },
          (answer) => {
            let text = ''
            answer.on('data', (chunk) => (text += String(chunk)))
            answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
          },
        )
        sent.on('error', reject)
        for (let n = 0; n < chunks; n += 1) sent.write('a,b\n'.repeat(2500))
        sent.end()
      })
    const refused = await send(at('datasets/endless/versions?format=csv'), 'POST', 8)
    expect([refused.status, refused.text]).toEqual([429, expect.stringContaining('principal-upload')])
    expect((await client.call('GET', at('datasets'))).json.datasets).toEqual([])
    await set({ 'principal-upload': 100_000 })
    const run = (await client.call('POST', '/api/2.0/mlflow/runs/create', {})).json.run.info
    const artifacts = `/api/2.0/mlflow-artifacts/artifacts/${run.experiment_id}/${run.run_id}/artifacts`
    const stopped = await send(`${artifacts}/big.txt`, 'PUT', 12)
    expect([stopped.status, stopped.text]).toEqual([429, expect.stringContaining('principal-upload')])
    const listed = await client.call('GET', `/api/2.0/mlflow/artifacts/list?run_id=${run.run_id}`)
    expect([listed.status, listed.json.files ?? []]).toEqual([200, []])
    // Nor does a body pass the storage that is left while it comes.
    await set({ 'principal-upload': null, storage: (await used('storage')) + 30_000 })
    const full = await send(`${artifacts}/big.txt`, 'PUT', 12)
    expect([full.status, full.text]).toEqual([507, expect.stringContaining('storage')])
  })

  test('storage refuses uploads with 507 once it is full, keeps what is there, and takes more when it is raised', async () => {
    expect((await upload(900)).status).toBe(200)
    await world.settled(project)
    const full = await used('storage')
    expect(full).toBeGreaterThan(0)
    await set({ storage: full + 10 })
    const refused = await upload(901)
    expect([refused.status, refused.json.code, refused.json.limit]).toEqual([507, 'QUOTAS.STORAGE_FULL', full + 10])
    expect(refused.headers['retry-after']).toBeUndefined()
    expect((await client.call('GET', at('datasets'))).json.datasets).toHaveLength(1)
    // What stores nothing goes on.
    expect((await client.call('POST', '/api/2.0/mlflow/runs/create', {})).status).toBe(200)
    await set({ storage: 0 })
    expect((await upload(901)).status).toBe(200)
  })

  test('open streams are counted while they are open', async () => {
    const { quotas } = world.capabilities
    const caller = { project, principal: client.principal }
    await set({ 'principal-streams': 1 })
    const close = quotas.openStream(caller)
    expect(() => quotas.openStream(caller)).toThrow('principal-streams')
    expect(await used('principal-streams')).toBe(1)
    close()
    close()
    expect(await used('principal-streams')).toBe(0)
    quotas.openStream(caller)()
  })

  test('a project over its runs is refused another one, and one over its steps lets them wait in the queue', async () => {
    await set({ 'queued-runs': 1, 'running-steps': 1 })
    expect((await upload(50)).status).toBe(200)
    const yaml = `name: two
steps:
  a: {kind: validate, in: {dataset: 'dataset:rows-50@latest'}}
  b: {kind: validate, in: {dataset: 'dataset:rows-50@latest'}}
`
    expect((await client.call('PUT', at('pipelines/two'), { yaml, files: {} })).status).toBeLessThan(300)
    const first = await client.call('POST', at('pipelines/two/runs'), {})
    expect(first.status).toBeLessThan(300)
    const refused = await client.call('POST', at('pipelines/two/runs'), {})
    expect([refused.status, refused.json.quota]).toEqual([429, 'queued-runs'])
    await world.settled(project)
    expect((await client.call('GET', at(`pipeline-runs/${first.json.id}`))).json.state).not.toBe('queued')
    expect((await client.call('POST', at('pipelines/two/runs'), {})).status).toBeLessThan(300)
    await world.settled(project)
  })

  test('limits are set by the administrator of the instance alone, one by one, and null brings the default back', async () => {
    const owner = await world.as('admin', project)
    expect((await owner.call('PUT', at('quotas'), { limits: { storage: 5 } })).status).toBe(403)
    expect((await owner.call('GET', '/api/v1/quotas')).status).toBe(403)
    expect((await owner.call('GET', at('quotas'))).status).toBe(200)
    const limitOf = ({ quotas }: ProjectQuotas, name: QuotaName) => {
      const { limit, own } = quotas.find((one) => one.name === name) ?? { limit: -1, own: false }
      return [limit, own]
    }
    expect(limitOf(await set({ storage: 5 }), 'storage')).toEqual([5, true])
    expect(limitOf(await set({ 'queued-runs': 7 }), 'storage')).toEqual([5, true])
    expect(limitOf(await set({ storage: null }), 'storage')).toEqual([0, false])
    for (const limits of [{}, { nothing: 1 }, { storage: -1 }, { storage: 1.5 }, { storage: 1e300 }])
      expect((await admin.call('PUT', at('quotas'), { limits })).status, JSON.stringify(limits)).toBe(400)
    const { projects } = (await admin.call('GET', '/api/v1/quotas')).json as { projects: ProjectQuotas[] }
    expect(projects.find((one) => one.project === project)?.quotas.find((one) => one.own)).toMatchObject({
      name: 'queued-runs',
      limit: 7,
    })
    await world.settled(project)
    const { events } = (await admin.call('GET', at('events?name=quota.set'))).json
    expect(events.map((event: { data: unknown }) => event.data)).toContainEqual({ limits: { storage: null } })
  })

  test('use is shown by principal and counted in the metrics', async () => {
    await upload(100)
    const { json } = await admin.call('GET', at('quotas'))
    const mine = (json as ProjectQuotas).principals.find((one) => one.id === client.principal.id)
    expect(mine?.used).toContainEqual({ name: 'principal-upload', used: 100 })
    await set({ 'project-upload': 1 })
    await upload(100)
    const { text } = await client.call('GET', '/metrics')
    expect(text).toContain(`trivium_quota_refusals_total{project="${project}",quota="project-upload"} 1`)
    expect(text).toContain(`trivium_quota_limit{project="${project}",quota="project-upload"} 1`)
    expect(text).toContain(`trivium_quota_used{project="${project}",quota="project-upload"}`)
    const outside = (await world.as('maintainer', await world.makeProject())) as { scope: Scope } & Client
    expect((await outside.call('GET', '/metrics')).text).not.toContain(`project="${project}"`)
  })
})
