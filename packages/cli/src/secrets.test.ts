import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from './testing/started-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer(['--log-level', 'trace'])
})
const values = ['piped-in-4711', 'from-a-file-0815', 'shared-3141592']

test('secrets are set from standard input or a file, listed, shared, removed, and their key is changed', async () => {
  const set = await server.trivium(['secrets', 'set', 'db', '--description', 'The warehouse'], {
    input: `${values[0]}\n`,
  })
  expect(set.out).toBe('db has version 1.\n')
  await writeFile(join(server.data, 'value.txt'), values[1] ?? '')
  expect((await server.trivium(['secrets', 'set', 'db', '--from-file', 'value.txt', '--overlap', '12h'])).out).toBe(
    'db has version 2.\n',
  )
  expect((await server.trivium(['secrets', 'list'])).out).toMatch(/db +project +2 .*The warehouse/)
  expect((await server.trivium(['secrets', 'show', 'db'])).out).toMatch(/2 +current[\s\S]*1 +previous/)
  await server.trivium(['secrets', 'set', 'pull', '--instance', '--projects', 'default'], { input: values[2] ?? '' })
  expect((await server.trivium(['secrets', 'list', '--instance'])).out).toMatch(/pull +1 .*default/)
  expect((await server.trivium(['secrets', 'list'])).out).toMatch(/pull +instance/)
  expect((await server.trivium(['secrets', 'share', 'pull', '--projects', ''])).out).toBe(
    'pull is shared with no project.\n',
  )
  const rotated = await server.trivium(['secrets', 'rotate-key', '--forget-old', '--json'])
  expect(rotated.json).toMatchObject({ rewrapped: 3, keys: [{ current: true, rows: 3 }], lost: 0 })
  expect((await server.trivium(['secrets', 'remove', 'db'])).out).toBe('db is removed.\n')
  expect((await server.trivium(['secrets', 'set', 'db'], { input: 'abc\n' })).err).toContain('four characters at least')
  expect((await server.trivium(['secrets', 'set', 'db', '--projects', 'a'], { input: 'abcd' })).code).toBe(2)
  expect((await server.trivium(['secrets', 'show', 'db'])).err).toContain('There is no secret "db"')
})

test('and the log of the server, at its most talkative, holds none of them', async () => {
  const { err, out } = await server.stop()
  // It did log: a value that is missing was not just not said.
  expect(err.length + out.length).toBeGreaterThan(50)
  for (const value of values) expect(err + out).not.toContain(value)
})
