import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServerDidNotStart, type ServerProcess, spawnServer } from '@trivium/testing'
import { afterEach, describe, expect, test } from 'vitest'

const started: ServerProcess[] = []
const folders: string[] = []
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-process-'))
  folders.push(folder)
  return folder
}
const start = async (options: Parameters<typeof spawnServer>[0]) => {
  const server = await spawnServer(options)
  started.push(server)
  return server
}
const refusal = async (options: Parameters<typeof spawnServer>[0]): Promise<ServerDidNotStart> => {
  const server = await start(options).catch((error: unknown) => error)
  expect(server).toMatchObject({ name: 'ServerDidNotStart' })
  return server as ServerDidNotStart
}
const call = (server: ServerProcess, path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${server.token}`, ...init.headers } })

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.kill('SIGKILL')))
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

describe('a server process', () => {
  test('a second server on one data directory is refused and says what to do; the first does not notice', async () => {
    const data = await newFolder()
    const first = await start({ data })
    const { code, stderr } = await refusal({ data })
    expect(code).toBe(1)
    expect(stderr).toContain(
      `Another Trivium server runs on ${data}. Stop it, or give this one another directory with --data.`,
    )
    expect(stderr).not.toContain('    at ')
    expect((await call(first, '/api/v1/session')).status).toBe(200)
  })

  test('after kill -9 the next server starts at once on the same directory, with the same administrator', async () => {
    const data = await newFolder()
    const first = await start({ data })
    const made = await call(first, '/api/v1/projects', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"kept"}',
    })
    expect(made.status).toBe(201)
    expect(await first.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
    const second = await start({ data })
    expect(second.token).toBe(first.token)
    const { projects } = (await (await call(second, '/api/v1/projects')).json()) as { projects: { name: string }[] }
    expect(projects.map((project) => project.name)).toEqual(['default', 'kept'])
  })

  test('a port that is in use is named, and the data directory is free again', async () => {
    const data = await newFolder()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    try {
      const { code, stderr } = await refusal({ data, flags: ['--port', String(port)] })
      expect(code).toBe(1)
      expect(stderr).toContain(`Port ${port} is in use. Stop what listens there, or give another one with --port.`)
      expect(stderr).not.toContain('    at ')
    } finally {
      other.close()
    }
    await start({ data })
  })

  test('SIGTERM drains: what runs is answered, an open event stream ends, the process ends with 0', async () => {
    const server = await start({ data: await newFolder() })
    const stream = await call(server, '/api/v1/projects/default/events/stream')
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    // Half of an upload is there when the signal comes.
    const upload = request(`${server.url}/api/v1/projects/default/datasets/numbers/versions?format=csv`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'text/csv' },
    })
    const answered = new Promise<number | undefined>((resolve, reject) => {
      upload.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject)
    })
    upload.write('a,b\n1,2\n')
    await sleep(200)
    const began = Date.now()
    const ended = server.kill('SIGTERM')
    await sleep(100)
    upload.end('3,4\n')
    expect(await answered).toBe(200)
    for (;;) if ((await reader.read()).done) break
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(Date.now() - began).toBeLessThan(15_000)
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
  })

  test('a login link from the start works once', async () => {
    const server = await start({ data: await newFolder() })
    const token = new URL(server.loginUrl).hash.replace('#token=', '')
    const login = () =>
      fetch(`${server.url}/api/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
    expect((await login()).status).toBe(200)
    expect((await login()).status).toBe(410)
  })

  test('a token from the environment is the administrator, is written nowhere, and stays when a later start says nothing', async () => {
    const data = await newFolder()
    const settings = { TRIVIUM_ADMIN_TOKEN: 'token-from-the-environment-0001' }
    const first = await start({ data, settings })
    expect((await call(first, '/api/v1/session')).status).toBe(200)
    expect(existsSync(join(data, 'admin-token'))).toBe(false)
    await first.kill('SIGTERM')
    const second = await start({ data })
    expect(existsSync(join(data, 'admin-token'))).toBe(false)
    const session = await fetch(`${second.url}/api/v1/session`, {
      headers: { authorization: `Bearer ${settings.TRIVIUM_ADMIN_TOKEN}` },
    })
    expect(session.status).toBe(200)
    expect(second.loginUrl).toContain('/login#token=trl_')
  })

  test('nobody else on the machine may look into the data directory', async () => {
    const parent = await newFolder()
    const data = join(parent, 'data')
    await start({ data })
    expect(statSync(data).mode & 0o077).toBe(0)
    expect(statSync(join(data, 'admin-token')).mode & 0o777).toBe(0o600)
  })

  test('what a killed server left half-written is removed at the next start', async () => {
    const data = await newFolder()
    await mkdir(join(data, 'tmp/upload-1'), { recursive: true })
    await mkdir(join(data, 'blobs/default/incoming'), { recursive: true })
    await writeFile(join(data, 'tmp/upload-1/rows.parquet'), 'half')
    await writeFile(join(data, 'blobs/default/incoming/x'), 'half')
    await start({ data })
    expect(readdirSync(join(data, 'tmp')).filter((name) => name.startsWith('upload'))).toEqual([])
    expect(existsSync(join(data, 'blobs/default/incoming/x'))).toBe(false)
  })

  test('a wrong setting stops the start with one sentence and without a stack', async () => {
    const data = await newFolder()
    const wrong = await refusal({ data, settings: { TRIVIUM_PROT: '1' } })
    expect(JSON.parse(wrong.stderr)).toMatchObject({
      error: { detail: 'Unknown setting "TRIVIUM_PROT" in the environment. Did you mean "TRIVIUM_PORT"?' },
    })
    expect(wrong.stderr).not.toContain('    at ')
    const remote = await refusal({ data, flags: ['--host', '0.0.0.0', '--port', '0'] })
    expect(remote.stderr).toContain('say --allow-remote if you mean it')
  })

  test('a database that is not there is named without its password', async () => {
    const data = await newFolder()
    const { code, stderr } = await refusal({
      data,
      settings: { TRIVIUM_DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/trivium' },
    })
    expect(code).toBe(1)
    expect(stderr).toContain('127.0.0.1:1')
    expect(stderr).not.toContain('hunter2')
    expect(stderr).not.toContain('    at ')
  })
}, 60_000)
