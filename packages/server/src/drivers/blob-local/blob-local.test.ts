import { readdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Damage } from '../../kernel/blobs/index.ts'
import { describeBlobStore, memoryChunks } from '../../kernel/ports/blob-store.conformance.ts'
import type { BlobStore } from '../../kernel/ports/blob-store.ts'
import { createBlobLocal, removeIncoming } from './blob-local.ts'

let root: string
let blobs: BlobStore
const damages: Damage[] = []
const chunks = memoryChunks()
const create = (): BlobStore => createBlobLocal({ root, onDamaged: (damage) => damages.push(damage), chunks })
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trivium-blobs-'))
  blobs = create()
  await blobs.own('this-instance')
})
afterAll(() => rm(root, { recursive: true, force: true }))

const filesIn = (project: string): string[] => {
  try {
    return readdirSync(join(root, project), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
  } catch {
    return []
  }
}

describeBlobStore('local directory', {
  huge: 20 * 1024 * 1024,
  store: () => ({
    blobs,
    damages,
    chunks,
    reopen: async () => create(),
    overwrite: async (project, digest, bytes) => {
      const path = join(root, project, digest.slice(0, 2), digest)
      await chmod(path, 0o640)
      await writeFile(path, bytes)
    },
    residue: async (project) => filesIn(project),
  }),
})

test('what a killed server left of uploads is removed, and content stays', async () => {
  const { digest } = await blobs.put('killed', Buffer.from('kept'))
  await mkdir(join(root, 'killed/incoming'), { recursive: true })
  writeFileSync(join(root, 'killed/incoming/half'), 'half')
  await removeIncoming(root)
  expect(filesIn('killed')).toEqual([digest])
  await removeIncoming(join(root, 'nowhere'))
})

test('an upload that never ended is dropped after a while', async () => {
  await mkdir(join(root, 'stale/incoming'), { recursive: true })
  const half = join(root, 'stale/incoming/half')
  writeFileSync(half, 'half')
  await utimes(half, new Date(1000), new Date(1000))
  expect(await blobs.dropUnfinished(Date.now() - 60_000)).toBe(1)
  expect(filesIn('stale')).toEqual([])
})
