import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Upload } from '@trivium/contract'
import { type Client, createS3Place, createWorld, describeEachDatabase, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const mib = 1024 * 1024
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const content = randomBytes(8 * mib + 3)
const digest = digestOf(content)
const octets = { 'content-type': 'application/octet-stream' }

const begin = async (client: Client, project: string, bytes = content): Promise<Upload> => {
  const body = { digest: digestOf(bytes), size: bytes.length }
  const answer = await client.call('POST', `/api/v1/projects/${project}/uploads`, body)
  expect(answer.status, answer.text).toBe(200)
  return answer.json
}
const partOf = (upload: Upload, number: number, bytes = content): Buffer => {
  const size = upload.partSize ?? 0
  return bytes.subarray((number - 1) * size, number * size)
}
const urlOf = (project: string, { id }: Upload): string => `/api/v1/projects/${project}/uploads/${id}`
const send = (client: Client, project: string, upload: Upload, number: number, bytes = partOf(upload, number)) =>
  client.call('PUT', `${urlOf(project, upload)}/parts/${number}?digest=${digestOf(bytes)}`, bytes, octets)
const complete = (client: Client, project: string, upload: Upload) =>
  client.call('POST', `${urlOf(project, upload)}/complete`, {})
const makeRun = async (client: Client): Promise<string> => {
  const name = randomBytes(6).toString('hex')
  const experiment = await client.call('POST', '/api/2.0/mlflow/experiments/create', { name })
  const { experiment_id } = experiment.json
  return (await client.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id })).json.run.info.run_id
}
/** What lies of uploads on this machine. */
const residue = ({ kernel }: World, project: string): string[] => {
  const folder = join(kernel.config.data, 'blobs', project, 'uploads')
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : []
}

function uploadTests(world: () => World): void {
  test('parts come in any order, a client that was killed goes on where it stopped, and the file is a file of a run', async () => {
    const project = await world().makeProject()
    const client = await world().as('contributor', project)
    const upload = await begin(client, project)
    expect(upload).toMatchObject({ state: 'open', partSize: 8 * mib, partCount: 2, parts: [] })
    expect((await send(client, project, upload, 2)).status).toBe(200)
    const missing = await complete(client, project, upload)
    expect(missing).toMatchObject({ status: 409, json: { code: 'BLOB.PARTS_MISSING', detail: /1 of 2 .*: 1/ } })
    const again = await begin(client, project)
    expect([again.id, again.parts.map(({ number, size }) => [number, size])]).toEqual([upload.id, [[2, 3]]])
    const run = await makeRun(client)
    const attach = () =>
      client.call('POST', `/api/v1/projects/${project}/runs/${run}/artifacts`, { path: 'big/x.bin', upload: upload.id })
    expect(await attach()).toMatchObject({ status: 409, json: { code: 'STORAGE.UPLOAD_NOT_DONE' } })
    expect(await world().kernel.blobs.has(project, digest)).toBe(false)
    await send(client, project, upload, 1)
    const [first, second] = await Promise.all([complete(client, project, upload), complete(client, project, upload)])
    expect([first.status, second.status, first.json.state, second.json.digest]).toEqual([200, 200, 'done', digest])
    expect((await begin(client, project)).id).toBe(upload.id)
    expect((await attach()).json).toEqual({ digest, size: content.length })
    const file = `/api/v1/projects/${project}/runs/${run}/artifacts/file?path=big/x.bin`
    const part = await client.call('GET', file, undefined, { range: `bytes=${8 * mib - 2}-${8 * mib + 1}` })
    expect([part.status, part.headers['content-length']]).toEqual([206, '4'])
    expect((await world().kernel.blobs.read(project, digest)).equals(content)).toBe(true)
    expect(await world().kernel.blobs.parts.list(project, { upload: upload.id, handle: 'local' })).toEqual([])
  })

  test('parts that are each right and together wrong never become content', async () => {
    const project = await world().makeProject()
    const client = await world().as('contributor', project)
    const upload = await begin(client, project)
    const other = Buffer.from(partOf(upload, 1))
    other[77] = (other[77] ?? 0) ^ 1
    expect((await send(client, project, upload, 1, other)).status).toBe(200)
    await send(client, project, upload, 2)
    const refused = await complete(client, project, upload)
    expect(refused).toMatchObject({ status: 400, json: { code: 'BLOB.DIGEST_MISMATCH' } })
    expect((await client.call('GET', urlOf(project, upload))).status).toBe(404)
    const { blobs } = world().kernel
    for (const wrong of [digest, digestOf(Buffer.concat([other, partOf(upload, 2)]))])
      expect(await blobs.has(project, wrong)).toBe(false)
    expect(residue(world(), project)).toEqual([])
  })
}

