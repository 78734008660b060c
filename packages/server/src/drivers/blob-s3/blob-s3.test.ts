import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createS3Place, type S3Place } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chunkSize, type Damage } from '../../kernel/blobs/index.ts'
import { describeBlobStore, memoryChunks } from '../../kernel/ports/blob-store.conformance.ts'
import { type BlobS3Options, createBlobS3 } from './blob-s3.ts'
import { startFaultyProxy } from './faulty-proxy.fixture.ts'
import { createS3Client, type S3Client } from './s3-client.ts'

const partSize = 5 * 1024 * 1024
const folder = await mkdtemp(join(tmpdir(), 'trivium-blob-s3-'))
const damages: Damage[] = []
const chunks = memoryChunks()
const opened: { close(): void }[] = []
let place: S3Place
let stores = 0

function create(more: Partial<BlobS3Options> = {}): ReturnType<typeof createBlobS3> {
  stores += 1
  const { url, endpoint, region, accessKeyId, secretAccessKey } = place
  const store = createBlobS3({
    url,
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    partSize,
    links: true,
    pauseMs: 20,
    copies: { root: join(folder, String(stores)), maxBytes: 2 ** 30 },
    onDamaged: (damage) => damages.push(damage),
    chunks,
    ...more,
  })
  opened.push(store)
  return store
}
const prefix = () => new URL(place.url).pathname.slice(1)
function rawClient(endpoint = place.endpoint): S3Client {
  const client = createS3Client({
    endpoint: new URL(endpoint),
    bucket: place.bucket,
    pathStyle: true,
    credentials: place,
    name: place.url,
    timeoutMs: 5000,
    tries: 3,
    pauseMs: 20,
    partSize,
    copyLimit: 2 ** 30,
  })
  opened.push(client)
  return client
}
const keyOf = (project: string, digest: string) => `${prefix()}/blobs/${project}/${digest.slice(0, 2)}/${digest}`
const digestOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
let blobs: ReturnType<typeof create>
let raw: S3Client

beforeAll(async () => {
  place = await createS3Place()
  blobs = create()
  raw = rawClient()
  await blobs.own('this-instance')
}, 120_000)
afterAll(async () => {
  for (const one of opened) one.close()
  await rm(folder, { recursive: true, force: true })
})

describeBlobStore('S3', {
  huge: 3 * partSize,
  store: () => ({
    blobs,
    damages,
    chunks,
    reopen: async () => {
      const other = create()
      await other.own('this-instance')
      return other
    },
    overwrite: async (project, digest, bytes) => void (await raw.put(keyOf(project, digest), bytes)),
    residue: async (project) => {
      const keys: string[] = []
      for (const part of ['blobs', 'aside'])
        for await (const { key } of raw.list(`${prefix()}/${part}/${project}/`)) keys.push(key)
      return keys
    },
  }),
})

