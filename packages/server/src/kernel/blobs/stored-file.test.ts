import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readStoredFile, type StoredFile } from './stored-file.ts'
import type { Damage } from './verify-content.ts'

const mib = 1024 * 1024
const content = randomBytes(3 * mib + 5)
let folder: string
let path: string
let server: Server
/** What the next request is answered with. */
let answer: StoredFile
let failed: Error | undefined
const damages: Damage[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-stored-'))
  path = join(folder, 'content')
  server = createServer((_request, response) => {
    const stream = readStoredFile(answer)
    stream.on('error', (error) => {
      failed = error
      response.destroy()
    })
    response.on('close', () => stream.destroy())
    stream.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

const ask = async (): Promise<IncomingMessage> => {
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false })
  return (await once(request, 'response'))[0] as IncomingMessage
}
const whole = async (bytes: Buffer = content): Promise<StoredFile> => {
  await writeFile(path, bytes)
  const digest = createHash('sha256').update(content).digest('hex')
  return {
    path,
    start: 0,
    size: bytes.length,
    check: { project: 'p', digest, onDamaged: (damage) => void damages.push(damage) },
  }
}
const openFiles = async (): Promise<string[]> => {
  const names = await readdir('/proc/self/fd')
  return (await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))).filter(
    (one) => one === path,
  )
}

test.each([0, 1, 512 * 1024, 512 * 1024 + 1, 3 * mib + 5])('%i bytes arrive as they are', async (size) => {
  await writeFile(path, content.subarray(0, size))
  answer = { path, start: 0, size }
  expect((await buffer(await ask())).equals(content.subarray(0, size))).toBe(true)
  expect((await buffer(readStoredFile(answer))).equals(content.subarray(0, size))).toBe(true)
})

test('a range of a file arrives, and a slow reader gets the same', async () => {
  answer = { ...(await whole()), start: 100, size: 2 * mib }
  delete (answer as { check?: unknown }).check
  const slow = await ask()
  const pieces: Buffer[] = []
  for await (const piece of slow) {
    pieces.push(piece as Buffer)
    if (pieces.length % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(Buffer.concat(pieces).equals(content.subarray(100, 100 + 2 * mib))).toBe(true)
})

test('of damaged content nobody gets the last piece, by a response or by a stream', async () => {
  const damaged = Buffer.from(content)
  damaged[7] = (damaged[7] as number) ^ 1
  answer = await whole(damaged)
  failed = undefined
  let got = 0
  const read = async (): Promise<void> => {
    for await (const piece of await ask()) got += (piece as Buffer).length
  }
  await expect(read()).rejects.toThrow('aborted')
  expect(failed).toMatchObject({ code: 'BLOB.DAMAGED' })
  expect(got).toBeLessThanOrEqual(3 * mib)
  await expect(buffer(readStoredFile(answer))).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
  expect(damages).toHaveLength(2)
})

test('a file that becomes shorter fails its reader', async () => {
  answer = await whole()
  await truncate(path, mib)
  await expect(buffer(readStoredFile(answer))).rejects.toMatchObject({ code: 'BLOB.DAMAGED' })
  await expect(buffer(readStoredFile({ path, start: 0, size: 2 * mib }))).rejects.toThrow('became shorter')
  await appendFile(path, 'x')
  await expect(buffer(readStoredFile({ path: `${path}.none`, start: 0, size: 1 }))).rejects.toThrow('ENOENT')
})

test('a reader that goes away leaves no file open', async () => {
  answer = await whole()
  const response = await ask()
  response.destroy()
  const stream = readStoredFile(answer)
  for await (const _ of stream) break
  await vi.waitFor(async () => expect(await openFiles()).toEqual([]))
})
