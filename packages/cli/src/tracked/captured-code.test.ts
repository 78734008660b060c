import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { captureCode } from './capture-code.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'trivium-captured-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const client = join(import.meta.dirname, '../../../../python/client')
const env = { PATH: process.env['PATH'] ?? '', HOME: folder }

/** Runs Python that has the package `trivium-tracking`, and nothing else. */
const python = async (text: string, cwd: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
  const program = `import sys; sys.path.insert(0, ${JSON.stringify(client)}); sys.argv = ["train.py"]\n${text}`
  return (await run('python3', ['-I', '-c', program], { cwd, env: { ...env, ...more } })).stdout.trim()
}

describe.each([
  ['trivium track', (cwd: string) => captureCode(cwd, env, ['python', 'train.py'])],
  [
    'the package trivium-tracking',
    async (cwd: string) => JSON.parse(await python('from trivium_tracking import sources; print(sources.code())', cwd)),
  ],
] as const)('the code that %s keeps', (_, capture) => {
  test('holds nothing of where secrets lie, and nothing from outside of its folder', async () => {
    const cwd = mkdtempSync(join(folder, 'work-'))
    const git = (...args: string[]) =>
      run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd, env })
    const write = (path: string, text: string): void => writeFileSync(join(cwd, path), text)
    for (const one of ['.config', 'pkg']) mkdirSync(join(cwd, one))
    const places = ['.env', '.config/token.yaml', 'pkg/.netrc', 'train.py', 'pkg/model.py']
    for (const path of places) write(path, `${path} before\n`)
    writeFileSync(join(folder, 'outside.py'), 'outside = "secret"\n')
    symlinkSync(join(folder, 'outside.py'), join(cwd, 'link.py'))
    await git('init', '-q')
    await git('add', '-A', '-f')
    await git('commit', '-qm', 'one')
    for (const path of places) write(path, `${path} after\n`)
    const code = await capture(cwd)
    expect(code.files.map(({ path }: { path: string }) => path).toSorted()).toEqual(['pkg/model.py', 'train.py'])
    expect(code.patch).toContain('+train.py after')
    expect(code.patch).toContain('+pkg/model.py after')
    expect(code.patch).not.toMatch(/\.env|token|netrc/)
  })
})

test('the package trivium-tracking hands its token to the server that it was told, and believes no endless answer', async () => {
  const told: (string | undefined)[] = []
  const elsewhere = createServer((request, response) => {
    told.push(request.headers.authorization)
    response.end('{"homeProject":"theirs"}')
  })
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    if (request.url?.startsWith('/large')) response.end(`{"homeProject":"large","rest":"${'x'.repeat(3_000_000)}"}`)
    else response.writeHead(302, { location: `http://127.0.0.1:${portOf(elsewhere)}/taken` }).end()
  })
  const portOf = (one: typeof server): number => (one.address() as AddressInfo).port
  for (const one of [server, elsewhere]) await new Promise<void>((resolve) => void one.listen(0, '127.0.0.1', resolve))
  try {
    const base = `http://127.0.0.1:${portOf(server)}`
    const ask = (path: string) =>
      python(
        `from trivium_tracking.server import Server; found = Server.of("${base}${path}"); print(found and found.project)`,
        folder,
        { MLFLOW_TRACKING_TOKEN: 'mine' },
      )
    expect([await ask(''), await ask('/large')]).toEqual(['None', 'None'])
    expect(seen).toEqual(['Bearer mine', 'Bearer mine'])
    expect(told).toEqual([])
  } finally {
    for (const one of [server, elsewhere]) one.close()
  }
})

test('the package trivium-tracking waits for a server that has no room, and says in its words what it refuses', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const refuse = (status: number, body: object) =>
      response
        .writeHead(status, { 'retry-after': '0', 'content-type': 'application/problem+json' })
        .end(JSON.stringify(body))
    if (request.url?.includes('/full/')) return refuse(409, { detail: 'A run holds 64 MB of histograms.' })
    if (request.url?.includes('/never/')) return refuse(429, { detail: 'Too much to do.' })
    return asked.length < 3 ? refuse(429, {}) : response.end('{"added":1}')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const ask = (run: string) =>
      python(
        [
          'from trivium_tracking.server import Server, TriviumError',
          'try:',
          `    print(Server("${base}", "a b").log_histograms("${run}", []))`,
          'except TriviumError as error:',
          '    print(error)',
        ].join('\n'),
        folder,
        {},
      )
    expect(await ask('run')).toBe("{'added': 1}")
    expect(asked).toEqual(Array.from({ length: 3 }, () => 'POST /api/v1/projects/a%20b/runs/run/histograms'))
    expect(await ask('full')).toBe('A run holds 64 MB of histograms.')
    expect(asked).toHaveLength(4)
    expect(await ask('never')).toBe('Too much to do.')
    expect(asked).toHaveLength(9)
  } finally {
    server.close()
  }
})
