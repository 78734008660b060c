import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import type { DataSubject, SubjectData } from '../../kernel/ports/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import { affectedFiles, affectedModels } from './affected-models.ts'
import { createSubjectRequests } from './index.ts'

describeEachDatabase('requests of people', ({ world }) => {
  let project: string
  const at = (path: string) => `/api/v1/projects/${project}/subjects/${path}`
  const reason = 'Request 17 of today'
  const admin = () => world.as('admin', project)
  const root = () => world.as('instance-admin')

  beforeAll(async () => {
    project = await world.makeProject()
  })

  test('an erasure is confirmed by typing the id once more, and its reason names nobody', async () => {
    const { call } = await admin()
    const erase = (confirm: string, why: string) =>
      call('POST', at('erase'), { subject: 'Ann-1', confirm, reason: why })
    expect((await erase('Ann-2', reason)).json.code).toBe('SUBJECTS.NOT_CONFIRMED')
    expect((await erase('Ann-1', 'as ann-1 asked for')).json.code).toBe('SUBJECTS.NAMED_IN_REASON')
    expect((await call('GET', at('erasures'))).json.erasures).toEqual([])
    expect((await call('POST', at('find'), { subject: 'Ann-1' })).json).toMatchObject({ id: null, erasedAt: null })
  })

  test('a person without any row is erased too: what comes of him later is stored as erased', async () => {
    const { call } = await admin()
    const body = { subject: 'nobody-yet', confirm: 'nobody-yet', reason }
    const first = await call('POST', at('erase'), body)
    expect([first.status, first.json.found]).toEqual([200, []])
    expect(first.json.subject).toMatch(/^sbj_/)
    await world.settled(project)
    await expect
      .poll(async () => (await call('GET', at('erasures'))).json.erasures[0].state, { timeout: 10_000 })
      .toBe('finished')
    const again = await call('POST', at('erase'), body)
    expect([again.json.id, again.json.at]).toEqual([first.json.id, first.json.at])
    const found = (await call('POST', at('find'), { subject: 'nobody-yet' })).json
    expect([found.id, found.erasedAt]).toEqual([first.json.subject, first.json.at])
    const seal = await world.kernel.subjects.sealer(project, ['nobody-yet', 'somebody'])
    const texts = [seal('nobody-yet', 'mail', 'his@mail'), seal('somebody', 'mail', 'her@mail')]
    const open = await world.kernel.subjects.opener(project, texts)
    expect(texts.map(open)).toEqual([undefined, 'her@mail'])
  })

  test('neither a record nor an event nor a file beside the database holds who it was', async () => {
    const { call } = await admin()
    await call('POST', at('erase'), { subject: 'zebrafish-9', confirm: 'zebrafish-9', reason })
    await expect
      .poll(async () => (await call('GET', at('erasures'))).json.erasures[0].state, { timeout: 10_000 })
      .toBe('finished')
    await world.settled(project)
    for (const path of ['events?limit=500', 'subjects/erasures'])
      expect((await call('GET', `/api/v1/projects/${project}/${path}`)).text, path).not.toContain('zebrafish')
    const rows = await world.kernel.db.read.selectFrom('erasure').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain('zebrafish')
    expect(rows.every((row) => row.sealed_subject === null)).toBe(true)
    expect(JSON.stringify(await world.kernel.db.read.selectFrom('job').selectAll().execute())).not.toContain(
      'zebrafish',
    )
    const noted = await readFile(join(world.kernel.paths.data, 'erasures.jsonl'), 'utf8')
    expect([noted.includes('zebrafish'), noted.includes(rows[0]?.key_id ?? '-')]).toEqual([false, true])
  })

  test('a capability that fails is tried again until it has done its part, and the others do not wait for it', async () => {
    const { scope } = await admin()
    const erased: string[] = []
    let broken = 2
    const holds = (capability: string): SubjectData => ({
      capability,
      find: async () => [{ kind: 'rows', where: 'a', count: 3, urns: [] }],
      export: async function* () {},
      erase: async ({ subject }: DataSubject) => {
        if (capability === 'weak' && broken-- > 0) throw new Error(`cannot reach the rows of ${subject}`)
        erased.push(capability)
        return [
          {
            kind: 'rows',
            where: 'a',
            count: erased.filter((one) => one === capability).length === 1 ? 3 : 0,
            urns: [],
          },
        ]
      },
    })
    const handlers: ((job: never) => Promise<void>)[] = []
    const queued: unknown[] = []
    const requests = createSubjectRequests(
      {
        ...world.kernel,
        jobs: {
          ...world.kernel.jobs,
          handle: ({ handle }) => void handlers.push(handle as never),
          enqueue: async (_trx, job) => `${queued.push(job)}`,
        },
      },
      {
        lineage: world.capabilities.lineage,
        data: [holds('weak'), holds('strong')],
        texts: [],
        accounts: holds('access'),
        mayErase: () => {},
      },
    )
    const begun = await requests.erase(scope, { subject: 'pike', confirm: 'pike', reason })
    expect(begun).toMatchObject({ state: 'running', found: [{ capability: 'weak', count: 3 }, { count: 3 }] })
    const work = () =>
      handlers[0]?.({
        project,
        input: { keyId: begun.subject },
        complete: (done: (trx: unknown) => Promise<void>) => world.kernel.db.write.transaction().execute(done),
      } as never)
    const now = async () => (await requests.list(scope, {})).find((one) => one.id === begun.id)
    await expect(work()).rejects.toThrow('weak')
    expect(erased).toEqual(['strong'])
    expect(await now()).toMatchObject({ state: 'running', error: 'weak: cannot reach the rows of [redacted]' })
    await expect(work()).rejects.toThrow('weak')
    await work()
    expect(await now()).toMatchObject({
      state: 'finished',
      error: null,
      changed: [
        { capability: 'strong', count: 3 },
        { capability: 'weak', count: 3 },
      ],
    })
    await work()
    expect(erased.filter((one) => one === 'strong')).toHaveLength(3)
  })

  test('models that were made of the rows are named, directly or by way of another dataset, and none that was only judged by them', async () => {
    const { scope } = await admin()
    const named = (kind: string, id: string, version?: number) => urn(project, kind, id, version)
    const made = async (subject: string, from: string) =>
      world.kernel.db.write.transaction().execute((trx) =>
        world.kernel.events.append(trx, {
          project,
          name: 'run.finished',
          schema: 1,
          by: 'system:test',
          subject,
          refs: [{ rel: 'input', urn: from, as: 'data' }],
          data: {},
        }),
      )
    const rows = named('dataset', 'people', 1)
    for (const [subject, from] of [
      [named('run', 'r1'), rows],
      [named('model', 'direct', 1), named('run', 'r1')],
      [named('dataset', 'derived', 1), rows],
      [named('model', 'derived', 4), named('dataset', 'derived', 1)],
      [named('evaluation', 'evl_1'), rows],
      [named('model', 'judged', 2), named('evaluation', 'evl_1')],
      [named('dataset', 'people', 2), rows],
      [named('model', 'later', 3), named('dataset', 'people', 2)],
      [named('release', 'rel_1'), named('model', 'direct', 1)],
      [named('model', 'retrained', 9), named('release', 'rel_1')],
    ] as const)
      await made(subject, from)
    await world.settled(project)
    const { models, more } = await affectedModels(world.capabilities.lineage, scope, [rows])
    expect([models.map((one) => `${one.name}@${one.version}`), more]).toEqual([['derived@4', 'direct@1'], false])
    // Of the runs, those that hold files.
    const { db } = world.kernel
    expect(await affectedFiles(db.read, world.capabilities.lineage, scope, [rows])).toEqual([])
    await db.write
      .transaction()
      .execute((trx) =>
        addBlobRef(trx, { project, digest: 'd', owner: named('run', 'r1'), size: 1, at: world.time.now }),
      )
    const files = await affectedFiles(db.read, world.capabilities.lineage, scope, [rows])
    expect(files.map(({ kind, name }) => [kind, name])).toEqual([['run', 'r1']])
  })

  test('a person who is a user of the instance is overwritten and can sign in no more; events keep the id', async () => {
    const { call } = await root()
    const made = await call('POST', `/api/v1/projects/${project}/people`, { name: 'zebra.fish', role: 'viewer' })
    const { id } = made.json
    const { secret } = await world.capabilities.access.createToken((await root()).principal, {
      principalId: id,
      name: 'laptop of zebra.fish',
      project,
    })
    const me = () =>
      world.app.inject({
        url: `/api/v1/projects/${project}/people`,
        headers: { host: 'localhost', authorization: `Bearer ${secret}` },
      })
    expect((await me()).statusCode).toBe(200)
    const found = (await call('POST', '/api/v1/subjects/find', { subject: 'zebra.fish' })).json.found
    expect(found).toContainEqual({ capability: 'access', kind: 'account', where: id, count: 1, plain: 1 })
    const file = await call('POST', '/api/v1/subjects/export', { subject: 'zebra.fish' })
    expect(file.text.split('\n')[0]).toContain('"kind":"account"')
    expect(file.text).toContain('laptop of zebra.fish')

    const erase = (subject: string) => call('POST', '/api/v1/subjects/erase', { subject, confirm: subject, reason })
    const erased = await erase('zebra.fish')
    expect([erased.status, erased.json.subject]).toEqual([200, id])
    await expect
      .poll(async () => (await call('GET', '/api/v1/subjects/erasures')).json.erasures[0].state, { timeout: 10_000 })
      .toBe('finished')
    expect((await me()).statusCode).toBe(401)
    const people = (await call('GET', `/api/v1/projects/${project}/people`)).text
    expect(people).not.toContain('zebra')
    const { db } = world.kernel
    const rows = [
      ...(await db.read.selectFrom('principal').selectAll().execute()),
      ...(await db.read.selectFrom('token').selectAll().execute()),
      ...(await db.read.selectFrom('erasure').selectAll().execute()),
    ]
    expect(JSON.stringify(rows)).not.toContain('zebra.fish')
    await world.settled('default')
    const events = await call('GET', '/api/v1/projects/default/events?limit=1000')
    expect(events.json.events.filter((one: any) => one.subject.endsWith(id)).map((one: any) => one.name)).toContain(
      'principal.erased',
    )
    expect((await erase('zebra.fish')).json.code).toBe('SUBJECTS.ACCOUNT_NOT_FOUND')
    expect((await erase(id)).json.id).toBe(erased.json.id)
  })

  test('nobody erases himself', async () => {
    const { call, principal } = await root()
    const own = await call('POST', '/api/v1/subjects/erase', { subject: principal.id, confirm: principal.id, reason })
    expect(own.json.code).toBe('ACCESS.NOT_ONESELF_ERASED')
  })
})
