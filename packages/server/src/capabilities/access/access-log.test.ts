import type { AccessNote } from '../../kernel/http/index.ts'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { createAccessLog } from './access-log.ts'

const note = (more: Partial<AccessNote> = {}): AccessNote => ({
  kind: 'denied',
  what: 'ACCESS.UNAUTHENTICATED',
  status: 401,
  method: 'GET',
  route: '/r',
  path: '/r',
  project: 'default',
  principalId: null,
  permission: 'model:read',
  address: '10.0.0.1',
  requestId: 'r-1',
  ...more,
})

describeEachDatabase('access log', ({ world }) => {
  const logOf = async (project: string, query = '') => {
    const admin = await world.as('admin', project)
    const answer = await admin.call('GET', `/api/v1/projects/${project}/access-log${query}`)
    expect(answer.status).toBe(200)
    return answer.json.entries as {
      id: string
      kind: string
      what: string
      path: string
      by: string | null
      byName: string | null
      status: number
      count: number
      permission: string
      project: string
    }[]
  }

  test('whoever is refused is in it, with what he asked for and what it needs', async () => {
    const project = await world.makeProject()
    const viewer = await world.as('viewer', project)
    const url = `/api/v1/projects/${project}/people`
    expect((await viewer.call('POST', `${url}?token=hunter2`, { name: 'eve', role: 'admin' })).status).toBe(403)
    const [entry, ...rest] = await logOf(project)
    expect(rest).toEqual([])
    expect(entry).toMatchObject({
      kind: 'denied',
      what: 'ACCESS.FORBIDDEN',
      status: 403,
      path: url,
      by: viewer.principal.id,
      byName: viewer.principal.name,
      permission: 'member:write',
      count: 1,
      project,
    })
    expect(JSON.stringify(entry)).not.toContain('hunter2')
  })

  test('a request without a token is in it once for many, by its pattern, and says nothing of its secret', async () => {
    const project = await world.makeProject()
    for (const model of ['a', 'b', 'c'])
      await world.app.inject({
        url: `/api/v1/projects/${project}/models/${model}`,
        headers: { host: 'localhost', authorization: 'Bearer trv_wrong-secret' },
      })
    const entries = await logOf(project)
    expect(entries).toMatchObject([
      {
        status: 401,
        by: null,
        count: 3,
        path: '/api/v1/projects/:project/models/:model',
        what: 'ACCESS.UNAUTHENTICATED',
      },
    ])
    expect(JSON.stringify(entries)).not.toContain('wrong-secret')
  })

  test('an outsider who tries a project is in the log of that project, though he was told that there is none', async () => {
    const [mine, other] = [await world.makeProject(), await world.makeProject()]
    const outsider = await world.as('admin', mine)
    expect((await outsider.call('GET', `/api/v1/projects/${other}/models`)).status).toBe(404)
    expect(await logOf(other)).toMatchObject([{ what: 'ACCESS.PROJECT_NOT_FOUND', by: outsider.principal.id }])
    expect(await logOf(mine)).toEqual([])
  })

  test('reads of tokens, new secrets and exports are in it; other reads, and those that failed, are not', async () => {
    const project = await world.makeProject()
    const reader = await world.as('contributor', project)
    const base = `/api/v1/projects/${project}`
    for (const url of ['/models', '/people', '/events', '/tokens', '/events/export', '/deployments/none/predictions/x'])
      await reader.call('GET', base + url)
    await reader.call('POST', `${base}/tokens`, { name: 'notebook' })
    const entries = (await logOf(project)).toReversed()
    expect(entries.map(({ kind, what, path }) => [kind, what, path])).toEqual([
      ['read', 'tokens', `${base}/tokens`],
      ['read', 'export', `${base}/events/export`],
      ['read', 'secrets', `${base}/tokens`],
    ])
    expect(await logOf(project, '?kind=denied')).toEqual([])
    expect(await logOf(project, '?kind=read&limit=1')).toHaveLength(1)
    expect(await logOf(project, `?before=${entries[1]?.id}`)).toHaveLength(1)
    expect(await logOf(project, `?by=${reader.principal.id}`)).toHaveLength(3)
    expect(await logOf(project, '?by=prn_nobody')).toEqual([])
    expect(await logOf(project, `?to=${world.time.now}`)).toEqual([])
    expect(await logOf(project, `?from=${world.time.now}`)).toHaveLength(3)
  })

  test('it needs a permission of its own, and the whole of it the administrator of the instance', async () => {
    const project = await world.makeProject()
    for (const role of ['viewer', 'contributor', 'maintainer', 'approver'] as const)
      expect((await (await world.as(role, project)).call('GET', `/api/v1/projects/${project}/access-log`)).status).toBe(
        403,
      )
    expect((await (await world.as('admin', project)).call('GET', '/api/v1/access-log')).status).toBe(403)
    const all = await (await world.as('instance-admin')).call('GET', '/api/v1/access-log?limit=1000')
    expect(all.json.entries.length).toBeGreaterThan(4)
    expect(all.json.keptDays).toBe(90)
  })

  test('notes wait for nothing, are bounded, and what was too much is counted', async () => {
    const log = createAccessLog(world.kernel)
    const before = performance.now()
    for (let n = 0; n < 20_000; n += 1) log.note(note({ path: `/${n}`, project: 'flood' }))
    expect(performance.now() - before).toBeLessThan(1000)
    const count = async () =>
      (await world.kernel.db.read.selectFrom('access_log').select('id').where('project_id', '=', 'flood').execute())
        .length
    expect(await count()).toBe(0)
    await log.flush()
    expect(await count()).toBe(5000)
    const [last] = await log.list({ limit: 1 })
    expect(last).toMatchObject({ what: 'ACCESS_LOG.DROPPED', count: 15_000 })
    await log.stop()
  })

  test('what could not be written is written the next time', async () => {
    let broken = true
    const { db } = world.kernel
    const log = createAccessLog({
      ...world.kernel,
      db: {
        ...db,
        bulkInsert: async (...args) => {
          if (broken) throw new Error('the database is away')
          return db.bulkInsert(...args)
        },
      },
    })
    log.note(note({ project: 'away' }))
    await expect(log.flush()).rejects.toThrow('the database is away')
    broken = false
    log.note(note({ project: 'away' }))
    await log.flush()
    expect(await log.list({ project: 'away', limit: 10 })).toMatchObject([{ count: 2 }])
  })

  test('old entries go by age, and the oldest beyond what is kept at most', async () => {
    const log = createAccessLog(world.kernel, { mostRows: 3 })
    await world.kernel.db.write.transaction().execute((trx) => trx.deleteFrom('access_log').execute())
    const paths = async () => (await log.list({ limit: 100 })).map(({ path }) => path)
    const start = world.time.now
    log.note(note({ path: '/old' }))
    await log.flush()
    world.time.now = start + 89 * 86_400_000
    log.note(note({ path: '/newer' }))
    await log.flush()
    expect(await log.sweep()).toBe(0)
    world.time.now = start + 91 * 86_400_000
    expect(await log.sweep()).toBe(1)
    expect(await paths()).toEqual(['/newer'])
    for (const path of ['/1', '/2', '/3', '/4']) {
      world.time.now += 1000
      log.note(note({ path }))
    }
    await log.flush()
    expect(await log.sweep()).toBe(2)
    expect(await paths()).toEqual(expect.arrayContaining(['/2', '/3', '/4']))
  })
})
