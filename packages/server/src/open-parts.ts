import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removePlace } from './capabilities/pipelines/index.ts'
import { type Capabilities, composeCapabilities } from './compose.ts'
import { endLeftOver } from './drivers/python-runner/index.ts'
import { type Damage, instanceId } from './kernel/blobs/index.ts'
import { systemClock } from './kernel/clock/index.ts'
import { type Config, rolesOf } from './kernel/config/index.ts'
import { type Database, lockDataDirectory, migrate } from './kernel/db/index.ts'
import { sealBacklog } from './kernel/events/index.ts'
import { createKernel, type Kernel } from './kernel/kernel.ts'
import { createLogger } from './kernel/logging/index.ts'
import { migrations, oldestProgram } from './migrations/index.ts'
import { openDatabase, openDrivers, placeCopies, removeIncoming } from './open-drivers.ts'
import { programVersion } from './system-routes.ts'

/** The parts of a server, whatever its roles. */
export interface Parts {
  readonly kernel: Kernel
  readonly capabilities: Capabilities
}

/** Puts the parts together; of the database a gateway alone asks nothing yet. What closes them again is added to `closers`, the last first. */
export async function openParts(
  config: Config,
  closers: (() => unknown)[],
  leave: { readonly gateway: boolean },
): Promise<Parts> {
  const logger = createLogger({ level: config.logLevel })
  const lock = lockDataDirectory(config.data)
  closers.push(() => lock.release())
  await removeLeftovers(config.data)
  const db = await openDatabase(config, { durable: true })
  closers.push(() => db.close())
  if (!isGatewayAlone(config)) await prepareDatabase(db)
  const noted: { damage(damage: Damage): void } = {
    damage: (damage) => logger.error(damage, 'stored content is damaged and was not served'),
  }
  const drivers = openDrivers(config, { durable: true, onDamaged: (damage) => noted.damage(damage), db })
  const kernel = createKernel({ config, db, clock: systemClock, logger, ...drivers })
  closers.push(
    () => kernel.tracing.stop(),
    () => kernel.replicas.stop(),
    () => kernel.sequencer.stop(),
    () => kernel.places.close(),
    () => kernel.scorer.close(),
    () => kernel.tables.close(),
  )
  const capabilities = composeCapabilities(kernel)
  noted.damage = capabilities.storage.noteDamage
  closers.push(
    async () => {
      capabilities.outcomes.close()
      capabilities.monitoring.close()
      await capabilities.features.close()
    },
    () => kernel.replicas.commitOwn(),
    () => capabilities.serving.stop({ keepGateway: leave.gateway }),
  )
  return { kernel, capabilities }
}

/** Whether a server answers predictions and does nothing else. */
export function isGatewayAlone(config: Config): boolean {
  const roles = rolesOf(config)
  return roles.size === 1 && roles.has('gateway')
}

async function prepareDatabase(db: Database): Promise<void> {
  await migrate(db, migrations, oldestProgram)
  await sealBacklog(db)
}

/** Joins the servers of the database: its content is where we look, and the others hear of us. */
export async function joinDatabase({ kernel, capabilities }: Parts): Promise<void> {
  const { config, db, blobs, replicas, logger } = kernel
  if (isGatewayAlone(config)) await prepareDatabase(db)
  await blobs.own(await instanceId(db))
  await replicas.start(programVersion)
  await capabilities.features.recover().catch((error: unknown) => {
    logger.error({ err: error }, 'rows could not be brought into the online store; the next start tries again')
  })
  if (db.channel) capabilities.features.follow()
}

/** What a killed server left half-written; nobody else can be writing there, because the directory is ours. */
async function removeLeftovers(data: string): Promise<void> {
  await rm(join(data, 'tmp'), { recursive: true, force: true })
  endLeftOver(join(data, 'work'))
  await removePlace(join(data, 'work'))
  await removeIncoming(join(data, 'blobs'))
  await rm(join(placeCopies(data), '.incoming'), { recursive: true, force: true })
}
