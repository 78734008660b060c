import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { plainProtocol } from './plain-protocol.ts'
import { mostBytes, readBody } from './read-body.ts'

const request = (chunks: Iterable<Buffer>, headers: Record<string, string> = {}): IncomingMessage =>
  Object.assign(Readable.from(chunks).pipe(new PassThrough()), { headers }) as unknown as IncomingMessage
function* zeros(mebibytes: number): Generator<Buffer> {
  for (let n = 0; n < mebibytes; n += 1) yield Buffer.alloc(2 ** 20)
}

test('a body has a size, packed and unpacked', async () => {
  const most = mostBytes / 2 ** 20
  // A failure prints what it got: a number, not sixteen megabytes.
  const read = async (of: IncomingMessage): Promise<number> => (await readBody(of)).length
  expect(await read(request(zeros(most)))).toBe(mostBytes)
  await expect(read(request(zeros(most + 1)))).rejects.toMatchObject({ code: 'PREDICT.TOO_LARGE' })
  const bomb = gzipSync(Buffer.alloc(mostBytes + 1), { level: 1 })
  expect(bomb.length).toBeLessThan(mostBytes / 100)
  await expect(read(request([bomb], { 'content-encoding': 'gzip' }))).rejects.toMatchObject({
    code: 'PREDICT.TOO_LARGE',
  })
  await expect(read(request([Buffer.from('x')], { 'content-encoding': 'gzip' }))).rejects.toMatchObject({
    code: 'PREDICT.INVALID',
  })
})

test('a request is JSON, with so many rows and no more', () => {
  const route = plainProtocol.match('POST', '/deployments/d/predict')
  if (route?.kind !== 'predict') throw new Error('There is no such route.')
  const decode = (body: unknown, type = 'application/json') =>
    route.decode(
      { id: 'r', headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(body)), now: 1 },
      {} as never,
    )
  const rows = (count: number) => ({ rows: Array.from({ length: count }, () => ({ inputs: { a: 1 } })) })
  expect(decode(rows(10_000)).rows.count).toBe(10_000)
  expect(() => decode(rows(10_001))).toThrow('at most 10000 rows')
  // What a page of another site may send without asking.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    expect(() => decode(rows(1), type)).toThrow(expect.objectContaining({ status: 415 }))
})
