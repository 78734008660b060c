import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chunksOf } from './chunk-digests.ts'
import { createContentHasher } from './hash-content.ts'

const mib = 1024 * 1024
const content = randomBytes(9 * mib + 17)
const digest = createHash('sha256').update(content).digest('hex')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-hash-'))
})

afterAll(() => rm(folder, { recursive: true }))

/** Writes and hashes it in pieces, of which each is in the file before the next is shown, and changes them when they may be. */
async function hashed(name: string, large: number, expected: { digest?: string; size?: number } = {}) {
  const path = join(folder, name)
  await writeFile(path, '')
  const hasher = createContentHasher(path, large)
  let waits = 0
  try {
    for (let at = 0; at < content.length; at += mib) {
      const piece = Buffer.from(new SharedArrayBuffer(Math.min(mib, content.length - at)))
      content.copy(piece, 0, at)
      const wait = hasher.update(piece)
      if (wait) waits += 1
      await Promise.all([wait, appendFile(path, piece)])
      piece.fill(0)
    }
    return { waits, ...(await hasher.finish(expected)) }
  } finally {
    await hasher.end()
  }
}

test.each([
  ['here', 100 * mib, 0],
  ['from the second piece on in a thread', mib, 9],
  ['from the middle on in a thread', 5 * mib, 5],
])('content hashed %s has its digest and those of its pieces', async (name, large, waits) => {
  const expected = { digest, size: content.length, chunks: chunksOf(content) }
  expect(await hashed(name, large, { digest, size: content.length })).toEqual({ waits, ...expected })
})

test('what a thread finds is compared with what was announced', async () => {
  await expect(hashed('other', mib, { digest: '0'.repeat(64) })).rejects.toMatchObject({ code: 'BLOB.DIGEST_MISMATCH' })
  await expect(hashed('longer', mib, { size: 1 })).rejects.toMatchObject({ code: 'BLOB.SIZE_MISMATCH' })
})

test('a thread that cannot read the file fails the content', async () => {
  const hasher = createContentHasher(join(folder, 'none'), 1)
  expect(hasher.update(Buffer.from('a'))).toBeUndefined()
  await expect(hasher.update(Buffer.from('b'))).rejects.toThrow('ENOENT')
  await expect(hasher.finish({})).rejects.toThrow('ENOENT')
  await hasher.end()
})

test('of many at once the last are hashed here', async () => {
  const all = await Promise.all([1, 2, 3, 4].map((n) => hashed(`many ${n}`, mib)))
  expect(all.map((one) => one.digest)).toEqual([digest, digest, digest, digest])
  expect(all.filter(({ waits }) => waits > 0)).toHaveLength(2)
})
