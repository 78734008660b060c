import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createS3Place, createWorld, type World } from '@trivium/testing'
import { expect, test } from 'vitest'
import { backUp } from './back-up.ts'
import { addBlobRef } from './kernel/blobs/index.ts'
import { moveContent } from './move-content.ts'
import { restore } from './restore.ts'

const open = async (data: string): Promise<World> => {
  await mkdir(data, { recursive: true })
  return createWorld({ data, configuration: { egressAllow: '127.0.0.1' } })
}

test('a backup names what projects keep elsewhere, a restored server reads it there, and a move of the own store leaves it alone', async () => {
  const base = await mkdtemp(join(tmpdir(), 'trivium-placed-'))
  const bucket = await createS3Place()
  try {
    const old = await open(join(base, 'old'))
    const store = async (world: World, text: string): Promise<string> => {
      const { digest, size } = await world.kernel.blobs.put('default', Buffer.from(text))
      await world.kernel.db.write
        .transaction()
        .execute((trx) =>
          addBlobRef(trx, { project: 'default', digest, owner: 'trivium://default/run/r', size, at: world.time.now }),
        )
      return digest
    }
    const own = await store(old, 'in the own store')
    const address = `${bucket.endpoint}/${bucket.bucket}/${new URL(bucket.url).pathname.slice(1)}?region=${bucket.region}`
    const set = await (await old.as('admin')).call('PUT', '/api/v1/projects/default/content-place', {
      kind: 's3',
      address,
      username: bucket.accessKeyId,
      secret: bucket.secretAccessKey,
    })
    expect(set.status, set.text).toBe(200)
    const placed = await store(old, 'in the bucket')
    const target = join(base, 'backup')
    const manifest = await backUp(old.kernel.config, target, { withKeys: true })
    expect(manifest.elsewhere).toEqual([{ project: 'default', place: address, contents: 1, bytes: 13 }])
    expect(JSON.stringify(manifest)).not.toContain(bucket.secretAccessKey)
    await old.close()

    const moved = await moveContent(old.kernel.config, `file://${join(base, 'elsewhere')}`)
    expect([moved.missing, moved.copied]).toEqual([[], expect.any(Number)])

    await restore({ ...old.kernel.config, data: join(base, 'new') }, target)
    const next = await open(join(base, 'new'))
    for (const [digest, text] of [
      [own, 'in the own store'],
      [placed, 'in the bucket'],
    ] as const)
      expect((await next.kernel.blobs.read('default', digest)).toString()).toBe(text)
    expect(await next.kernel.ownBlobs.has('default', placed)).toBe(false)
    await next.close()
  } finally {
    await rm(base, { recursive: true, force: true })
  }
})
