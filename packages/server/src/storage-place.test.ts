import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createS3Place } from '@trivium/testing'
import { afterAll, expect, test } from 'vitest'
import { loadConfig, startServer } from './main.ts'

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

test('a server on S3 starts again on its place, and one of another database is refused there before it writes', async () => {
  const { configuration } = await createS3Place()
  const start = async (data: string) =>
    startServer(loadConfig({ flags: { data, port: 0, logLevel: 'silent', ...configuration }, environment: {} }))
  const [mine, theirs] = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'trivium-place-'))))
  if (mine === undefined || theirs === undefined) throw new Error('There are no folders.')
  folders.push(mine, theirs)
  for (let round = 0; round < 2; round += 1) await (await start(mine)).stop()
  expect(await readdir(mine)).not.toContain('blobs')
  await expect(start(theirs)).rejects.toMatchObject({
    code: 'BLOB.FOREIGN',
    message: expect.stringMatching(/s3:\/\/.* belongs to instance .* Nothing was written.*storageUrl/),
  })
  await (await start(mine)).stop()
}, 60_000)
