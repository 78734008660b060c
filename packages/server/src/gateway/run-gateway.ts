import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { followTls, type TlsFiles } from '../kernel/http/tls-files.ts'
import type { Logger } from '../kernel/logging/index.ts'
import type { GatewayControl } from '../kernel/ports/gateway.ts'
import type { ModelRuntime } from '../kernel/ports/model-runtime.ts'
import type { Tracing } from '../kernel/telemetry/open-tracing.ts'
import { answerPeer, createControlServer } from './control-server.ts'
import { createDeployments } from './deployments.ts'
import { createInferenceServer } from './inference-server.ts'
import type { FeatureLookup } from './predict.ts'
import { createRateLimiter } from './rate-limit.ts'
import { createRecordLog } from './record-log.ts'
import { followSnapshot } from './snapshot-file.ts'
import type { WireProtocol } from './wire-protocol.ts'

export interface GatewayParts {
  readonly runtime: ModelRuntime
  readonly lookup: FeatureLookup
  /** Takes the roots of the keys of people, by project, that the lookup opens rows with. */
  readonly setRoots: (roots: Readonly<Record<string, string>>) => void
  readonly protocols: readonly WireProtocol[]
  readonly logger: Logger
  readonly clock: () => number
  readonly tracing: Tracing
}

export interface GatewaySettings {
  /** `data/gateway`: the snapshot and the control file. */
  readonly directory: string
  /** `data/ledgers`. */
  readonly ledgers: string
  readonly host: string
  /** 0 takes a free port; a port that is taken is replaced by a free one when `portIsWish`. */
  readonly port: number
  readonly portIsWish: boolean
  readonly program: string
  /** With it the port speaks HTTPS only, and main gets one on loopback without. */
  readonly tls: TlsFiles | undefined
}

/** Runs the gateway until it is told to stop; resolves when it has drained. */
export async function runGateway(
  { runtime, lookup, setRoots, protocols, logger, clock, tracing }: GatewayParts,
  settings: GatewaySettings,
): Promise<void> {
  const startedAt = clock()
  const secret = randomBytes(32).toString('base64url')
  const deployments = createDeployments({ runtime, clock })
  const records = createRecordLog({ root: settings.ledgers })
  const deps = { deployments, records, lookup, clock, logger }
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const snapshot = followSnapshot({
    path: join(settings.directory, 'snapshot.json'),
    apply: deployments.apply,
    // Without its data directory nothing can be recorded and nobody can find this process.
    onGone: stop,
    onError: (error) => logger.error({ err: error }, 'the snapshot cannot be taken over'),
  })
  const controlDeps = { ...deps, setRoots, secret, program: settings.program, sync: snapshot.sync, stop }
  const inference = createInferenceServer({
    ...deps,
    protocols,
    limiter: createRateLimiter(),
    tracer: tracing.tracer,
    tls: settings.tls,
    answerPeer: (request) => answerPeer(controlDeps, request),
  })
  const control = createControlServer(controlDeps)
  await snapshot.sync()
  const port = await listen(inference.server, settings.host, settings.port, settings.portIsWish)
  const plainPort = inference.plain && (await listen(inference.plain, '127.0.0.1', 0, false))
  const following = settings.tls && followTls(inference.server as HttpsServer, settings.tls, { logger })
  const controlPort = await listen(control, '127.0.0.1', 0, false)
  const file = join(settings.directory, 'control.json')
  writeControl(file, {
    pid: process.pid,
    host: settings.host,
    port,
    ...(settings.tls ? { tls: settings.tls } : {}),
    ...(plainPort === undefined ? {} : { plainPort }),
    controlPort,
    secret,
    program: settings.program,
    startedAt,
  })
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  await stopped
  following?.stop()
  snapshot.stop()
  await inference.drain()
  await tracing.stop()
  records.close()
  rmSync(file, { force: true })
  control.close()
  control.closeAllConnections()
}

function writeControl(path: string, control: GatewayControl): void {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, JSON.stringify(control), { mode: 0o600 })
  renameSync(temporary, path)
}

function listen(server: Server, host: string, port: number, wish: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && wish && port !== 0) listen(server, host, 0, false).then(resolve, reject)
      else reject(error)
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
