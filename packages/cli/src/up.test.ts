import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configSchema } from '@trivium/server'
import { expect, test } from 'vitest'
import { createProgram } from './program.ts'
import { spawnTrivium, startServer } from './testing/started-server.ts'

test('up says once where it answers, tells commands on the machine, and ends with 0 on SIGTERM', async () => {
  const server = await startServer()
  const { url, loginUrl, event } = server.ready
  expect(event).toBe('ready')
  expect(loginUrl).toMatch(new RegExp(`^${url}/login#token=\\S{20,}$`))
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const file = join(server.data, 'server.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ url, pid: server.child.pid })
  // One signal only: a second one ends it at once, with 1.
  server.child.kill('SIGTERM')
  await once(server.child, 'close')
  expect(existsSync(file)).toBe(false)
  const { code, out, err } = await server.stop()
  expect([code, err]).toEqual([0, ''])
  expect(out.trim().split('\n')).toHaveLength(1)
})

test('a second server on the same data directory is refused, and the first goes on', async () => {
  const server = await startServer()
  try {
    const second = await spawnTrivium(['up', '--data', server.data, '--port', '0']).ended
    expect(second.code).toBe(1)
    expect(second.err).toMatch(/^trivium: Another Trivium server runs on .*--data\. \(DATA\.IN_USE\)\n$/)
    expect(second.out).toBe('')
    expect((await server.trivium(['project', 'list', '--json'])).json.projects[0].name).toBe('default')
  } finally {
    await server.stop()
  }
})

test('a port that is in use is named', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const data = await mkdtemp(join(tmpdir(), 'trivium-cli-'))
  try {
    const { port } = taken.address() as AddressInfo
    const { code, err } = await spawnTrivium(['up', '--data', data, '--port', String(port)]).ended
    expect(code).toBe(1)
    expect(err).toContain(`Port ${port} is in use. Stop what listens there, or give another one with --port.`)
    expect(existsSync(join(data, 'server.json'))).toBe(false)
  } finally {
    taken.close()
    await rm(data, { recursive: true, force: true })
  }
})

test('a host beyond this machine and a mistyped setting are wrong usage', async () => {
  const data = await mkdtemp(join(tmpdir(), 'trivium-cli-'))
  try {
    const remote = await spawnTrivium(['up', '--data', data, '--host', '0.0.0.0']).ended
    expect([remote.code, remote.err]).toEqual([2, expect.stringContaining('--allow-remote')])
    const file = join(data, 'config.yaml')
    await writeFile(file, 'prot: 4001\n')
    const mistyped = await spawnTrivium(['up', '--data', data, '--config', file]).ended
    expect([mistyped.code, mistyped.err]).toEqual([2, expect.stringContaining('Did you mean "port"?')])
    const environment = await spawnTrivium(['up', '--data', data], { TRIVIUM_PROT: '4001' }).ended
    expect([environment.code, environment.err]).toEqual([2, expect.stringContaining('TRIVIUM_PROT')])
  } finally {
    await rm(data, { recursive: true, force: true })
  }
})

test('every setting but the secrets has a flag of up', () => {
  const program = createProgram({
    env: {},
    cwd: '/',
    interactive: false,
    out: () => {},
    err: () => {},
    secret: async () => '',
    input: async () => new Uint8Array(),
    signal: new AbortController().signal,
  })
  const up = program.commands.find((command) => command.name() === 'up')
  const flags = [...program.options, ...(up?.options ?? [])].map((option) => option.attributeName())
  const secrets = [
    'adminToken',
    'oidcClientSecret',
    'otlpHeaders',
    'signingKey',
    'storageAccessKeyId',
    'storageSecretAccessKey',
    'storageSessionToken',
    'vaultKey',
  ]
  const settings = Object.keys(configSchema.properties).filter((key) => !secrets.includes(key))
  expect(settings.filter((key) => !flags.includes(key))).toEqual([])
})
