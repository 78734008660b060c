import { createHash, randomBytes } from 'node:crypto'
import { chmod, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StorageCollection } from '@trivium/contract'
import { type Client, createS3Place, createWorld, describeEachDatabase, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addBlobRef, chunkSize, createDatabaseChunks } from '../../kernel/blobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { collect } from './collect.ts'

const hour = 3_600_000

/** Makes somebody hold content, as a capability does after it has put it. */
function hold(kernel: Kernel, ref: { project: string; digest: string; owner: string; size?: number }): Promise<void> {
  return kernel.db.write.transaction().execute((trx) => addBlobRef(trx, { size: 100, ...ref, at: kernel.clock() }))
}
function letGo(kernel: Kernel, { project, digest }: { project: string; digest: string }): Promise<unknown> {
  return kernel.db.write
    .transaction()
    .execute((trx) =>
      trx.deleteFrom('blob_ref').where('project_id', '=', project).where('digest', '=', digest).execute(),
    )
}
const runOf = (project: string, id: string) => `trivium://${project}/run/${id}`

async function finished(client: Client, dryRun: boolean): Promise<StorageCollection> {
  const begun = await client.call('POST', '/api/v1/storage/collections', { dryRun })
  expect(begun.status, begun.text).toBe(202)
  for (;;) {
    const { json } = await client.call('GET', `/api/v1/storage/collections/${begun.json.id}`)
    if (json.state === 'finished' || json.state === 'failed') return json
    await sleep(10)
  }
}

