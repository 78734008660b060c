import type { Kernel } from '../../../kernel/kernel.ts'
import type { GatewayControl, GatewayStatus } from '../../../kernel/ports/index.ts'
import type { PeerGateway, Replica } from '../../../kernel/replicas/index.ts'
import { callGateway, type PeerControl } from './gateway-client.ts'
import '../tables.ts'

/** Where a gateway is reached; `secure` with TLS. */
export interface GatewayAddress {
  readonly host: string
  readonly port: number
  readonly secure?: boolean
}

/** The gateways on other machines: what they serve, where they answer. */
export interface PeerGateways {
  /** Where each listens that was there at the last look. */
  addresses(): GatewayAddress[]
  /** Asks each for something that changes nothing; those that do not answer are left out. */
  ask<T>(method: 'GET' | 'POST', path: '/status' | '/traffic' | '/callers', body?: unknown): Promise<T[]>
  /** Asks one; throws what it says. Undefined when there is none. */
  askOne<T>(path: '/try', body: unknown): Promise<T | undefined>
  /** Tells the others of ours; null when it does not run. */
  announce(control: GatewayControl | undefined, status: GatewayStatus | undefined): Promise<void>
  /** Waits until each serves what the database says, or says why it cannot; at most `waitMs`. Returns what they say by then. */
  settled(waitMs: number): Promise<GatewayStatus[]>
}

const lookMs = 50

export function createPeerGateways({
  db,
  replicas,
  vault,
  config,
}: Pick<Kernel, 'db' | 'replicas' | 'vault' | 'config'>): PeerGateways {
  const place = (id: string) => `replica/${id}`
  const gateways = (): (Replica & { gateway: PeerGateway })[] =>
    replicas
      .others()
      .flatMap((one) => (one.gateway && one.roles.includes('gateway') ? [{ ...one, gateway: one.gateway }] : []))
  const controlOf = async ({ id, gateway }: Replica & { gateway: PeerGateway }): Promise<PeerControl> => ({
    pid: gateway.status.pid,
    host: gateway.host,
    port: gateway.port,
    controlPort: gateway.port,
    secret: await vault.open(gateway.secret, place(id)),
    program: gateway.status.program,
    startedAt: 0,
    remote: { secure: gateway.secure },
  })
  let sealed: { secret: string; text: string } | undefined

  return {
    addresses: () => gateways().map(({ gateway: { host, port, secure } }) => ({ host, port, secure })),
    ask: async <T>(method: 'GET' | 'POST', path: string, body?: unknown) => {
      const answers = await Promise.allSettled(
        gateways().map(async (one) => callGateway<T>(await controlOf(one), method, path, body, 2000)),
      )
      return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    },
    askOne: async <T>(path: string, body: unknown) => {
      const [one] = gateways()
      return one && callGateway<T>(await controlOf(one), 'POST', path, body)
    },
    announce: async (control, status) => {
      if (!control || !status) return replicas.announceGateway(null)
      // Sealed once: the same secret has another text each time.
      const { secret } = control
      if (sealed?.secret !== secret) sealed = { secret, text: await vault.seal(secret, place(replicas.id)) }
      const { text } = sealed
      const everywhere = ['0.0.0.0', '::'].includes(control.host)
      await replicas.announceGateway({
        host: config.peerHost || (everywhere ? replicas.host : control.host),
        port: control.port,
        secure: control.plainPort !== undefined,
        secret: text,
        status,
      })
    },
    settled: async (waitMs) => {
      if (gateways().length === 0) return []
      const until = performance.now() + waitMs
      for (;;) {
        const wanted = await db.read
          .selectFrom('deployment')
          .select(['project_id', 'name', 'current_release'])
          .where('retired_at', 'is', null)
          .execute()
        await replicas.look()
        const states = gateways().map(({ gateway }) => gateway.status)
        const behind = states.some(
          ({ deployments }) =>
            deployments.length !== wanted.length ||
            wanted.some(({ project_id, name, current_release }) => {
              const found = deployments.find((one) => one.project === project_id && one.name === name)
              return found === undefined || (found.release !== current_release && found.problem === null)
            }),
        )
        if (!behind || performance.now() > until) return states
        await new Promise((resolve) => setTimeout(resolve, lookMs))
      }
    },
  }
}
