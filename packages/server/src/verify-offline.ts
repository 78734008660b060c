import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ChainReport } from '@trivium/contract'
import { systemClock } from './kernel/clock/index.ts'
import type { Config } from './kernel/config/index.ts'
import { lockDataDirectory } from './kernel/db/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import { createCheckpoints, openSigningKey, verifyProject } from './kernel/events/index.ts'
import { createLogger } from './kernel/logging/index.ts'
import { openDatabase, openDrivers } from './open-drivers.ts'
import './capabilities/access/index.ts'

export const offlineErrors = defineErrors('OFFLINE', {
  NOTHING_TO_VERIFY: {
    status: 404,
    message: (path: string) =>
      `${path} holds no sealed events: there is no ${path.endsWith('.pem') ? 'signing key' : 'database'}. Name the data directory of a server that ran at least once.`,
  },
})

/**
 * Verifies the chains on the data directory of a server that is stopped, with the database, object store and second place that the configuration names. Asks
 * nobody for permission: whoever can read the files could read the events as well.
 */
export async function verifyOffline(config: Config, project?: string): Promise<ChainReport[]> {
  const database = join(config.data, 'trivium.sqlite')
  if (config.databaseUrl === '' && !existsSync(database)) throw offlineErrors.NOTHING_TO_VERIFY(database)
  const keyFile = join(config.data, 'signing-key.pem')
  if (config.signingKey === '' && !existsSync(keyFile)) throw offlineErrors.NOTHING_TO_VERIFY(keyFile)
  const lock = lockDataDirectory(config.data)
  try {
    const db = await openDatabase(config, { durable: true })
    const drivers = openDrivers(config, { durable: true })
    try {
      const checkpoints = createCheckpoints({
        db,
        clock: systemClock,
        blobs: drivers.blobs,
        logger: createLogger({ level: 'silent' }),
        key: openSigningKey({ pem: config.signingKey, dataDirectory: config.data }),
        dataDirectory: config.data,
        secondPlace: config.checkpointDirectory,
      })
      const chains = await db.read.selectFrom('event_chain').select('project_id as name').execute()
      const known = await db.read.selectFrom('project').select('id as name').execute()
      // A chain that is gone from the database altogether has left its files.
      const names = new Set([...chains, ...known].map(({ name }) => name).concat(signedProjects(config)))
      const reports: ChainReport[] = []
      for (const name of project === undefined ? [...names].toSorted() : [project])
        reports.push(await verifyProject({ db, checkpoints, ...drivers }, name))
      return reports
    } finally {
      await drivers.tables.close()
      await drivers.scorer.close()
      await db.close()
    }
  } finally {
    lock.release()
  }
}

/** Projects that have a checkpoint outside of the database. */
function signedProjects({ data, checkpointDirectory }: Config): string[] {
  const list = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])
  return [
    ...list(join(data, 'checkpoints')).map((name) => name.replace(/\.json$/, '')),
    ...(checkpointDirectory === '' ? [] : list(checkpointDirectory)),
  ].filter((name) => /^[a-z0-9][a-z0-9-]*$/.test(name))
}