/** The same on every database and both kinds of store. */
function collectionTests(worldOf: () => World): void {
  const put = async (project: string, text: string) => worldOf().kernel.blobs.put(project, Buffer.from(text))

  test('what nobody holds is set aside after the grace, found again by whoever reads it, and removed after another', async () => {
    const world = worldOf()
    const { kernel, time } = world
    const [project, admin] = [await world.makeProject(), await world.as('instance-admin')]
    time.now = Date.now()
    const [held, orphan, wanted] = [
      await put(project, `held ${project}`),
      await put(project, `left by a kill between put and its transaction ${project}`),
      await put(project, `wanted again ${project}`),
    ]
    await hold(kernel, { project, digest: held.digest, owner: runOf(project, 'one') })
    // Who holds it there holds it not here.
    const twin = await world.makeProject()
    expect((await put(twin, `held ${project}`)).digest).toBe(held.digest)

    expect(await finished(admin, false)).toMatchObject({ state: 'finished', setAside: 0, removed: 0 })
    time.now += 25 * hour
    const dry = await finished(admin, true)
    expect(dry).toMatchObject({ dryRun: true, removed: 0 })
    expect(dry.setAside).toBeGreaterThanOrEqual(2)
    expect(await placesOf(kernel, project)).toEqual({ place: 3, aside: 0 })
    const first = await finished(admin, false)
    expect([first.setAside, first.setAsideBytes]).toEqual([dry.setAside, dry.setAsideBytes])
    expect(await placesOf(kernel, project)).toEqual({ place: 1, aside: 2 })
    expect(await placesOf(kernel, twin)).toEqual({ place: 0, aside: 1 })

    time.now += 23 * hour
    expect(await finished(admin, false)).toMatchObject({ removed: 0 })
    expect((await kernel.blobs.read(project, wanted.digest)).toString()).toContain('wanted again')
    await hold(kernel, { project, digest: wanted.digest, owner: runOf(project, 'two') })
    time.now += 2 * hour
    expect((await finished(admin, true)).removed).toBeGreaterThanOrEqual(1)
    expect(await kernel.blobs.has(project, held.digest)).toBe(true)
    await finished(admin, false)
    expect(await placesOf(kernel, project)).toEqual({ place: 2, aside: 0 })
    expect(await kernel.blobs.has(project, orphan.digest)).toBe(false)
    expect((await kernel.blobs.read(project, held.digest)).toString()).toContain('held')
  })

  test('content that got an owner while it was aside comes back, though nobody read it', async () => {
    const world = worldOf()
    const { kernel } = world
    const project = await world.makeProject()
    const { digest } = await put(project, `owner comes late ${project}`)
    await collect(
      { read: kernel.db.read, blobs: kernel.blobs },
      { now: Date.now() + 25 * hour, graceMs: hour, dryRun: false },
    )
    expect(await placesOf(kernel, project)).toEqual({ place: 0, aside: 1 })
    await hold(kernel, { project, digest, owner: runOf(project, 'late') })
    const later = { now: Date.now() + 99 * hour, graceMs: hour }
    expect(await collect({ read: kernel.db.read, blobs: kernel.blobs }, { ...later, dryRun: false })).toMatchObject({
      broughtBack: 1,
    })
    expect(await placesOf(kernel, project)).toEqual({ place: 1, aside: 0 })
  })

  test('nothing that is being written is ever removed: writers at work, collectors all the time, and every reference finds its content', async () => {
    const world = worldOf()
    const { kernel } = world
    const project = await world.makeProject()
    // Far less than a day, but longer than any writer here takes from the content to its reference.
    const graceMs = 1000
    let writing = true
    let removed = 0
    let setAside = 0
    const collectors = Array.from({ length: 2 }, async () => {
      while (writing) {
        const now = Date.now()
        const found = await collect({ read: kernel.db.read, blobs: kernel.blobs }, { now, graceMs, dryRun: false })
        removed += found.removed
        setAside += found.setAside
        await sleep(5)
      }
    })
    const held = new Map<string, Buffer>()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; round < 20; round += 1) {
        // Few different contents, so that the same one is put, let go, collected and put again all the time.
        const content = Buffer.from(`content ${(writer * 7 + round) % 9} of ${project}`)
        const { digest } = await kernel.blobs.put(project, round % 2 ? content : Readable.from([content]))
        await sleep(Math.random() * 20)
        const owner = runOf(project, `${writer}-${round}`)
        await hold(kernel, { project, digest, owner })
        expect((await kernel.blobs.read(project, digest)).equals(content)).toBe(true)
        if (round % 3 === 0) {
          held.set(digest, content)
          continue
        }
        await kernel.db.write
          .transaction()
          .execute((trx) =>
            trx.deleteFrom('blob_ref').where('project_id', '=', project).where('owner', '=', owner).execute(),
          )
        await kernel.blobs.put(project, randomBytes(50))
        await sleep(Math.random() * 60)
      }
    })
    try {
      await Promise.all(writers)
      await sleep(2500)
    } finally {
      writing = false
      await Promise.all(collectors)
    }
    for (const [digest, content] of held) expect((await kernel.blobs.read(project, digest)).equals(content)).toBe(true)
    expect(setAside, 'The collectors had something to do.').toBeGreaterThan(5)
    expect(removed).toBeGreaterThan(5)
  })
}

async function placesOf(kernel: Kernel, project: string): Promise<{ place: number; aside: number }> {
  const count = async (items: AsyncIterable<{ project: string }>): Promise<number> => {
    let found = 0
    for await (const item of items) if (item.project === project) found += 1
    return found
  }
  return { place: await count(kernel.blobs.list()), aside: await count(kernel.blobs.listAside()) }
}

