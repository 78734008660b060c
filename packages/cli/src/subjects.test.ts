import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from './testing/started-server.ts'

const mail = 'zebrafish@example.org'
const reason = ['--reason', 'Request 2026-17']
let server: StartedServer
let keys: string

beforeAll(async () => {
  server = await startServer(['--log-level', 'trace'])
  keys = join(server.data, '..', `keys-${process.pid}.json`)
  const declared = await fetch(`${server.ready.url}/api/v1/projects/default/datasets/customers`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${(await readFile(join(server.data, 'admin-token'), 'utf8')).trim()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ personal: ['email'], subjectColumn: 'customer' }),
  })
  if (!declared.ok) throw new Error(await declared.text())
  await writeFile(join(server.data, 'rows.csv'), `customer,email\npike-4711,${mail}\nbob,bob@example.org\n`)
  await server.trivium(['data', 'add', 'rows.csv', '--name', 'customers'])
}, 60_000)

test('a person is found, written to a file that nobody else reads, and erased after a second look', async () => {
  const found = await server.trivium(['subjects', 'find', '-'], { input: 'pike-4711\n' })
  expect(found.out).toMatch(/datasets +dataset-rows +customers +1/)
  const file = join(server.data, 'person.jsonl')
  // The row, and the statistics of the version: the column that names people is not encrypted here.
  expect((await server.trivium(['subjects', 'export', 'pike-4711', '--file', file])).out).toContain('2 records.')
  expect([(await stat(file)).mode & 0o777, (await readFile(file, 'utf8')).includes(mail)]).toEqual([0o600, true])
  expect((await server.trivium(['subjects', 'keys', keys])).out).toContain('keys of 2 people; 0 erased')
  const once = await server.trivium(['subjects', 'erase', 'pike-4711', ...reason])
  expect([once.code, once.err]).toEqual([2, expect.stringContaining('cannot be undone')])
  const wrong = await server.trivium(['subjects', 'erase', 'pike-4711', ...reason, '--confirm', 'bob'])
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('nothing was erased')])
  const erased = await server.trivium(['subjects', 'erase', 'pike-4711', ...reason, '--confirm', 'pike-4711'])
  expect([erased.code, erased.out]).toEqual([0, expect.stringMatching(/ers_\S+: finished/)])
  expect(erased.out).toMatch(/datasets +texts +notes, statistics and checks of dataset versions +1 +redacted/)
  expect(erased.out).toMatch(/Searched \d+ rows of texts in \d+ places\./)
  expect((await server.trivium(['subjects', 'find', 'pike-4711'])).out).toMatch(/Erased .*sbj_/)
}, 60_000)

test('the erasure is listed, and given to a restore, without a name', async () => {
  const listed = await server.trivium(['subjects', 'erasures'])
  expect([listed.out.includes('Request 2026-17'), listed.out.includes('pike')]).toEqual([true, false])
  expect((await server.trivium(['subjects', 'erasures', '--file', 'all.jsonl'])).code).toBe(2)
  expect((await server.trivium(['subjects', 'erasures', '--all', '--file', 'all.jsonl'])).out).toContain('1 erasure.')
  expect(await readFile(join(server.data, 'all.jsonl'), 'utf8')).toBe(
    await readFile(join(server.data, 'erasures.jsonl'), 'utf8'),
  )
})

test('a restore with older keys is told of it by that file, and says so', async () => {
  const backup = join(server.data, '..', `backup-${process.pid}`)
  const target = `${backup}-restored`
  try {
    expect((await server.trivium(['backup', backup, '--with-keys'])).code).toBe(0)
    const place = ['restore', backup, '--data', target, '--subject-keys', keys]
    expect((await server.trivium(place)).err).toContain('--replaces')
    const restored = await server.trivium([...place, '--erasures', join(server.data, 'all.jsonl')])
    expect(restored.out).toContain('1 person whom the backup had brought back is erased again')
  } finally {
    for (const path of [backup, target, keys]) await rm(path, { recursive: true, force: true })
  }
}, 60_000)

test('and the log of the server, at its most talkative, holds neither the id nor the mail address', async () => {
  const { err, out } = await server.stop()
  expect(err.length + out.length).toBeGreaterThan(50)
  for (const value of ['pike-4711', 'zebrafish']) expect(err + out).not.toContain(value)
})
