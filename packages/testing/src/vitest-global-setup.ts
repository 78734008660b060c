import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migratedFileVariable } from './migrated-file.ts'
import { postgresBrokerVariable } from './postgres.ts'
import { uncontainedVariable } from './spawn-server.ts'
import { startPostgres } from './start-postgres.ts'
import { s3BrokerVariable, startS3 } from './start-s3.ts'

/**
 * Gives all test files of a run one Postgres and one S3 server. Each starts when the first test asks for it, so that a run
 * without such tests does not pay for it, and ends with the run.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  const closers = [
    await offer(postgresBrokerVariable, startPostgres, ({ url }) => url),
    await offer(s3BrokerVariable, startS3, (server) => JSON.stringify(server)),
  ]
  noteBoundary()
  const migrated = await mkdtemp(join(tmpdir(), 'trivium-migrated-'))
  process.env[migratedFileVariable] = migrated
  return async () => {
    await rm(migrated, { recursive: true, force: true })
    for (const close of closers) await close()
  }
}

/** Where the kernel cannot contain code of steps, test servers run it uncontained; what contains it is then left out, with the reason. */
function noteBoundary(): void {
  const python = join(import.meta.dirname, '../../../python')
  const probe = `import sys; sys.path.insert(0, ${JSON.stringify(python)}); from trivium_runner.sandbox import probe; probe()`
  const { stdout } = spawnSync('python3', ['-I', '-S', '-c', probe], { encoding: 'utf8' })
  if (!stdout?.includes('"contained": true')) process.env[uncontainedVariable] = '1'
}

/** Starts a server at the first request and answers with what clients need; the address of that is in the variable. */
async function offer<T extends { stop(): Promise<void> }>(
  variable: string,
  start: () => Promise<T>,
  describe: (server: T) => string,
): Promise<() => Promise<void>> {
  if (process.env[variable]) return async () => {}
  let started: Promise<T> | undefined
  const broker = createServer((_request, response) => {
    started ??= start()
    started.then(
      (server) => response.end(describe(server)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve))
  broker.unref()
  process.env[variable] = `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`
  return async () => {
    delete process.env[variable]
    broker.closeAllConnections()
    broker.close()
    const server = await started?.catch(() => undefined)
    await server?.stop()
  }
}