describeEachDatabase('storage', ({ world }) => {
  collectionTests(() => world)

  test('one collection works at a time, and only an administrator of the instance begins one', async () => {
    const admin = await world.as('instance-admin')
    await world.kernel.jobs.stop()
    const first = await admin.call('POST', '/api/v1/storage/collections', { dryRun: true })
    expect(await admin.call('POST', '/api/v1/storage/collections', { dryRun: false })).toMatchObject({
      status: 409,
      json: { code: 'STORAGE.COLLECTING', detail: expect.stringContaining(first.json.id) },
    })
    world.kernel.jobs.start()
    for (const role of ['admin', 'maintainer', 'viewer'] as const) {
      const client = await world.as(role)
      expect((await client.call('GET', '/api/v1/storage')).status, role).toBe(403)
      expect((await client.call('POST', '/api/v1/storage/collections', { dryRun: false })).status, role).toBe(403)
    }
    await expect
      .poll(async () => (await admin.call('GET', `/api/v1/storage/collections/${first.json.id}`)).json.state)
      .toBe('finished')
    expect((await admin.call('GET', '/api/v1/storage/collections/col_none')).status).toBe(404)
  })

  test('the next collection is queued by schedule, once, and queues the one after it', async () => {
    const { kernel, time, capabilities } = world
    await capabilities.storage.schedule()
    await capabilities.storage.schedule()
    const open = () =>
      kernel.db.read
        .selectFrom('job')
        .select(['not_before', 'state'])
        .where('kind', '=', 'storage.collect')
        .where('state', 'in', ['queued', 'running'])
        .execute()
    const [only, ...more] = await open()
    expect(more).toEqual([])
    expect(only?.not_before).toBe(time.now + 24 * hour)
    time.now += 24 * hour + 1
    await expect.poll(async () => (await open())[0]?.not_before, { timeout: 5000 }).toBe(time.now + 24 * hour)
    const { collections } = await capabilities.storage.overview()
    expect(collections[0]).toMatchObject({ by: 'system:storage', state: 'finished', dryRun: false })
  })

  test('a check finds damage that nobody met, tells it to people, and forgets it when the content is stored again', async () => {
    const { kernel, capabilities } = world
    const [project, admin] = [await world.makeProject(), await world.as('instance-admin')]
    const text = Buffer.from(`checked ${project}`)
    const { digest } = await kernel.blobs.put(project, text)
    await hold(kernel, { project, digest, owner: runOf(project, 'checked') })
    const path = await kernel.blobs.localPath(project, digest)
    const check = async () => {
      const begun = await admin.call('POST', '/api/v1/storage/scrubs')
      expect(begun.status, begun.text).toBe(202)
      const latest = async () => (await capabilities.storage.overview()).scrubs.find(({ id }) => id === begun.json.id)
      await expect.poll(async () => (await latest())?.state).toBe('finished')
      return latest()
    }
    const damaged = async () => (await capabilities.storage.overview()).damages.filter((one) => one.digest === digest)
    expect(await check()).toMatchObject({ damaged: 0 })
    await chmod(path, 0o640)
    await writeFile(path, 'not what it was')
    expect(await check()).toMatchObject({ damaged: 1 })
    await expect.poll(damaged).toMatchObject([{ project, owners: [{ kind: 'run' }] }])
    await kernel.blobs.put(project, text)
    expect(await check()).toMatchObject({ damaged: 0 })
    expect(await damaged()).toEqual([])
    for (const role of ['admin', 'viewer'] as const)
      expect((await (await world.as(role)).call('POST', '/api/v1/storage/scrubs')).status).toBe(403)
  })

  test('the schedule checks a part at a time, each content once in a round, and begins the next round', async () => {
    const { kernel, time, capabilities } = world
    const project = await world.makeProject()
    const { digest } = await kernel.blobs.put(project, Buffer.from(`in its part ${project}`))
    await capabilities.storage.schedule()
    const round = async () => (await capabilities.storage.overview()).scrubs.find(({ by }) => by === 'system:storage')
    const waiting = () =>
      kernel.db.read
        .selectFrom('job')
        .select('state')
        .where('kind', '=', 'storage.scrub')
        .where((e) =>
          e.or([e('state', '=', 'running'), e.and([e('state', '=', 'queued'), e('not_before', '<=', time.now)])]),
        )
        .execute()
    const idle = async () => {
      await expect.poll(waiting, { timeout: 5000 }).toEqual([])
    }
    const step = async () => {
      time.now += Math.ceil((30 * 24 * hour) / 256)
      await idle()
      return round()
    }
    // Other tests may have let some time pass.
    await idle()
    const before = (await round())?.part ?? 0
    expect((await step())?.part).toBe(before + 1 / 256)
    const share = Number.parseInt(digest.slice(0, 2), 16)
    // The shares before it are not needed here.
    await kernel.db.write
      .transaction()
      .execute((trx) =>
        trx.updateTable('storage_scrub').set({ share, contents: 0 }).where('by_id', '=', 'system:storage').execute(),
      )
    expect((await step())?.contents).toBeGreaterThanOrEqual(1)
    await kernel.db.write
      .transaction()
      .execute((trx) =>
        trx.updateTable('storage_scrub').set({ share: 255 }).where('by_id', '=', 'system:storage').execute(),
      )
    expect(await step()).toMatchObject({ state: 'finished' })
    expect(await step()).toMatchObject({ state: 'running', part: 1 / 256 })
  })

  test('what uses space is told by project and kind, content that two hold counts once in the total', async () => {
    const [one, two] = [await world.makeProject(), await world.makeProject()]
    const digest = (n: number) => createHash('sha256').update(`${one} ${n}`).digest('hex')
    const { kernel } = world
    await hold(kernel, { project: one, digest: digest(1), owner: runOf(one, 'a'), size: 1000 })
    await hold(kernel, { project: one, digest: digest(1), owner: runOf(one, 'b'), size: 1000 })
    await hold(kernel, { project: one, digest: digest(2), owner: runOf(one, 'b'), size: 500 })
    await hold(kernel, { project: one, digest: digest(1), owner: `trivium://${one}/model/delays@3`, size: 1000 })
    await hold(kernel, { project: two, digest: digest(1), owner: `trivium://${two}/table/dataset%2Fflights`, size: 7 })
    const { json } = await (await world.as('instance-admin')).call('GET', '/api/v1/storage')
    const mine = (all: { project: string }[]) => all.filter(({ project }) => project === one || project === two)
    expect(mine(json.use)).toEqual([
      { project: one, kind: 'run', owners: 2, contents: 2, bytes: 1500 },
      { project: one, kind: 'model', owners: 1, contents: 1, bytes: 1000 },
      { project: two, kind: 'table', owners: 1, contents: 1, bytes: 7 },
    ])
    expect(mine(json.totals)).toEqual([
      { project: one, contents: 2, bytes: 1500 },
      { project: two, contents: 1, bytes: 7 },
    ])
  })

  test('what holds a content is listed for members of its project and for nobody else', async () => {
    const project = await world.makeProject()
    const { kernel } = world
    const { digest } = await kernel.blobs.put(project, Buffer.from(`explained ${project}`))
    const url = `/api/v1/projects/${project}/blobs/${digest}/owners`
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('GET', url)).json).toEqual({ digest, stored: true, size: null, owners: [] })
    await hold(kernel, { project, digest, owner: `trivium://${project}/model/delays@3`, size: 42 })
    await hold(kernel, { project, digest, owner: runOf(project, 'abc'), size: 42 })
    expect((await viewer.call('GET', url)).json).toEqual({
      digest,
      stored: true,
      size: 42,
      owners: [
        {
          urn: `trivium://${project}/model/delays@3`,
          kind: 'model',
          name: 'delays',
          version: '3',
          since: kernel.clock(),
        },
        { urn: runOf(project, 'abc'), kind: 'run', name: 'abc', since: kernel.clock() },
      ],
    })
    const stranger = await world.as('admin')
    expect((await stranger.call('GET', url)).status).toBe(404)
    expect((await stranger.call('GET', url.replace(project, 'default'))).json).toMatchObject({
      code: 'STORAGE.CONTENT_NOT_FOUND',
    })
  })

  test('an artifact with one flipped bit is not served, and the page of storage names it and what needs it', async () => {
    const project = await world.makeProject()
    const { kernel } = world
    const content = Buffer.from(`a model of ${project}`)
    const { digest } = await kernel.blobs.put(project, content)
    await hold(kernel, { project, digest, owner: runOf(project, 'abc') })
    const path = await kernel.blobs.localPath(project, digest)
    content[3] = (content[3] ?? 0) ^ 4
    await chmod(path, 0o640)
    await writeFile(path, content)
    await utimes(path, new Date(), new Date(Date.now() + 5000))
    await expect(kernel.blobs.read(project, digest)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
    await expect(kernel.blobs.localPath(project, digest)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
    const admin = await world.as('instance-admin')
    const damages = async () =>
      (await admin.call('GET', '/api/v1/storage')).json.damages.filter(
        (one: { digest: string }) => one.digest === digest,
      )
    await expect.poll(damages).toMatchObject([{ project, digest, times: 2, owners: [{ kind: 'run', name: 'abc' }] }])
  })

  test('digests of the pieces of large content lie in the database, of its project only, until the content is deleted', async () => {
    const { blobs, db } = world.kernel
    const [mine, theirs] = [await world.makeProject(), await world.makeProject()]
    const content = randomBytes(chunkSize + 7)
    const { digest } = await blobs.put(mine, Readable.from([content]))
    await blobs.put(mine, Buffer.from('small'))
    const rows = () => db.read.selectFrom('blob_chunks').selectAll().where('project_id', 'in', [mine, theirs]).execute()
    const index = createDatabaseChunks(db)
    const found = await index.find(mine, digest)
    const last = createHash('sha256').update(content.subarray(chunkSize)).digest()
    expect([found?.size, found?.digests.length, found?.digests.subarray(32).equals(last)]).toEqual([
      content.length,
      64,
      true,
    ])
    expect(await index.find(theirs, digest)).toBeUndefined()
    expect(await rows()).toMatchObject([{ project_id: mine, digest, chunk_size: chunkSize }])
    await blobs.delete(mine, digest)
    expect(await rows()).toEqual([])
  })

  test('a local store hands out no links', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const url = `/api/v1/projects/${project}/blobs/${'a'.repeat(64)}/upload-link`
    expect(await client.call('POST', url, { size: 3 })).toMatchObject({ status: 409, json: { code: 'BLOB.NO_LINKS' } })
  })
})

