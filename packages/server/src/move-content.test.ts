import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createS3Place, createWorld } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addBlobRef } from './kernel/blobs/index.ts'
import { lockDataDirectory } from './kernel/db/index.ts'
import { moveContent } from './move-content.ts'

let base: string
let place: Awaited<ReturnType<typeof createS3Place>>
let configuration: Record<string, unknown>
const contents = new Map<string, Buffer>()

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'trivium-move-'))
  place = await createS3Place()
  configuration = {
    storageEndpoint: place.endpoint,
    storageRegion: place.region,
    storageAccessKeyId: place.accessKeyId,
    storageSecretAccessKey: place.secretAccessKey,
  }
  await mkdir(join(base, 'data'))
}, 120_000)
afterAll(() => rm(base, { recursive: true, force: true }))

const inWorld = async <T>(storageUrl: string, work: (world: Awaited<ReturnType<typeof createWorld>>) => Promise<T>) => {
  const world = await createWorld({ data: join(base, 'data'), configuration: { ...configuration, storageUrl } })
  try {
    return await work(world)
  } finally {
    await world.close()
  }
}
const readAll = (storageUrl: string) =>
  inWorld(storageUrl, async ({ kernel }) => {
    for (const [digest, content] of contents)
      expect((await kernel.blobs.read('default', digest)).equals(content)).toBe(true)
    return kernel.config
  })

test('content moves to S3 and back, goes on where it was cut off, and a server finds all in the new place', async () => {
  const config = await inWorld('', async ({ kernel }) => {
    for (let n = 0; n < 12; n += 1) {
      const content = Buffer.from(`content ${n} `.repeat(n * 500 + 1))
      const { digest, size } = await kernel.blobs.put('default', content)
      contents.set(digest, content)
      await kernel.db.write
        .transaction()
        .execute((trx) =>
          addBlobRef(trx, { project: 'default', digest, size, owner: `trivium://default/run/${n}`, at: 1 }),
        )
    }
    // Set aside and wanted all the same.
    await kernel.blobs.setAside('default', [...contents.keys()][0] ?? '', 1)
    return kernel.config
  })
  const held = lockDataDirectory(config.data)
  await expect(moveContent(config, place.url)).rejects.toMatchObject({ code: 'DATA.IN_USE' })
  held.release()
  const moved = await moveContent(config, place.url)
  expect(moved).toMatchObject({ there: 0, missing: [], next: expect.stringContaining(`to ${place.url}`) })
  expect(moved.copied).toBeGreaterThanOrEqual(contents.size)
  expect(await moveContent(config, place.url)).toMatchObject({ copied: 0, there: moved.copied, missing: [] })

  await rm(join(base, 'data/blobs'), { recursive: true })
  const remote = await readAll(place.url)
  expect(await moveContent(remote, '')).toMatchObject({
    missing: [],
    next: expect.stringContaining('Remove storageUrl'),
  })
  await readAll('')
}, 120_000)

test('what cannot be moved is named, and the rest is moved', async () => {
  const other = await createS3Place()
  const config = await readAll('')
  const [digest = ''] = contents.keys()
  const folder = join(base, 'data/blobs/default', digest.slice(0, 2))
  expect(await readdir(folder)).toContain(digest)
  await rm(join(folder, digest))
  const moved = await moveContent(config, other.url)
  expect(moved.missing).toEqual([{ project: 'default', digest, why: 'it is not in the old place either' }])
  expect(moved.copied).toBeGreaterThanOrEqual(contents.size - 1)
  await expect(moveContent(config, '')).rejects.toMatchObject({ code: 'MOVE.SAME' })
}, 120_000)