describe('S3: whose bucket it is', () => {
  test('nothing is written before the place was claimed', async () => {
    await expect(create().put('p', Buffer.from('a'))).rejects.toThrow('not claimed')
  })

  test('a place with things of others is refused, and nothing is written there', async () => {
    const other = await createS3Place()
    const path = new URL(other.url).pathname.slice(1)
    await raw.put(`${path}/holiday.jpg`, Buffer.from('x'))
    const store = create({ url: other.url })
    await expect(store.own('this-instance')).rejects.toMatchObject({
      code: 'BLOB.FOREIGN',
      message: expect.stringContaining('holiday.jpg'),
    })
    await expect(store.put('p', Buffer.from('a'))).rejects.toMatchObject({ code: 'BLOB.FOREIGN' })
    const keys: string[] = []
    for await (const { key } of raw.list(path)) keys.push(key)
    expect(keys).toEqual([`${path}/holiday.jpg`])
  })

  test('of two instances that come at the same time one gets it', async () => {
    const { url } = await createS3Place()
    const claims = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => create({ url }).own(`instance-${i % 2}`)),
    )
    const winners = claims.flatMap((claim, i) => (claim.status === 'fulfilled' ? [i % 2] : []))
    expect(winners.length).toBe(3)
    expect(new Set(winners).size).toBe(1)
  })

  test('a bucket that does not exist, a wrong key and a store that is not there are told apart', async () => {
    await expect(create({ url: 's3://no-such-bucket-here' }).own('i')).rejects.toMatchObject({ code: 'BLOB.NO_BUCKET' })
    await expect(create({ secretAccessKey: 'wrong' }).own('i')).rejects.toMatchObject({
      code: 'BLOB.REFUSED',
      message: expect.stringMatching(/403 .*access key/),
    })
    await expect(create({ endpoint: 'http://127.0.0.1:1', tries: 2 }).own('i')).rejects.toMatchObject({
      code: 'BLOB.UNAVAILABLE',
      status: 503,
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('no message shows the secret', async () => {
    const error = (await create({ secretAccessKey: 'hunter2' })
      .own('i')
      .catch((e: unknown) => e)) as Error
    expect(JSON.stringify([error.message, error.stack])).not.toContain('hunter2')
  })
})

describe('S3: large content', () => {
  test('an upload that a killed server left unfinished is taken up again: parts that are there are not sent twice', async () => {
    const content = randomBytes(3 * partSize + 100)
    const digest = digestOf(content)
    const key = keyOf('resumed', digest)
    const path = join(folder, 'large')
    await writeFile(path, content)
    const gate = await startFaultyProxy(place.endpoint)
    try {
      // The third part is lost again and again, until the uploader gives up, as a killed one does.
      let third = false
      gate.fault = ({ url }) => {
        third = url.includes('partNumber=3')
        return third ? 'reset' : undefined
      }
      // It is lost last: the parts before it have come.
      gate.delay = () => (third ? 400 : 0)
      const dying = rawClient(gate.endpoint)
      await expect(dying.putFile(key, { path, size: content.length, sha256: digest })).rejects.toMatchObject({
        code: 'BLOB.UNAVAILABLE',
      })
      expect(await raw.head(key)).toBeUndefined()
      const before = gate.seen.length
      gate.fault = () => undefined
      gate.delay = () => 0
      const store = create({ endpoint: gate.endpoint })
      await store.own('this-instance')
      expect(await store.put('resumed', Readable.from([content]))).toEqual({ digest, size: content.length })
      const sent = gate.seen.slice(before).flatMap(({ url }) => /partNumber=(\d+)/.exec(url)?.[1] ?? [])
      expect(sent).toContain('3')
      expect(sent).not.toContain('1')
      expect(sent.length).toBeLessThan(4)
      expect((await blobs.read('resumed', digest)).equals(content)).toBe(true)
      expect(await raw.abortUploads(`${prefix()}/blobs/resumed/`, Date.now() + 60_000)).toBe(0)
    } finally {
      await gate.close()
    }
  })

  test('a range of large content costs its pieces and nothing more, and leaves no copy on this machine', async () => {
    const content = randomBytes(5 * chunkSize + 1000)
    const { digest } = await blobs.put('ranged', Readable.from([content]))
    const gate = await startFaultyProxy(place.endpoint)
    try {
      const copies = { root: join(folder, 'ranged'), maxBytes: 2 ** 30 }
      const store = create({ endpoint: gate.endpoint, copies })
      const range = { start: 2 * chunkSize - 10, end: 2 * chunkSize + 10 }
      const { stream, size } = await store.open('ranged', digest, range)
      expect((await buffer(stream)).equals(content.subarray(range.start, range.end + 1))).toBe(true)
      expect([size, gate.seen.length]).toEqual([content.length, 1])
      expect(gate.seen[0]?.range).toBe(`bytes=${chunkSize}-${3 * chunkSize - 1}`)
      const small = await blobs.put('ranged', Buffer.from('0123456789'))
      const part = await store.open('ranged', small.digest, { start: 3, end: 5 })
      expect(await text(part.stream)).toBe('345')
      expect(existsSync(copies.root)).toBe(false)
    } finally {
      await gate.close()
    }
  })

  test('content larger than one copy can hold is set aside and comes back in parts', async () => {
    const small = create({ copyLimit: partSize + 1 })
    await small.own('this-instance')
    const content = randomBytes(2 * partSize + 77)
    const { digest } = await small.put('copied', Readable.from([content]))
    await small.setAside('copied', digest, 1)
    expect((await small.read('copied', digest)).equals(content)).toBe(true)
  })

  test('an upload that nobody ends is dropped after a while', async () => {
    const path = join(folder, 'large')
    const gate = await startFaultyProxy(place.endpoint)
    gate.fault = ({ url }) => (url.includes('partNumber=2') ? 'reset' : undefined)
    const key = keyOf('stale', 'a'.repeat(64))
    await rawClient(gate.endpoint)
      .putFile(key, { path, size: 2 * partSize, sha256: 'a'.repeat(64) })
      .catch(() => {})
    await gate.close()
    expect(await blobs.dropUnfinished(Date.now() - 3_600_000)).toBe(0)
    expect(await blobs.dropUnfinished(Date.now() + 60_000)).toBe(1)
    expect(await blobs.dropUnfinished(Date.now() + 60_000)).toBe(0)
  })

  test('copies on this machine that nobody was given go when there are too many bytes; paths that were given out stay', async () => {
    const store = create({ copies: { root: join(folder, 'few'), maxBytes: 250_000 } })
    await store.own('this-instance')
    const contents = Array.from({ length: 6 }, () => randomBytes(100_000))
    const first = await store.put('few', Readable.from([contents[0] as Buffer]))
    const path = await store.localPath('few', first.digest)
    for (const content of contents.slice(1)) await store.put('few', Readable.from([content]))
    await expect
      .poll(
        () =>
          readdirSync(join(folder, 'few', 'few'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
            .length,
      )
      .toBeLessThanOrEqual(3)
    expect((await readFile(path)).equals(contents[0] as Buffer)).toBe(true)
  })

  test('a damaged copy on this machine is fetched again', async () => {
    const store = create()
    await store.own('this-instance')
    const { digest } = await store.put('copy', Readable.from([Buffer.from('right')]))
    const path = await store.localPath('copy', digest)
    await chmod(path, 0o640)
    await writeFile(path, 'wrong')
    expect((await store.read('copy', digest)).toString()).toBe('right')
    expect(await readFile(await store.localPath('copy', digest), 'utf8')).toBe('right')
  })
})

describe('S3: links', () => {
  test('a client reads and writes at the store itself, and what it writes is checked there', async () => {
    const content = Buffer.from('sent to the store itself')
    const digest = digestOf(content)
    const send = async (body: Buffer) => {
      const link = await blobs.link('linked', digest, { write: { size: content.length }, seconds: 60 })
      if (!link) throw new Error('There is no link.')
      const answer = await fetch(link.url, { method: link.method, headers: link.headers, body: new Uint8Array(body) })
      await answer.text()
      return answer.status
    }
    expect(await send(Buffer.from('something else of its size'.slice(0, content.length)))).toBe(400)
    expect(await blobs.has('linked', digest)).toBe(false)
    expect(await send(content)).toBe(200)
    expect((await blobs.read('linked', digest)).equals(content)).toBe(true)
    const link = await blobs.link('linked', digest, { seconds: 60 })
    const read = await fetch(link?.url ?? '')
    expect(await read.text()).toBe(content.toString())
    const tampered = await fetch((link?.url ?? '').replace(digest, digestOf(Buffer.from('other'))))
    expect(tampered.status).toBe(403)
    await tampered.text()
  })

  test('a link ends, and there is none for what is not there or where links are off', async () => {
    const { digest } = await blobs.put('linked', Buffer.from('short'))
    const link = await blobs.link('linked', digest, { seconds: 1 })
    await sleep(2100)
    expect((await fetch(link?.url ?? '')).status).toBe(403)
    await expect(blobs.link('linked', 'b'.repeat(64), { seconds: 60 })).rejects.toMatchObject({
      code: 'BLOB.NOT_FOUND',
    })
    expect(await create({ links: false }).link('linked', digest, { seconds: 60 })).toBeUndefined()
  })
})

describe('S3: a store that is slow and fails', () => {
  test('with 5 % of the calls failing in every way there is, and answers that take their time, nothing is lost and nothing is wrong', async () => {
    const gate = await startFaultyProxy(place.endpoint)
    const chance = seeded(4)
    const ways = ['503', '500', 'reset', 'cut', 'late', 'hang'] as const
    gate.fault = () => (chance() < 0.05 ? ways[Math.floor(chance() * ways.length)] : undefined)
    gate.delay = () => chance() * 12
    try {
      const store = create({ endpoint: gate.endpoint, timeoutMs: 400 })
      await store.own('this-instance')
      const contents = Array.from({ length: 120 }, (_, i) => randomBytes(i % 20 === 0 ? 600_000 : 2000 + i))
      const digests: string[] = []
      await inTurns(contents, async (content, i) => {
        const { digest } = await store.put('faulty', i % 2 ? content : Readable.from([content]))
        digests[i] = digest
      })
      expect(digests).toEqual(contents.map(digestOf))
      const reader = create({ endpoint: gate.endpoint, timeoutMs: 400 })
      await inTurns(contents, async (content, i) => {
        const digest = digests[i] as string
        expect((await reader.read('faulty', digest)).equals(content)).toBe(true)
        const { stream } = await reader.open('faulty', digest)
        expect((await buffer(stream)).equals(content)).toBe(true)
        expect((await readFile(await reader.localPath('faulty', digest))).equals(content)).toBe(true)
      })
      const listed: string[] = []
      for await (const { project, digest } of reader.list()) if (project === 'faulty') listed.push(digest)
      expect(listed.toSorted()).toEqual([...digests].toSorted())
      expect(gate.faults).toBeGreaterThan(20)
    } finally {
      await gate.close()
    }
  })

  test('a store that does nothing but fail is named as unavailable, after a while and not for ever', async () => {
    const gate = await startFaultyProxy(place.endpoint)
    try {
      const store = create({ endpoint: gate.endpoint, tries: 3, pauseMs: 5, timeoutMs: 200 })
      await store.own('this-instance')
      for (const way of ['503', 'reset', 'hang'] as const) {
        gate.fault = () => way
        await expect(store.put('down', Buffer.from(way))).rejects.toMatchObject({
          code: 'BLOB.UNAVAILABLE',
          status: 503,
          message: expect.stringMatching(/3 times/),
        })
      }
      gate.fault = () => undefined
      expect((await store.put('down', Buffer.from('up again'))).size).toBe(8)
    } finally {
      await gate.close()
    }
  })

  test('a clock that goes wrong by hours is put right by what the store says', async () => {
    const gate = await startFaultyProxy(place.endpoint)
    try {
      gate.skewAnswers = 1
      const store = create({ endpoint: gate.endpoint, pauseMs: 5 })
      await store.own('this-instance')
      expect((await store.put('clock', Buffer.from('on time'))).size).toBe(7)
      expect(gate.skewAnswers).toBe(0)
    } finally {
      await gate.close()
    }
  })
})

/** Works on all, eight at a time. */
async function inTurns<T>(all: readonly T[], work: (one: T, index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next
      next += 1
      if (index >= all.length) return
      await work(all[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

/** Chance that is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
