import { readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Client, createWorld } from '@trivium/testing'
import { createInProcessGateway } from '../../packages/server/src/gateway/in-process-gateway.fixture.ts'
import { type RawCase, type RawContext, rawCases } from './raw-cases.ts'
import type { RawTarget } from './raw-socket.ts'
import { tryRawCase } from './try-raw-case.ts'

const fixtures = join(import.meta.dirname, '../../packages/server/src/kernel/http/fixtures')
const tls = { certificate: join(fixtures, 'first-certificate.pem'), key: join(fixtures, 'first-key.pem') }

/** A case that was answered badly, at one port. */
interface RawFinding {
  readonly name: string
  readonly why: string
}

/** A main and a gateway on ports of their own, with and without TLS. */
export interface RawServer {
  readonly main: RawTarget
  readonly gateway: RawTarget
  readonly context: RawContext
  readonly admin: Client
  /** Tries these cases at both ports at once. */
  tryAll(cases: readonly RawCase[]): Promise<{ tried: number; findings: RawFinding[] }>
  /** What cut requests left: open connections of main, and contents that are half there. */
  left(): Promise<{ connections: number; incoming: string[] }>
  close(): Promise<void>
}

export async function startRawServer({ overTls }: { overTls: boolean }): Promise<RawServer> {
  const world = await createWorld({
    configuration: overTls ? { tlsCertificate: tls.certificate, tlsKey: tls.key } : {},
  })
  const admin = await world.as('instance-admin')
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  const inference = await createInProcessGateway(
    await world.capabilities.access.tokenSnapshot(),
    overTls ? tls : undefined,
  )
  const { port } = world.app.server.address() as AddressInfo
  const main = { name: 'main', port, tls: overTls }
  const gateway = { name: 'gateway', port: inference.port, tls: overTls }
  const { run } = (await admin.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })).json
  const artifact = `/api/2.0/mlflow-artifacts/artifacts/0/${run.info.run_id}/artifacts/file.txt`
  await admin.call('PUT', artifact, 'ten bytes.')
  const context = { token: admin.token, artifact }
  return {
    main,
    gateway,
    context,
    admin,
    tryAll: async (cases) => {
      const tried = [main, gateway].flatMap((target) =>
        cases
          .filter(({ only }) => only === undefined || only === target.name)
          .map(async (one) => ({
            name: `${one.name} → ${target.name}${overTls ? ' over TLS' : ''}`,
            why: await tryRawCase(one, target, context),
          })),
      )
      const findings = (await Promise.all(tried)).flatMap(({ name, why }) => (why === undefined ? [] : [{ name, why }]))
      return { tried: tried.length, findings }
    },
    left: async () => ({
      connections: await new Promise<number>((resolve) =>
        world.app.server.getConnections((_error: unknown, count: number) => resolve(count)),
      ),
      incoming: readdirSync(join(world.kernel.config.data, 'blobs', 'default', 'incoming')),
    }),
    close: async () => {
      await inference.stop()
      await world.close()
    },
  }
}

/** Those that are quick and small enough for the unit tests, and the others. */
export const quickCases = rawCases.filter(({ long }) => !long)
export const longCases = rawCases.filter(({ long }) => long)