describe('storage on S3', () => {
  let world: World
  beforeAll(async () => {
    const { configuration } = await createS3Place()
    world = await createWorld({ configuration: { ...configuration, storageLinks: true } })
  }, 120_000)
  afterAll(() => world.close())
  collectionTests(() => world)

  test('a client gets a link to an artifact, writes by a link, and gets none to rows of data', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const content = Buffer.from(`written by link to ${project}`)
    const digest = createHash('sha256').update(content).digest('hex')
    const base = `/api/v1/projects/${project}/blobs/${digest}`
    const upload = (await client.call('POST', `${base}/upload-link`, { size: content.length })).json
    expect((await fetch(upload.url, { method: upload.method, headers: upload.headers, body: content })).status).toBe(
      200,
    )
    expect((await world.kernel.blobs.read(project, digest)).equals(content)).toBe(true)
    await hold(world.kernel, { project, digest, owner: `trivium://${project}/table/dataset%2Fpeople` })
    expect(await client.call('POST', `${base}/download-link`)).toMatchObject({ status: 404 })
    await hold(world.kernel, { project, digest, owner: runOf(project, 'abc') })
    const download = (await client.call('POST', `${base}/download-link`)).json
    expect(await (await fetch(download.url)).text()).toBe(content.toString())
    await letGo(world.kernel, { project, digest })
  })

  test('the server keeps artifacts there, and its data directory holds copies only', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const { json: experiment } = await client.call('POST', '/api/2.0/mlflow/experiments/create', { name: 'on-s3' })
    const { json: made } = await client.call('POST', '/api/2.0/mlflow/runs/create', {
      experiment_id: experiment.experiment_id,
    })
    const run = made.run.info.run_id as string
    const url = `/api/2.0/mlflow-artifacts/artifacts/${made.run.info.artifact_uri.split('artifacts/').slice(1).join('artifacts/') || `${experiment.experiment_id}/${run}/artifacts`}/notes.txt`
    const body = Buffer.from('kept on S3')
    const put = await client.call('PUT', url, body, { 'content-type': 'application/octet-stream' })
    expect(put.status, `${url} ${put.text}`).toBe(200)
    await rm(join(world.kernel.config.data, 'copies'), { recursive: true, force: true })
    expect((await client.call('GET', url)).text).toBe('kept on S3')
    expect((await client.call('GET', url, undefined, { range: 'bytes=5-6' })).text).toBe('on')
  })
})
