import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ServerProcess, spawnServer } from '../../packages/testing/src/spawn-server.ts'
import { sendTo, sharedPlaces, token } from './installation.ts'
import { settled, verify } from './invariants.ts'
import { expectUnderstood, useNewestFeatures } from './newest-features.ts'
import { seedServer } from './seed-server.ts'
import { writeTraffic } from './traffic.ts'

const root = join(import.meta.dirname, '../..')
/** Set by `npm run chaos`, which has time for it. */
const from = process.env['CHAOS_UPGRADE_FROM']
const beforeMs = 3000
const togetherMs = 8000

test.runIf(from !== undefined)(
  `the server of ${from} is replaced by this one under load, on one database, without one request that fails`,
  async () => {
    const old = await programOf(from ?? '')
    const { settings, drop } = await sharedPlaces()
    const environment = {
      ...settings,
      TRIVIUM_ADMIN_TOKEN: token,
      TRIVIUM_LEASE_MS: '3000',
      TRIVIUM_LOG_LEVEL: 'error',
    }
    const [first, second] = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'trivium-upgrade-'))))
    const running: ServerProcess[] = []
    const start = async (data: string | undefined, program?: string): Promise<ServerProcess> => {
      const server = await spawnServer({
        data: data ?? '',
        settings: environment,
        ...(program === undefined ? {} : { program }),
      })
      running.push(server)
      return server
    }
    const portOf = (server: ServerProcess) => new URL(server.url).port
    const failed: string[] = []
    try {
      const before = await start(first, join(old, 'packages/cli/bin/trivium'))
      let ports = [portOf(before)]
      let turn = 0
      const send = sendTo(
        () => {
          turn += 1
          return ports[turn % ports.length] as string
        },
        (what) => failed.push(what),
      )
      const seeded = await seedServer(send)
      let over = false
      const traffic = writeTraffic(send, seeded, () => over)
      await sleep(beforeMs)
      // It changes the schema while the other one works.
      const after = await start(second)
      await until(async () => (await predicts(portOf(after))) || undefined)
      ports = [portOf(before), portOf(after)]
      const tell = (server: ServerProcess) =>
        sendTo(
          () => portOf(server),
          (what) => failed.push(what),
        )
      const told = await useNewestFeatures(tell(after), seeded)
      await expectUnderstood(tell(before), told)
      await sleep(togetherMs)
      // As a load balancer does it: nothing new for the one that goes, then it drains.
      ports = [portOf(after)]
      await sleep(500)
      expect(await before.kill('SIGTERM')).toMatchObject({ code: 0 })
      const upgraded = await start(first)
      await until(async () => (await predicts(portOf(upgraded))) || undefined)
      ports = [portOf(after), portOf(upgraded)]
      await sleep(beforeMs)
      over = true
      const done = await traffic
      expect(failed).toEqual([])
      await settled(send)
      await verify(send, seeded, done)
      for (const server of running) expect(server.errors()).toBe('')
    } finally {
      for (const server of running) await server.kill('SIGTERM')
      for (const path of [first, second, old]) await rm(path ?? '', { recursive: true, force: true })
      await drop()
    }
  },
  900_000,
)

async function predicts(port: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/v2/models/late/ready`, {
    headers: { authorization: `Bearer ${token}` },
  })
  await answer.text()
  return answer.ok
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function until(what: () => Promise<true | undefined>): Promise<void> {
  for (let tries = 0; (await what()) === undefined; tries += 1) {
    if (tries > 300) throw new Error('The server does not predict.')
    await sleep(100)
  }
}

/** The program as a commit has it, in a folder of its own, with the libraries of this one. */
async function programOf(commit: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-program-'))
  const archive = execFileSync('git', ['archive', commit, 'packages', 'python', 'package.json'], {
    cwd: root,
    maxBuffer: 2 ** 30,
  })
  const { status, stderr } = spawnSync('tar', ['-x', '-C', folder], { input: archive, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The program of ${commit} could not be unpacked: ${stderr}`)
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@trivium'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!['@trivium', '.cache'].includes(name)) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  for (const name of readdirSync(join(folder, 'packages')))
    symlinkSync(join(folder, 'packages', name), join(modules, '@trivium', name))
  return folder
}