describeEachDatabase('uploads in parts', ({ world }) => {
  uploadTests(() => world)

  test('an upload belongs to whoever began it, in his project: for everybody else it is not there', async () => {
    const [project, theirs] = [await world.makeProject(), await world.makeProject()]
    const client = await world.as('contributor', project)
    const upload = await begin(client, project)
    const run = await makeRun(client)
    const [stranger, colleague] = [await world.as('admin', theirs), await world.as('maintainer', project)]
    const small = Buffer.from('x')
    for (const [who, where] of [
      [stranger, theirs],
      [colleague, project],
    ] as const) {
      const url = urlOf(where, upload)
      const answers = [
        await who.call('GET', url),
        await who.call('PUT', `${url}/parts/1`, small, octets),
        await who.call('POST', `${url}/parts/1/link`, { digest }),
        await who.call('POST', `${url}/complete`, {}),
        await who.call('DELETE', url),
      ]
      expect(answers.map(({ status, json }) => `${status} ${json.code}`)).toEqual(
        answers.map(() => '404 STORAGE.UPLOAD_NOT_FOUND'),
      )
    }
    expect((await stranger.call('GET', urlOf(project, upload))).status).toBe(404)
    const attached = await colleague.call('POST', `/api/v1/projects/${project}/runs/${run}/artifacts`, {
      path: 'stolen',
      upload: upload.id,
    })
    expect(attached.status).toBe(404)
    expect((await client.call('GET', `/api/v1/projects/${project}/uploads`)).json.uploads).toMatchObject([
      { id: upload.id },
    ])
    expect((await colleague.call('GET', `/api/v1/projects/${project}/uploads`)).json.uploads).toEqual([])
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', `/api/v1/projects/${project}/uploads`, { digest, size: 5 })).status).toBe(403)
  })

  test('a part of another digest, length or number is refused and does not count; an id that is a path finds nothing', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const upload = await begin(client, project)
    const url = urlOf(project, upload)
    const part = partOf(upload, 2)
    const put = (number: number | string, bytes: Buffer, query = '') =>
      client.call('PUT', `${url}/parts/${number}${query}`, bytes, octets)
    expect((await put(2, part, `?digest=${'a'.repeat(64)}`)).json.code).toBe('BLOB.DIGEST_MISMATCH')
    expect((await put(2, part.subarray(1))).json.code).toBe('BLOB.SIZE_MISMATCH')
    expect((await put(1, part)).json.code).toBe('BLOB.SIZE_MISMATCH')
    expect((await put(3, part)).json.code).toBe('STORAGE.NO_SUCH_PART')
    expect((await put(0, part)).status).toBe(400)
    expect((await client.call('GET', url)).json.parts).toEqual([])
    for (const id of ['..%2f..%2faside', 'upl_..%2f..', '..', 'local'])
      expect([400, 404]).toContain((await client.call('GET', `/api/v1/projects/${project}/uploads/${id}`)).status)
    for (const id of ['../../x', 'upl_../x', 'x'])
      await expect(
        (async () => world.kernel.blobs.parts.list(project, { upload: id, handle: 'local' }))(),
      ).rejects.toMatchObject({ code: 'BLOB.NO_UPLOAD' })
  })

  test('what is aborted, or has had its time, leaves nothing; nobody has more than 32 under way', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const upload = await begin(client, project)
    await send(client, project, upload, 1)
    expect(residue(world, project)).toContain(upload.id)
    expect((await client.call('DELETE', urlOf(project, upload))).status).toBe(204)
    expect(residue(world, project)).toEqual([])
    const many = Array.from({ length: 33 }, (_, i) => ({ digest: digestOf(Buffer.from(`${i}`)), size: 10 + i }))
    const answers = []
    for (const body of many) answers.push(await client.call('POST', `/api/v1/projects/${project}/uploads`, body))
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 32 }, () => 200), 409])
    expect(answers.at(-1)?.json.code).toBe('STORAGE.TOO_MANY_UPLOADS')
    expect(residue(world, project).filter((name) => /^upl_\w+$/.test(name)).length).toBe(32)
    const before = world.time.now
    try {
      world.time.now += 7 * 24 * 3_600_000
      expect((await client.call('GET', urlOf(project, answers[0]?.json))).status).toBe(404)
      expect(await world.capabilities.uploads.expire()).toBeGreaterThanOrEqual(32)
      expect(residue(world, project)).toEqual([])
    } finally {
      world.time.now = before
    }
  })

  test('what will not fit into the quota of storage is refused before the first byte', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const admin = await world.as('instance-admin')
    const { scope } = await world.as('admin', project)
    await world.capabilities.quotas.set({ ...scope, principal: admin.principal }, { storage: 1000 })
    const url = `/api/v1/projects/${project}/uploads`
    expect((await client.call('POST', url, { digest, size: 1001 })).status).toBe(507)
    expect(residue(world, project)).toEqual([])
    expect((await client.call('POST', url, { digest, size: 1000 })).status).toBe(200)
  })

  test('the file of a dataset version comes by an upload as well', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const csv = Buffer.from('a,b\n1,2\n3,4\n')
    const upload = await begin(client, project, csv)
    await send(client, project, upload, 1, csv)
    const url = `/api/v1/projects/${project}/datasets/by-parts/versions?format=csv&upload=${upload.id}`
    expect((await client.call('POST', url, Buffer.alloc(0), octets)).status).toBe(409)
    await complete(client, project, upload)
    const added = await client.call('POST', url, Buffer.alloc(0), octets)
    expect(added.json.version, added.text).toMatchObject({ name: 'by-parts', version: 1, rows: 2 })
  })
})

