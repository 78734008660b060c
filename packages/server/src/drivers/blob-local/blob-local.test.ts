import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BlobStore } from '../../kernel/ports/blob-store.ts'
import { createBlobLocal, removeIncoming } from './blob-local.ts'

let root: string
let blobs: BlobStore
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trivium-blobs-'))
  blobs = createBlobLocal({ root })
})
afterAll(() => rm(root, { recursive: true, force: true }))

const digestOf = (content: string) => createHash('sha256').update(content).digest('hex')
const filesIn = (project: string) =>
  readdirSync(join(root, project), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

test('content is found by its digest, whole and in part, as a file that nobody may write to', async () => {
  const { digest, size } = await blobs.put('p', Readable.from([Buffer.from('hello '), Buffer.from('world')]))
  expect([digest, size]).toEqual([digestOf('hello world'), 11])
  expect((await blobs.read('p', digest)).toString()).toBe('hello world')
  const part = await blobs.open('p', digest, { start: 6, end: 8 })
  expect([await text(part.stream), part.size]).toEqual(['wor', 11])
  const path = await blobs.localPath('p', digest)
  expect(readFileSync(path, 'utf8')).toBe('hello world')
  expect(statSync(path).mode & 0o222).toBe(0)
})

test('empty content is content', async () => {
  const { digest, size } = await blobs.put('p', new Uint8Array())
  expect([size, (await blobs.read('p', digest)).length]).toEqual([0, 0])
})

test('the same content, twice and at the same time, is one file', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => blobs.put('same', Buffer.from('again'))))
  expect(new Set(all.map((one) => one.digest)).size).toBe(1)
  expect(filesIn('same')).toEqual([digestOf('again')])
})

test('content that is not what was announced is refused, and nothing stays', async () => {
  const error = await blobs.put('announced', Buffer.from('a'), { expected: digestOf('b') }).catch((e: unknown) => e)
  expect(error).toMatchObject({
    code: 'BLOB.DIGEST_MISMATCH',
    status: 400,
    message: expect.stringContaining('Nothing was stored'),
  })
  expect(filesIn('announced')).toEqual([])
  await blobs.put('announced', Buffer.from('a'), { expected: digestOf('a') })
})

test('an upload that breaks off leaves nothing', async () => {
  const broken = new Readable({ read() {} })
  broken.push('half')
  const storing = blobs.put('broken', broken)
  setTimeout(() => broken.destroy(new Error('connection lost')), 20)
  await expect(storing).rejects.toThrow('connection lost')
  expect(filesIn('broken')).toEqual([])
})

test('what a killed server left of uploads is removed, and content stays', async () => {
  const { digest } = await blobs.put('killed', Buffer.from('kept'))
  await mkdir(join(root, 'killed/incoming'), { recursive: true })
  writeFileSync(join(root, 'killed/incoming/half'), 'half')
  await removeIncoming(root)
  expect(filesIn('killed')).toEqual([digest])
  await removeIncoming(join(root, 'nowhere'))
})

test('another project does not have the content, and learns nothing about it', async () => {
  const { digest } = await blobs.put('mine', Buffer.from('secret of mine'))
  expect(await blobs.has('theirs', digest)).toBe(false)
  for (const call of [blobs.read('theirs', digest), blobs.open('theirs', digest), blobs.localPath('theirs', digest)])
    await expect(call).rejects.toMatchObject({ code: 'BLOB.NOT_FOUND', status: 404 })
})

test('a digest that is none opens nothing', async () => {
  for (const digest of ['../../etc/passwd', '', 'A'.repeat(64), `${'a'.repeat(63)}/`])
    await expect(Promise.resolve().then(() => blobs.read('p', digest))).rejects.toMatchObject({
      code: 'BLOB.BAD_DIGEST',
    })
})

test('deleted content is gone; deleting it again is no error', async () => {
  const { digest } = await blobs.put('p', Buffer.from('soon gone'))
  await blobs.delete('p', digest)
  expect(await blobs.has('p', digest)).toBe(false)
  await blobs.delete('p', digest)
})
