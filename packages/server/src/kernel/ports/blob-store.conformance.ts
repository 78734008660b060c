import { createHash, randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { type ChunkDigests, type ChunkIndex, chunkSize, type Damage } from '../blobs/index.ts'
import type { BlobStore } from './blob-store.ts'

/** Digests of pieces as the database keeps them: for all stores of one place. */
export function memoryChunks(): ChunkIndex & { readonly rows: Map<string, ChunkDigests> } {
  const rows = new Map<string, ChunkDigests>()
  return {
    rows,
    find: async (project, digest) => rows.get(`${project} ${digest}`),
    save: async (project, digest, chunks) => void rows.set(`${project} ${digest}`, chunks),
    drop: async (project, digest) => void rows.delete(`${project} ${digest}`),
  }
}

/** One store under test, with the two things that only its driver's test can do. */
export interface StoreUnderTest {
  readonly blobs: BlobStore
  /** What the store reported so far. */
  readonly damages: readonly Damage[]
  /** A second store on the same place, as another replica has it: nothing cached, nothing remembered. */
  reopen(): Promise<BlobStore>
  readonly chunks: ReturnType<typeof memoryChunks>
  /** Replaces the stored bytes behind the store's back. */
  overwrite(project: string, digest: string, bytes: Buffer): Promise<void>
  /** Everything that lies in the store for a project, whatever it is: finished or not, in place or aside. */
  residue(project: string): Promise<string[]>
}

const digestOf = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex')
const pieces = (content: Buffer, size = 64 * 1024): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
    })(),
  )
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What every driver of the object store must do. `huge` is a size in bytes at which the driver works in parts. */
export function describeBlobStore(name: string, { store, huge }: { store: () => StoreUnderTest; huge: number }): void {
  let projects = 0
  const newProject = (): string => {
    projects += 1
    return `conformance-${projects}`
  }

  describe(`${name}: what is put is what is read`, () => {
    test('content is found by its digest: as a stream, as bytes, in part and as a file that nobody may write to', async () => {
      const { blobs } = store()
      const p = newProject()
      const put = await blobs.put(p, Readable.from([Buffer.from('hello '), Buffer.from('world')]))
      expect(put).toEqual({ digest: digestOf('hello world'), size: 11 })
      const whole = await blobs.open(p, put.digest)
      expect([await text(whole.stream), whole.size]).toEqual(['hello world', 11])
      expect((await blobs.read(p, put.digest)).toString()).toBe('hello world')
      const part = await blobs.open(p, put.digest, { start: 6, end: 8 })
      expect([await text(part.stream), part.size]).toEqual(['wor', 11])
      const path = await blobs.localPath(p, put.digest)
      expect(await readFile(path, 'utf8')).toBe('hello world')
      expect((await stat(path)).mode & 0o222).toBe(0)
      const elsewhere = await store().reopen()
      expect((await elsewhere.read(p, put.digest)).toString()).toBe('hello world')
      expect(await readFile(await elsewhere.localPath(p, put.digest), 'utf8')).toBe('hello world')
    })

    test('empty content is content', async () => {
      const { blobs } = store()
      const p = newProject()
      for (const empty of [new Uint8Array(), Readable.from([])]) {
        const { digest, size } = await blobs.put(p, empty)
        expect([digest, size, (await blobs.read(p, digest)).length]).toEqual([digestOf(''), 0, 0])
        expect((await buffer((await blobs.open(p, digest)).stream)).length).toBe(0)
      }
    })

    test('a huge object goes through in pieces, both ways, and its parts are right at every seam', async () => {
      const { blobs } = store()
      const p = newProject()
      const content = randomBytes(huge + 4321)
      const put = await blobs.put(p, pieces(content), { expected: digestOf(content), size: content.length })
      expect(put).toEqual({ digest: digestOf(content), size: content.length })
      const elsewhere = await store().reopen()
      const { stream, size } = await elsewhere.open(p, put.digest)
      const hash = createHash('sha256')
      let largest = 0
      for await (const piece of stream) {
        hash.update(piece as Buffer)
        largest = Math.max(largest, (piece as Buffer).length)
      }
      expect([hash.digest('hex'), size]).toEqual([put.digest, content.length])
      expect(largest).toBeLessThan(2 * 1024 * 1024)
      for (const [start, end] of [
        [0, 0],
        [huge - 3, huge + 3],
        [content.length - 1, content.length - 1],
        [1, content.length - 2],
      ] as const)
        expect(
          content
            .subarray(start, end + 1)
            .equals(await buffer((await elsewhere.open(p, put.digest, { start, end })).stream)),
        ).toBe(true)
    })

    test('a range outside of the content is refused', async () => {
      const { blobs } = store()
      const p = newProject()
      const { digest } = await blobs.put(p, Buffer.from('0123456789'))
      for (const range of [
        { start: 10, end: 12 },
        { start: 5, end: 10 },
        { start: 6, end: 5 },
        { start: -1, end: 3 },
      ])
        await expect(blobs.open(p, digest, range)).rejects.toMatchObject({ code: 'BLOB.BAD_RANGE', status: 416 })
    })

    test('a reader that goes away in the middle does no harm to the next', async () => {
      const { blobs } = store()
      const p = newProject()
      const content = randomBytes(1_500_000)
      const { digest } = await blobs.put(p, content)
      const { stream } = await blobs.open(p, digest)
      for await (const _ of stream) break
      expect((await blobs.read(p, digest)).equals(content)).toBe(true)
    })
  })

  describe(`${name}: what is not right is not stored`, () => {
    test('content that is not what was announced, in digest or in size, is refused, and nothing stays', async () => {
      const { blobs, residue } = store()
      const p = newProject()
      for (const content of [() => Buffer.from('a'), () => pieces(Buffer.from('a'))]) {
        await expect(blobs.put(p, content(), { expected: digestOf('b') })).rejects.toMatchObject({
          code: 'BLOB.DIGEST_MISMATCH',
          status: 400,
          message: expect.stringContaining('Nothing was stored'),
        })
        await expect(blobs.put(p, content(), { size: 2 })).rejects.toMatchObject({
          code: 'BLOB.SIZE_MISMATCH',
          status: 400,
        })
      }
      expect([await residue(p), await blobs.has(p, digestOf('a'))]).toEqual([[], false])
      await blobs.put(p, Buffer.from('a'), { expected: digestOf('a'), size: 1 })
    })

    test('an upload that breaks off in the middle leaves nothing that anybody sees', async () => {
      const { blobs, residue } = store()
      const p = newProject()
      const broken = new Readable({ read() {} })
      broken.push(randomBytes(300_000))
      const storing = blobs.put(p, broken)
      setTimeout(() => broken.destroy(new Error('connection lost')), 20)
      await expect(storing).rejects.toThrow('connection lost')
      expect(await residue(p)).toEqual([])
      expect((await collect(blobs.list())).filter(({ project }) => project === p)).toEqual([])
    })

    test('the same content, twice and at the same time, is there once', async () => {
      const { blobs } = store()
      const p = newProject()
      const [small, large] = [Buffer.from('again'), randomBytes(huge + 10)]
      const other = await store().reopen()
      const all = await Promise.all(
        [blobs, other, blobs, other].flatMap((one) => [one.put(p, small), one.put(p, pieces(large))]),
      )
      expect(new Set(all.map(({ digest }) => digest))).toEqual(new Set([digestOf(small), digestOf(large)]))
      const listed = (await collect(blobs.list())).filter(({ project }) => project === p)
      expect(listed.map(({ digest, size }) => [digest, size]).toSorted()).toEqual(
        [
          [digestOf(small), small.length],
          [digestOf(large), large.length],
        ].toSorted(),
      )
      expect((await other.read(p, digestOf(large))).equals(large)).toBe(true)
    })

    test('another project does not have the content, and learns nothing about it', async () => {
      const { blobs } = store()
      const [mine, theirs] = [newProject(), newProject()]
      const { digest } = await blobs.put(mine, Buffer.from('secret of mine'))
      expect(await blobs.has(theirs, digest)).toBe(false)
      for (const call of [blobs.read, blobs.open, blobs.localPath])
        await expect(call(theirs, digest)).rejects.toMatchObject({ code: 'BLOB.NOT_FOUND', status: 404 })
    })

    test('a digest that is none opens nothing', async () => {
      const { blobs } = store()
      for (const digest of ['../../etc/passwd', '', 'A'.repeat(64), `${'a'.repeat(63)}/`])
        for (const call of [blobs.read, blobs.has, blobs.localPath])
          await expect((async (): Promise<unknown> => call('p', digest))()).rejects.toMatchObject({
            code: 'BLOB.BAD_DIGEST',
          })
    })

    test('another instance is refused before it writes, and learns whose place it is', async () => {
      const other = await store().reopen()
      await expect(other.own('another-instance')).rejects.toMatchObject({
        code: 'BLOB.FOREIGN',
        status: 409,
        message: expect.stringMatching(/belongs to instance .* Nothing was written/s),
      })
    })
  })

  describe(`${name}: damage`, () => {
    const flipped = (content: Buffer, at: number): Buffer => {
      const bad = Buffer.from(content)
      bad[at] = (bad[at] ?? 0) ^ 1
      return bad
    }

    test('one flipped bit is found and reported on every way to read, and the content is never served whole', async () => {
      const { blobs, damages, overwrite, reopen } = store()
      for (const size of [10, 700_000]) {
        const p = newProject()
        const content = randomBytes(size)
        const { digest } = await blobs.put(p, content)
        await overwrite(p, digest, flipped(content, size - 1))
        const found = () => damages.filter((damage) => damage.digest === digest).length
        const damaged = { code: 'BLOB.DAMAGED', message: expect.stringContaining('is damaged') }
        let served = 0
        for (const [ways, read] of Object.entries({
          stream: async (from: BlobStore) => {
            const { stream } = await from.open(p, digest)
            for await (const piece of stream) served += (piece as Buffer).length
          },
          bytes: (from: BlobStore) => from.read(p, digest),
          part: (from: BlobStore) => from.open(p, digest, { start: 0, end: 3 }),
          file: (from: BlobStore) => from.localPath(p, digest),
        })) {
          const before = found()
          await expect(read(await reopen())).rejects.toMatchObject(damaged)
          expect(found(), ways).toBeGreaterThan(before)
        }
        expect(served).toBeLessThan(size)
      }
    })

    test('a part of large content is checked by its pieces: damage in them is refused, damage elsewhere hinders nobody', async () => {
      const { blobs, chunks, overwrite, reopen, damages } = store()
      const p = newProject()
      const content = randomBytes(3 * chunkSize - 5)
      const { digest } = await blobs.put(p, pieces(content))
      expect(chunks.rows.get(`${p} ${digest}`)).toMatchObject({ size: content.length, chunkSize })
      await overwrite(p, digest, flipped(content, chunkSize + 7))
      const part = async (start: number, end: number): Promise<Buffer> =>
        buffer((await (await reopen()).open(p, digest, { start, end })).stream)
      for (const [start, end] of [
        [5, 1000],
        [0, chunkSize - 1],
        [2 * chunkSize, content.length - 1],
      ] as const)
        expect((await part(start, end)).equals(content.subarray(start, end + 1))).toBe(true)
      const before = damages.length
      await expect(part(chunkSize, chunkSize)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
      await expect(part(chunkSize - 1, 2 * chunkSize)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
      expect(damages.length).toBe(before + 2)
      await expect((await reopen()).read(p, digest)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
    })

    test('content that came before pieces were kept is checked whole once, and by its pieces from then on', async () => {
      const { blobs, chunks, reopen } = store()
      const p = newProject()
      const content = randomBytes(chunkSize + 99)
      const { digest } = await blobs.put(p, pieces(content))
      const row = chunks.rows.get(`${p} ${digest}`)
      chunks.rows.delete(`${p} ${digest}`)
      const other = await reopen()
      const got = await buffer((await other.open(p, digest, { start: chunkSize - 2, end: chunkSize + 2 })).stream)
      expect(got.equals(content.subarray(chunkSize - 2, chunkSize + 3))).toBe(true)
      expect(chunks.rows.get(`${p} ${digest}`)).toEqual(row)
      await blobs.delete(p, digest)
      expect(chunks.rows.has(`${p} ${digest}`)).toBe(false)
    })

    test('content that lost its end is damaged, not shorter', async () => {
      const { blobs, overwrite, reopen } = store()
      const p = newProject()
      const content = randomBytes(100_000)
      const { digest } = await blobs.put(p, content)
      await overwrite(p, digest, content.subarray(0, 99_999))
      await expect((await reopen()).read(p, digest)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
      const large = randomBytes(chunkSize + 50)
      const put = await blobs.put(p, pieces(large))
      await overwrite(p, put.digest, large.subarray(0, chunkSize + 10))
      const range = { start: chunkSize + 20, end: chunkSize + 30 }
      await expect((await reopen()).open(p, put.digest, range)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
    })

    test('the same content put again heals it', async () => {
      const { overwrite, reopen } = store()
      const p = newProject()
      const content = randomBytes(5000)
      const blobs = await reopen()
      const { digest } = await blobs.put(p, content)
      await overwrite(p, digest, flipped(content, 17))
      await expect((await reopen()).read(p, digest)).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
      await (await reopen()).put(p, content)
      expect((await (await reopen()).read(p, digest)).equals(content)).toBe(true)
    })
  })

  describe(`${name}: collection`, () => {
    test('the list names every content with its size and time', async () => {
      const { blobs } = store()
      const p = newProject()
      const before = Date.now()
      const contents = Array.from({ length: 12 }, (_, i) => Buffer.from(`content ${i}`))
      for (const content of contents) await blobs.put(p, content)
      const listed = (await collect(blobs.list())).filter(({ project }) => project === p)
      expect(listed.map(({ digest }) => digest).toSorted()).toEqual(contents.map(digestOf).toSorted())
      for (const { size, at } of listed) {
        expect([9, 10]).toContain(size)
        // Stores keep whole seconds.
        expect(Math.abs(at - before)).toBeLessThan(60_000)
      }
    })

    test('what was set aside is not in the list, but every read finds it and brings it back', async () => {
      const { blobs, reopen } = store()
      for (const read of [
        (from: BlobStore, p: string, digest: string) => from.read(p, digest),
        (from: BlobStore, p: string, digest: string) => from.has(p, digest),
        async (from: BlobStore, p: string, digest: string) => text((await from.open(p, digest)).stream),
        (from: BlobStore, p: string, digest: string) => from.localPath(p, digest),
      ]) {
        const p = newProject()
        const { digest } = await blobs.put(p, Buffer.from('set aside'))
        await blobs.setAside(p, digest, 1000)
        const mine = (all: { project: string }[]) => all.filter(({ project }) => project === p)
        expect(mine(await collect(blobs.list()))).toEqual([])
        expect(mine(await collect(blobs.listAside()))).toMatchObject([{ digest, size: 9, at: 1000 }])
        expect(await read(await reopen(), p, digest)).toBeTruthy()
        expect(mine(await collect(blobs.list()))).toMatchObject([{ digest, size: 9 }])
        expect(mine(await collect(blobs.listAside()))).toEqual([])
      }
    })

    test('what is put again while it is aside stays when the aside one is dropped', async () => {
      const { blobs } = store()
      const p = newProject()
      const { digest } = await blobs.put(p, Buffer.from('wanted again'))
      await blobs.setAside(p, digest, 1000)
      await blobs.put(p, Buffer.from('wanted again'))
      for await (const aside of blobs.listAside()) if (aside.project === p) await blobs.dropAside(aside)
      expect((await (await store().reopen()).read(p, digest)).toString()).toBe('wanted again')
    })

    test('two collectors and readers at once lose nothing', async () => {
      const { blobs, reopen } = store()
      const p = newProject()
      const content = Buffer.from('fought about')
      const { digest } = await blobs.put(p, content)
      const others = await Promise.all([reopen(), reopen()])
      for (let round = 0; round < 15; round += 1) {
        await Promise.all([
          ...others.map((one) => one.setAside(p, digest, round)),
          ...others.map((one) => one.has(p, digest)),
          (async () => {
            for await (const aside of blobs.listAside()) if (aside.project === p) await blobs.bringBack(aside)
          })(),
        ])
        expect(await blobs.has(p, digest), `round ${round}`).toBe(true)
      }
      expect((await (await reopen()).read(p, digest)).equals(content)).toBe(true)
    })

    test('dropped content is gone, and setting aside what is gone is no error', async () => {
      const { blobs, residue, reopen } = store()
      const p = newProject()
      const { digest } = await blobs.put(p, Buffer.from('soon gone'))
      await blobs.setAside(p, digest, 1)
      for await (const aside of blobs.listAside()) if (aside.project === p) await blobs.dropAside(aside)
      expect([await residue(p), await (await reopen()).has(p, digest)]).toEqual([[], false])
      await blobs.setAside(p, digest, 2)
      await blobs.delete(p, digest)
      expect(await residue(p)).toEqual([])
    })

    test('deleted content is gone, aside as well; deleting it again is no error', async () => {
      const { blobs, residue } = store()
      const p = newProject()
      const { digest } = await blobs.put(p, Buffer.from('deleted'))
      await blobs.setAside(p, digest, 1)
      await blobs.put(p, Buffer.from('deleted'))
      await blobs.delete(p, digest)
      expect([await residue(p), await blobs.has(p, digest)]).toEqual([[], false])
      await blobs.delete(p, digest)
    })

    test('an upload that goes on is not dropped as unfinished', async () => {
      const { blobs } = store()
      const p = newProject()
      const slow = new Readable({ read() {} })
      slow.push('first ')
      const storing = blobs.put(p, slow)
      await sleep(30)
      await blobs.dropUnfinished(Date.now() - 60_000)
      slow.push('second')
      slow.push(null)
      expect((await blobs.read(p, (await storing).digest)).toString()).toBe('first second')
    })
  })
}
