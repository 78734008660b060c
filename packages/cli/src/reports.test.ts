import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from './testing/started-server.ts'

let server: StartedServer
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-reports-'))
  server = await startServer()
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('a report is saved from a file, saved again, read, listed and exported by its title', async () => {
  const file = join(folder, 'report.md')
  await writeFile(file, '# One\n\n```panel\nkind: number\n```\n')
  const made = await server.trivium(['reports', 'save', file, '--title', 'Delays'])
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^Saved rep_\w+, version 1\./)])
  await writeFile(file, 'Two\n')
  expect((await server.trivium(['reports', 'save', file, '--report', 'Delays'])).out).toContain('version 2')
  const late = await server.trivium(['reports', 'save', file, '--report', 'Delays', '--after', '1'])
  expect([late.code, late.err]).toEqual([1, expect.stringContaining('saved version 2 after version 1')])
  expect((await server.trivium(['reports', 'get', 'Delays'])).out).toContain('Two')
  expect((await server.trivium(['reports', 'list'])).out).toMatch(/rep_\w+ +Delays +2/)
  const html = join(folder, 'delays.html')
  expect((await server.trivium(['reports', 'export', 'Delays', html, '--of', '1'])).code).toBe(0)
  expect(await readFile(html, 'utf8')).toMatch(/Content-Security-Policy.*<h2>One<\/h2>/s)
  const nothing = await server.trivium(['reports', 'get', 'Nothing'])
  expect([nothing.code, nothing.err]).toEqual([1, expect.stringContaining('There is no report "Nothing"')])
}, 60_000)
