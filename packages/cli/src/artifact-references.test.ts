import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from './testing/started-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

test('artifacts elsewhere are noted with their digest, and a change of them is found', async () => {
  const { TRIVIUM_TOKEN: token } = (await server.trivium(['env', '--json'])).json
  const made = await fetch(`${server.ready.url}/api/v1/projects/default/runs`, {
    method: 'POST',
    body: JSON.stringify({ experiment: 'late' }),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })
  const { id: run } = (await made.json()) as { id: string }
  let page = 'weights'
  const elsewhere = createServer((request, response) =>
    request.url === '/late%20weights.bin' ? response.end(page) : response.writeHead(404).end(),
  )
  await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve))
  try {
    const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/late%20weights.bin`
    const cwd = join(server.data, 'outside')
    await mkdir(cwd)
    await writeFile(join(cwd, 'table.csv'), 'a,b\n')
    const reference = (...args: string[]) => server.trivium(['artifacts', 'reference', ...args], { cwd })
    expect((await reference('add', run, 'table.csv', '--json')).json).toEqual({
      name: 'table.csv',
      uri: pathToFileURL(join(cwd, 'table.csv')).href,
      sha256: createHash('sha256').update('a,b\n').digest('hex'),
      size: 4,
    })
    expect((await reference('add', run, address)).out).toMatch(/^late-weights\.bin: 7 B at http/)
    const bucket = await reference('add', run, 's3://bucket/key')
    expect([bucket.code, bucket.err]).toEqual([2, expect.stringContaining('--sha256 and --size')])
    const said = ['--sha256', 'ab'.repeat(32), '--size', '9', '--name', 'far']
    expect((await reference('add', run, 's3://bucket/key', ...said)).code).toBe(0)
    expect((await reference('list', run)).out).toMatch(/far +s3:\/\/bucket\/key +9 B +abababababab/)

    const good = await reference('verify', run)
    expect([good.code, good.out]).toEqual([
      0,
      expect.stringMatching(/far: not read, .*\nlate-weights\.bin: intact\ntable\.csv: intact\n$/),
    ])
    page = 'other'
    await rm(join(cwd, 'table.csv'))
    const bad = await reference('verify', run)
    expect([bad.code, bad.out, bad.err]).toEqual([
      1,
      expect.stringMatching(/late-weights\.bin: differs, it has 5 B \(7 B were noted\)[^\n]*\ntable\.csv: gone, /),
      'trivium: 2 references did not hold.\n',
    ])
  } finally {
    elsewhere.close()
  }
}, 60_000)
