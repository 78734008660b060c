import type { AddressInfo } from 'node:net'
import type { TlsFiles } from '../kernel/http/tls-files.ts'
import { createLogger } from '../kernel/logging/index.ts'
import type { GatewayToken } from '../kernel/ports/gateway.ts'
import { createDeployments } from './deployments.ts'
import { createInferenceServer } from './inference-server.ts'
import { plainProtocol } from './plain-protocol.ts'
import { createRateLimiter } from './rate-limit.ts'

/** The gateway's own port in the process of a test, without deployments: everything of it but models. */
export async function createInProcessGateway(
  tokens: readonly GatewayToken[] = [],
  tls?: TlsFiles,
): Promise<{ port: number; stop(): Promise<void> }> {
  const deployments = createDeployments({ runtime: {} as never, clock: Date.now })
  await deployments.apply({ version: 1, writtenAt: 1, tokens, deployments: [] })
  const { server, drain } = createInferenceServer({
    deployments,
    limiter: createRateLimiter(),
    protocols: [plainProtocol],
    logger: createLogger({ level: 'silent' }),
    clock: Date.now,
    records: {} as never,
    lookup: {} as never,
    answerPeer: async () => ({ status: 404, type: 'text/plain', body: '' }),
    tls,
    tracer: { on: false } as never,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, stop: drain }
}
