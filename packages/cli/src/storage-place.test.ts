import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFiles } from './testing/started-files.ts'
import { type StartedServer, startServer } from './testing/started-server.ts'

let server: StartedServer
let address: string
let files: Awaited<ReturnType<typeof startFiles>>
beforeAll(async () => {
  server = await startServer(['--egress-allow', '127.0.0.1', '--log-level', 'trace'])
  files = await startFiles()
  address = `${files.url}/models`
})

test('a place is chosen, shown, tried and left; a backup names what lies there', async () => {
  expect((await server.trivium(['storage', 'place', 'show'])).out).toContain("the instance's own object store.")
  const set = await server.trivium(['storage', 'place', 'set', '--kind', 'http', '--address', address])
  expect(set.out).toContain(`What is new goes to ${address}.`)
  await writeFile(join(server.data, 'rows.csv'), 'a,b\n1,2\n')
  expect((await server.trivium(['data', 'add', 'rows.csv', '--name', 'rows'])).code).toBe(0)
  expect((await server.trivium(['storage', 'place', 'show', '--json'])).json).toMatchObject({
    places: [{ address, current: true, credentials: 'none', contents: expect.any(Number) }],
  })
  expect((await server.trivium(['storage', 'place', 'test'])).out).toMatch(
    /written, read whole and in part, and removed\. \(\d+ ms\)/,
  )
  expect((await server.trivium(['storage', 'place', 'clear'])).out).toMatch(
    new RegExp(`own object store\\.[\\s\\S]*${address} +http +[1-9]`),
  )
  const backup = await server.trivium([
    'backup',
    join(server.data, '..', `backup-${Date.now()}`),
    '--data',
    server.data,
  ])
  expect(backup.out).toMatch(new RegExp(`not in it is what projects keep elsewhere: .* of default at ${address}`))
})

test('a password is read from standard input or a file, and shown nowhere', async () => {
  let guard: Server | undefined
  const seen: (string | undefined)[] = []
  guard = createServer((incoming, outgoing) => {
    seen.push(incoming.headers.authorization)
    outgoing.writeHead(403).end()
  })
  await new Promise<void>((done) => guard.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(guard.address() as AddressInfo).port}/x`
  const words = ['storage', 'place', 'set', '--kind', 'http', '--address', url]
  await writeFile(join(server.data, 'password.txt'), 'from-a-file-0815\n')
  for (const [more, input, header] of [
    [['--username', 'me'], 'piped-in-4711\n', `Basic ${Buffer.from('me:piped-in-4711').toString('base64')}`],
    [['--token', '--secret-file', 'password.txt'], undefined, 'Bearer from-a-file-0815'],
  ] as const) {
    const refused = await server.trivium([...words, ...more], input === undefined ? {} : { input })
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('answered 403')])
    expect(seen.at(-1)).toBe(header)
  }
  guard.close()
  expect((await server.trivium([...words, '--username', 'me', '--token'], { input: 'x' })).code).toBe(2)
  const { out, err } = await server.stop()
  expect(out + err).not.toMatch(/piped-in-4711|from-a-file-0815/)
})

afterAll(async () => {
  files.close()
  await server.stop()
})
