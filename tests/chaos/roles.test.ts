import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ServerProcess, spawnServer } from '../../packages/testing/src/spawn-server.ts'
import { sendTo, sharedPlaces, token } from './installation.ts'
import { settled } from './invariants.ts'
import { seedServer } from './seed-server.ts'
import { gatewayPid, killProcess } from './victims.ts'

const api = (path: string) => `/api/v1/projects/default/${path}`
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A way to the database that can be cut and mended. */
async function wayTo(url: string): Promise<{ url: string; cut(): void; mend(): void; close(): void }> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let whole = true
  const server = createServer((from) => {
    open.add(from)
    from.on('error', () => {})
    if (!whole) return from.destroy()
    const to = connect(Number(port), hostname)
    to.on('error', () => from.destroy())
    to.on('close', () => from.destroy())
    from.on('close', () => {
      to.destroy()
      open.delete(from)
    })
    from.pipe(to).pipe(from)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const way = new URL(url)
  way.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: way.href,
    cut: () => {
      whole = false
      for (const socket of open) socket.destroy()
    },
    mend: () => {
      whole = true
    },
    close: () => server.close(),
  }
}

// Several processes that are started more than once: for `npm run chaos`.
test.runIf(process.env['CHAOS_FULL'] === '1')(
  'api, engine and gateway are three servers; a revoked token is refused within two seconds; the gateway serves on without the others and the database',
  async () => {
    const { settings, drop } = await sharedPlaces()
    const way = await wayTo(settings['TRIVIUM_DATABASE_URL'] ?? '')
    const environment = {
      ...settings,
      TRIVIUM_DATABASE_URL: way.url,
      TRIVIUM_ADMIN_TOKEN: token,
      TRIVIUM_LEASE_MS: '1500',
      TRIVIUM_LOG_LEVEL: 'silent',
    }
    const folders = await Promise.all(
      ['api', 'engine', 'gateway'].map((role) => mkdtemp(join(tmpdir(), `trivium-${role}-`))),
    )
    const [apiData = '', engineData = '', gatewayData = ''] = folders
    const running = new Set<ServerProcess>()
    const start = async (data: string, role: string, port = '0'): Promise<ServerProcess> => {
      const server = await spawnServer({
        data,
        settings: { ...environment, TRIVIUM_PUBLIC_URL: role === 'engine' ? front.url : '' },
        flags: ['--role', role, '--port', port],
      })
      running.add(server)
      return server
    }
    let front: ServerProcess = { url: '' } as ServerProcess
    try {
      front = await start(apiData, 'api')
      const port = new URL(front.url).port
      let engine = await start(engineData, 'engine')
      let gateway = await start(gatewayData, 'gateway')
      const send = sendTo(() => port)
      await seedServer(send)
      const inferencePort = () =>
        String(
          (JSON.parse(readFileSync(join(gatewayData, 'gateway', 'control.json'), 'utf8')) as { port: number }).port,
        )
      const known = new Set<string>()
      const predict = async (id: string, to: string, as = token): Promise<number> => {
        const response = await fetch(`http://127.0.0.1:${to}/deployments/late/predict`, {
          method: 'POST',
          headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            id,
            eventTime: Date.UTC(2001, 1, 1),
            inputs: { origin: 'ORD', distance: 500, hour: 3, recent_delay: 1 },
          }),
        })
        await response.text()
        if (response.ok) known.add(id)
        return response.status
      }
      expect(await predict('through-the-api', port)).toBe(200)
      expect(await predict('at-the-gateway', inferencePort())).toBe(200)
      const { findings, servers } = (await send('GET', '/api/v1/status')) as {
        findings: { check: string; state: string }[]
        servers: { roles: string[]; leads: boolean }[]
      }
      expect(findings.filter(({ state }) => state === 'failed')).toEqual([])
      expect(servers.map(({ roles, leads }) => [roles, leads])).toEqual(
        expect.arrayContaining([
          [['api'], false],
          [['engine'], true],
          [['gateway'], false],
        ]),
      )

      const { secret, token: made } = (await send('POST', api('tokens'), { name: 'short' })) as {
        secret: string
        token: { id: string }
      }
      for (let tries = 0; (await predict('with-a-token', inferencePort(), secret)) !== 200; tries += 1) {
        expect(tries).toBeLessThan(40)
        await sleep(50)
      }
      await send('DELETE', api(`tokens/${made.id}`))
      const revoked = performance.now()
      while ((await predict('with-a-revoked-token', inferencePort(), secret)) === 200) {
        expect(performance.now() - revoked).toBeLessThan(2000)
        await sleep(20)
      }

      // Everything else goes.
      await front.kill('SIGKILL')
      await engine.kill('SIGKILL')
      way.cut()
      expect(await predict('alone', inferencePort())).toBe(200)
      expect(await predict('alone-and-revoked', inferencePort(), secret)).toBe(401)
      await gateway.kill('SIGKILL')
      const orphan = gatewayPid(gatewayData)
      if (orphan !== undefined) killProcess(orphan)
      await sleep(200)
      // Nobody is there, and it starts on what it knew.
      gateway = await start(gatewayData, 'gateway')
      expect(await predict('started-alone', inferencePort())).toBe(200)
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200)

      way.mend()
      front = await start(apiData, 'api', port)
      engine = await start(engineData, 'engine')
      await settled(send)
      for (let tries = 0; ; tries += 1) {
        const { predictions } = (await send(
          'GET',
          `${api('deployments/late/predictions')}?limit=1000&from=0&to=${Date.UTC(2002, 0, 1)}&as_of=${Date.UTC(2002, 0, 1)}`,
        )) as { predictions: { id: string }[] }
        const found = predictions.map((one) => one.id)
        // The gateway's server looks for the database once a second.
        if (found.length < known.size && tries < 100) await sleep(100)
        else {
          expect(found.toSorted()).toEqual([...known].toSorted())
          break
        }
      }
      expect(known).toContain('started-alone')
    } finally {
      way.mend()
      for (const server of running) await server.kill('SIGTERM')
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
      way.close()
      await drop()
    }
  },
  240_000,
)
