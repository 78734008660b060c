import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeNewFile } from './write-file.ts'

const [kib, mib] = [1024, 1024 * 1024]
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-write-'))
})

afterAll(() => rm(folder, { recursive: true }))

const inPieces = function* (bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test.each([
  [0, 1],
  [1, 1],
  [64 * kib, 64 * kib],
  [64 * kib + 1, 64 * kib],
  [mib + 64 * kib, 17 * kib],
  [3 * mib + 64 * kib, 64 * kib],
  [5 * mib + 7, 3 * mib],
])('what comes is what is written: %i bytes in pieces of %i', async (size, piece) => {
  const [content, path] = [randomBytes(size), join(folder, `${size}-${piece}`)]
  const seen: Buffer[] = []
  await writeNewFile(path, Readable.from(inPieces(content, piece)), true, async (bytes) => {
    seen.push(Buffer.from(bytes))
  })
  expect((await readFile(path)).equals(content)).toBe(true)
  expect(Buffer.concat(seen).equals(content)).toBe(true)
  expect((await stat(path)).mode & 0o222).toBe(0)
})

test('a source that breaks off, and a file that is there already, are errors', async () => {
  const broken = async function* () {
    yield randomBytes(2 * mib)
    throw new Error('cut off')
  }
  const path = join(folder, 'broken')
  const nobody = (): undefined => {}
  await expect(writeNewFile(path, Readable.from(broken()), true, nobody)).rejects.toThrow('cut off')
  const again = writeNewFile(path, Readable.from([randomBytes(1)]), true, nobody)
  await expect(again).rejects.toMatchObject({ code: 'EEXIST' })
  const gone = Readable.from([randomBytes(1)])
  gone.destroy()
  await expect(writeNewFile(join(folder, 'gone'), gone, true, nobody)).rejects.toThrow('Premature close')
  const cannot = writeNewFile(join(folder, 'cannot'), Readable.from([randomBytes(1)]), true, () => {
    throw new Error('not this')
  })
  await expect(cannot).rejects.toThrow('not this')
})
