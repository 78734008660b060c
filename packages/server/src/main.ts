import { collectAfterStart } from './collect-after-start.ts'
import { composeHttp } from './compose.ts'
import { type Config, rolesOf } from './kernel/config/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import { closeHttp, schemeOf } from './kernel/http/index.ts'
import { requireCodeBoundary } from './look-at-code.ts'
import { systemScope } from './kernel/principal/index.ts'
import { isGatewayAlone, joinDatabase, openParts, type Parts } from './open-parts.ts'
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
  const roles = rolesOf(config)
  const parts = await openParts(config, closers, leave)
  const { kernel, capabilities } = parts
  const { logger, checkpoints, leader, consumers, jobs } = kernel
  // With everything else away a gateway serves on what it knew; only one that knows nothing has to wait.
  const gatewayAlone = isGatewayAlone(config)
  const stale = gatewayAlone && (await capabilities.serving.startStale())
  if (!stale) await joinDatabase(parts)
  const adminId = gatewayAlone
    ? ''
    : (await capabilities.access.bootstrap({ adminToken: config.adminToken, dataDirectory: config.data })).adminId
  if (roles.has('engine')) await requireCodeBoundary(kernel, capabilities.pipelines)
  const hosts = new Set([
    'localhost',
    '127.0.0.1',
    '[::1]',
    ...(config.allowRemote ? [config.host] : []),
    ...(config.publicUrl ? [new URL(config.publicUrl).hostname] : []),
  ])
  const app = composeHttp(kernel, capabilities, { allowedHosts: () => hosts })
  if (roles.has('engine')) {
    await leader.start()
    closers.push(() => leader.stop())
    checkpoints.start()
    closers.push(() => checkpoints.stop())
  }
  capabilities.accessLog.start()
  closers.push(
    () => capabilities.accessLog.stop(),
    () => capabilities.quotas.stop(),
  )
  if (roles.has('engine')) {
    consumers.start()
    closers.push(() => consumers.stop())
    await capabilities.storage.schedule()
    await capabilities.uploads.schedule()
    await kernel.eventArchive.schedule()
    await capabilities.trash.schedule()
    await capabilities.metricArchive.schedule()
    jobs.start()
    closers.push(() => jobs.stop())
  }
  closers.push(() => closeHttp(app))
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
  if (roles.has('api')) closers.push(writeServerFile(config.data, config.tlsCertificate === '' ? local : url))
  closers.push(collectAfterStart())
  const stopping = new AbortController()
  const running = roles.has('engine')
    ? capabilities.registry
        .verifyEvidence(stopping.signal)
        .catch((error: unknown) => logger.error({ err: error }, 'the evidence of model versions could not be verified'))
    : stale
      ? joinLater(parts, url, stopping.signal)
      : undefined
  closers.push(async () => {
    stopping.abort()
    await running
  })
  if (gatewayAlone && !stale) await capabilities.serving.start(url, { always: true })
  // Nobody waits for the gateway: pages and the API answer while it starts.
  else if (!stale)
    void capabilities.serving
      .start(url)
      .catch((error: unknown) =>
        logger.error({ err: error }, 'the gateway could not be started; predictions answer 503'),
      )
  return {
    url,
    get inferenceUrl() {
      return capabilities.serving.inferenceUrl()
    },
    loginUrl: async () => {
      if (!roles.has('api')) return ''
      const self = systemScope('default', 'start').principal
      const { secret } = await capabilities.access.createLoginLink(self, adminId)
      return `${url}/login#token=${secret}`
    },
  }
}

const joinAgainMs = 1000

/** Joins the database as soon as it is there; until then the gateway serves what it knew. */
async function joinLater(parts: Parts, url: string, signal: AbortSignal): Promise<void> {
  const { kernel, capabilities } = parts
  while (!signal.aborted) {
    try {
      await joinDatabase(parts)
      await capabilities.serving.start(url, { always: true })
      return
    } catch (error) {
      kernel.logger.warn({ err: error }, 'the gateway serves what it knew before: the database does not answer')
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, joinAgainMs)
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve(undefined)), { once: true })
      })
    }
  }
}
