import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { postgresBrokerVariable } from './postgres.ts'
import { type PostgresServer, startPostgres } from './start-postgres.ts'

/**
 * Gives all test files of a run one Postgres server. It starts when the first test asks for it, so that a run without
 * database tests does not pay for it, and ends with the run.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[postgresBrokerVariable]) return undefined
  let started: Promise<PostgresServer> | undefined
  const broker = createServer((_request, response) => {
    started ??= startPostgres()
    started.then(
      (server) => response.end(server.url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve))
  broker.unref()
  process.env[postgresBrokerVariable] = `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`
  return async () => {
    delete process.env[postgresBrokerVariable]
    broker.closeAllConnections()
    broker.close()
    const server = await started?.catch(() => undefined)
    await server?.stop()
  }
}
