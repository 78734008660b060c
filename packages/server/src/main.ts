import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { composeCapabilities, composeHttp } from './compose.ts'
import { systemClock } from './kernel/clock/index.ts'
import { type Damage, instanceId } from './kernel/blobs/index.ts'
import type { Config } from './kernel/config/index.ts'
import { lockDataDirectory, migrate } from './kernel/db/index.ts'
import { sealBacklog } from './kernel/events/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import { schemeOf } from './kernel/http/index.ts'
import { createKernel } from './kernel/kernel.ts'
import { createLogger } from './kernel/logging/index.ts'
import { systemScope } from './kernel/principal/index.ts'
import { migrations } from './migrations/index.ts'
import { openDatabase, openDrivers, removeIncoming } from './open-drivers.ts'
import { writeServerFile } from './server-file.ts'

export { type Config, configSchema, loadConfig } from './kernel/config/index.ts'
export { AppError } from './kernel/errors/index.ts'

export const serverErrors = defineErrors('SERVER', {
  PORT_IN_USE: {
    status: 409,
    message: (port: number) => `Port ${port} is in use. Stop what listens there, or give another one with --port.`,
  },
})

/** A server that answers. */
export interface RunningServer {
  readonly url: string
  /** Where inference clients connect: the gateway's own address while it runs, else this server, which forwards to it. */
  readonly inferenceUrl: string
  /** A fresh one-time link for the first administrator. */
  loginUrl(): Promise<string>
  /** Drains: no new requests, running ones finish, jobs are given back. The gateway ends too, unless it shall serve on for the next server. */
  stop(options?: { keepGateway?: boolean }): Promise<void>
}

/** Composition root: config, drivers, capabilities, protocols, listen. What was opened is closed again when the start fails. */
export async function startServer(config: Config): Promise<RunningServer> {
  const closers: (() => unknown)[] = []
  const leave = { gateway: false }
  const stop = async ({ keepGateway = false }: { keepGateway?: boolean } = {}): Promise<void> => {
    leave.gateway = keepGateway
    for (let close = closers.pop(); close; close = closers.pop()) await close()
  }
  try {
    return Object.assign(await open(config, closers, leave), { stop })
  } catch (error) {
    await stop()
    throw error
  }
}

async function open(
  config: Config,
  closers: (() => unknown)[],
  leave: { readonly gateway: boolean },
): Promise<Omit<RunningServer, 'stop'>> {
  const logger = createLogger({ level: config.logLevel })
  const lock = lockDataDirectory(config.data)
  closers.push(() => lock.release())
  await removeLeftovers(config.data)
  const db = await openDatabase(config, { durable: true })
  closers.push(() => db.close())
  await migrate(db, migrations)
  await sealBacklog(db)
  const noted: { damage(damage: Damage): void } = {
    damage: (damage) => logger.error(damage, 'stored content is damaged and was not served'),
  }
  const drivers = openDrivers(config, { durable: true, onDamaged: (damage) => noted.damage(damage) })
  await drivers.blobs.own(await instanceId(db))
  const kernel = createKernel({ config, db, clock: systemClock, logger, ...drivers })
  kernel.checkpoints.start()
  closers.push(
    () => kernel.checkpoints.stop(),
    () => kernel.sequencer.stop(),
    () => kernel.scorer.close(),
    () => kernel.tables.close(),
  )
  const capabilities = composeCapabilities(kernel)
  noted.damage = capabilities.storage.noteDamage
  closers.push(async () => {
    capabilities.outcomes.close()
    capabilities.monitoring.close()
    await capabilities.features.close()
  })
  await capabilities.features.recover().catch((error: unknown) => {
    logger.error({ err: error }, 'rows could not be brought into the online store; the next start tries again')
  })
  const { adminId } = await capabilities.access.bootstrap({ adminToken: config.adminToken, dataDirectory: config.data })
  const hosts = new Set([
    'localhost',
    '127.0.0.1',
    '[::1]',
    ...(config.allowRemote ? [config.host] : []),
    ...(config.publicUrl ? [new URL(config.publicUrl).hostname] : []),
  ])
  capabilities.accessLog.start()
  closers.push(() => capabilities.accessLog.stop())
  const app = composeHttp(kernel, capabilities, { allowedHosts: () => hosts })
  kernel.consumers.start()
  closers.push(() => kernel.consumers.stop())
  await capabilities.storage.schedule()
  kernel.jobs.start()
  closers.push(() => kernel.jobs.stop())
  closers.push(() => capabilities.serving.stop({ keepGateway: leave.gateway }))
  closers.push(() => app.close())
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw serverErrors.PORT_IN_USE(config.port)
    throw error
  }
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  const local = `${schemeOf(config)}://${config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host}:${port}`
  const url = config.publicUrl || local
  // A certificate is made for the name that people use, and not for this machine's own.
  closers.push(writeServerFile(config.data, config.tlsCertificate === '' ? local : url))
  const stopping = new AbortController()
  const verified = capabilities.registry
    .verifyEvidence(stopping.signal)
    .catch((error: unknown) => logger.error({ err: error }, 'the evidence of model versions could not be verified'))
  closers.push(async () => {
    stopping.abort()
    await verified
  })
  // Nobody waits for the gateway: pages and the API answer while it starts.
  void capabilities.serving
    .start(url)
    .catch((error: unknown) => logger.error({ err: error }, 'the gateway could not be started; predictions answer 503'))
  return {
    url,
    get inferenceUrl() {
      return capabilities.serving.inferenceUrl()
    },
    loginUrl: async () => {
      const self = systemScope('default', 'start').principal
      const { secret } = await capabilities.access.createLoginLink(self, adminId)
      return `${url}/login#token=${secret}`
    },
  }
}

/** What a killed server left half-written; nobody else can be writing there, because the directory is ours. */
async function removeLeftovers(data: string): Promise<void> {
  await rm(join(data, 'tmp'), { recursive: true, force: true })
  await removeIncoming(join(data, 'blobs'))
}
