import { composeCapabilities, composeHttp } from './compose.ts'
import { systemClock } from './kernel/clock/index.ts'
import type { Config } from './kernel/config/index.ts'
import { lockDataDirectory, migrate } from './kernel/db/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import { createKernel } from './kernel/kernel.ts'
import { createLogger } from './kernel/logging/index.ts'
import { migrations } from './migrations/index.ts'
import { openDatabase, openDrivers } from './open-drivers.ts'

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
  readonly inferenceUrl: string
  /** A fresh one-time link for the first administrator. */
  loginUrl(): Promise<string>
  /** Drains: no new requests, running ones finish, jobs are given back. */
  stop(): Promise<void>
}

/** Composition root: config, drivers, capabilities, protocols, listen. */
export async function startServer(config: Config): Promise<RunningServer> {
  const logger = createLogger({ level: config.logLevel })
  const lock = lockDataDirectory(config.data)
  const db = await openDatabase(config, { durable: true })
  await migrate(db, migrations)
  const kernel = createKernel({ config, db, clock: systemClock, logger, ...openDrivers(config, { durable: true }) })
  const capabilities = composeCapabilities(kernel)
  const { token } = await capabilities.access.bootstrap({ adminToken: config.adminToken, dataDirectory: config.data })
  const hosts = new Set([
    'localhost',
    '127.0.0.1',
    '[::1]',
    ...(config.allowRemote ? [config.host] : []),
    ...(config.publicUrl ? [new URL(config.publicUrl).hostname] : []),
  ])
  const app = composeHttp(kernel, capabilities, { allowedHosts: () => hosts })
  kernel.consumers.start()
  kernel.jobs.start()
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw serverErrors.PORT_IN_USE(config.port)
    throw error
  }
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  const url =
    config.publicUrl ||
    `http://${config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host}:${port}`
  return {
    url,
    inferenceUrl: url,
    loginUrl: async () => {
      const admin = await db.read
        .selectFrom('principal')
        .select('id')
        .where('is_instance_admin', '=', 1)
        .orderBy('created_at')
        .executeTakeFirstOrThrow()
      const found = await capabilities.access.authenticate({ authorization: `Bearer ${token}` })
      const { secret } = await capabilities.access.createLoginLink(
        found?.principal ?? { id: admin.id, kind: 'system', name: 'system', grants: new Map(), homeProject: 'default' },
        admin.id,
      )
      return `${url}/login#token=${secret}`
    },
    stop: async () => {
      await app.close()
      await kernel.jobs.stop()
      await kernel.consumers.stop()
      await kernel.sequencer.stop()
      await kernel.tables.close()
      await kernel.scorer.close()
      await db.close()
      lock.release()
    },
  }
}