describe('uploads in parts on S3', () => {
  let world: World
  beforeAll(async () => {
    const { configuration } = await createS3Place()
    world = await createWorld({ configuration: { ...configuration, storageLinks: true } })
  }, 120_000)
  afterAll(() => world.close())
  uploadTests(() => world)

  test('parts go to the store itself by links; what is content is decided by the server, after reading the whole', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const upload = await begin(client, project)
    expect(upload.direct).toBe(true)
    const put = async (number: number, announced: Buffer, bytes = announced): Promise<number> => {
      const link = await client.call('POST', `${urlOf(project, upload)}/parts/${number}/link`, {
        digest: digestOf(announced),
      })
      expect(link.status, link.text).toBe(200)
      const { url, headers } = link.json as { url: string; headers: Record<string, string> }
      const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) })
      await answer.text()
      return answer.status
    }
    expect(await put(1, partOf(upload, 1))).toBe(200)
    await send(client, project, upload, 2)
    const late = await client.call('POST', `${urlOf(project, upload)}/parts/1/link`, {
      digest: digestOf(partOf(upload, 1)),
    })
    expect((await complete(client, project, upload)).json).toMatchObject({ state: 'done', digest })
    expect((await world.kernel.blobs.read(project, digest)).equals(content)).toBe(true)
    // A link that was handed out before writes nothing any more.
    const bad = randomBytes(8 * mib)
    const answer = await fetch(late.json.url, { method: 'PUT', headers: late.json.headers, body: bad })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    await answer.text()
    expect((await world.kernel.blobs.read(project, digest)).equals(content)).toBe(true)
  })

  test('a whole that is wrong although the store took each part is found by the server', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const upload = await begin(client, project)
    for (const number of [1, 2]) {
      const bytes = number === 1 ? randomBytes(8 * mib) : partOf(upload, number)
      const { json } = await client.call('POST', `${urlOf(project, upload)}/parts/${number}/link`, {
        digest: digestOf(bytes),
      })
      const answer = await fetch(json.url, { method: 'PUT', headers: json.headers, body: new Uint8Array(bytes) })
      expect(answer.status).toBe(200)
      await answer.text()
    }
    expect((await complete(client, project, upload)).json.code).toBe('BLOB.DIGEST_MISMATCH')
    expect(await world.kernel.blobs.has(project, digest)).toBe(false)
  })
})
