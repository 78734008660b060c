import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, createWatermark, type Watermark } from './clock/index.ts'
import { type Config, inheritedEnvironment } from './config/index.ts'
import { isReferred } from './blobs/index.ts'
import type { Database } from './db/index.ts'
import {
  type Consumers,
  createConsumers,
  createEventLog,
  createVolatileChannel,
  createCheckpoints,
  createEventArchive,
  type EventArchive,
  type Checkpoints,
  type EventLog,
  type NewEvent,
  openSigningKey,
  type SigningKey,
  type Sequencer,
  startSequencer,
  type VolatileChannel,
} from './events/index.ts'
import { createJobs, type Jobs } from './jobs/index.ts'
import {
  type Allowances,
  type ConnectionUses,
  createAllowances,
  createConnectionUses,
  createEgress,
  type Egress,
  noteBlobUse,
} from './egress/index.ts'
import type { Logger } from './logging/index.ts'
import { createLeader, createReplicas, type Leader, type Replicas } from './replicas/index.ts'
import { createSubjects, sealedRoots, type Subjects } from './subjects/index.ts'
import { createSealedRows, createVault, type KeyRing, openKeyRing, type SealedRows, type Vault } from './vault/index.ts'
import {
  collectKernel,
  createMetrics,
  type Metrics,
  openTracing,
  traceScorer,
  traceTables,
  type Tracing,
} from './telemetry/index.ts'
import { createPlacedBlobs, createPlacedIndex, createPlaces, type PlaceDrivers, type Places } from './places/index.ts'
import type { BatchScorer, BlobStore, TableEngine } from './ports/index.ts'

/** What every capability is built from. Functions take the parts that they need: `Pick<Kernel, 'db' | 'clock' | 'events'>`. */
export interface Kernel {
  readonly config: Config
  readonly db: Database
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Spans of this process; off unless otlpEndpoint is set. */
  readonly tracing: Tracing
  readonly events: EventLog
  readonly sequencer: Sequencer
  /** Signed words about the chains of the events, outside of the database. */
  readonly checkpoints: Checkpoints
  /** Moves the events of past months into the object store. */
  readonly eventArchive: EventArchive
  /** The instance's Ed25519 key. */
  readonly signingKey: SigningKey
  readonly consumers: Consumers
  readonly volatile: VolatileChannel
  readonly jobs: Jobs
  /** The servers of this database. */
  readonly replicas: Replicas
  /** Who of them does what is done once for all. */
  readonly leader: Leader
  readonly watermark: Watermark
  /** The one way out of the server. */
  readonly egress: Egress
  /** Internal addresses that administrators have allowed it. */
  readonly allowances: Allowances
  /** When each connection last worked and last failed. */
  readonly connectionUses: ConnectionUses
  readonly vault: Vault
  /** The keys that the vault wraps with. */
  readonly vaultKeys: KeyRing
  /** What the vault has sealed in the database. */
  readonly sealedRows: SealedRows
  /** Keys of the people that rows are about. */
  readonly subjects: Subjects
  /** Content, wherever its project keeps it. */
  readonly blobs: BlobStore
  /** The instance's own store: what is not of a project, and what must be there when nothing else is. */
  readonly ownBlobs: BlobStore
  /** Where projects keep content that is not in the own store. */
  readonly places: Places
  readonly tables: TableEngine
  /** Runs models over tables and reads the signatures of model files, in a process of its own. */
  readonly scorer: BatchScorer
  readonly paths: { readonly data: string; readonly ledgers: string; readonly tmp: string; readonly gateway: string }
}

/** Puts the kernel together from its drivers; starts nothing but the sequencer. */
export function createKernel(parts: {
  config: Config
  db: Database
  clock: Clock
  logger: Logger
  /** The instance's own store. */
  blobs: BlobStore
  /** Kinds of places, and what they need of this machine. */
  placing: Omit<Parameters<typeof createPlacedBlobs>[0], 'own' | 'places' | 'index' | 'isReferred'> & {
    drivers: PlaceDrivers
  }
  tables: TableEngine
  scorer: BatchScorer
  /** Throws for an event that breaks its public schema; tests give it. */
  checkEvent?: (event: NewEvent) => void
}): Kernel {
  const { config, db, clock, logger } = parts
  const allowances = createAllowances(parts)
  const connectionUses = createConnectionUses(parts)
  const egress = createEgress({
    allow: config.egressAllow,
    allowances: allowances.of,
    observe: ({ connection, host, ...use }) =>
      connectionUses.note(
        connection === 'webhooks' || connection === 'content-places' ? `${connection}@${host}` : connection,
        use,
      ),
  })
  const ownBlobs = config.storageUrl.startsWith('s3:')
    ? noteBlobUse(parts.blobs, (failure) => connectionUses.note('object-store', { failure }))
    : parts.blobs
  const tracing = openTracing({
    egress,
    logger,
    settings: { endpoint: config.otlpEndpoint, headers: config.otlpHeaders },
    process: 'main',
  })
  const events = createEventLog({ db, clock, check: parts.checkEvent })
  const replicas = createReplicas({ db, clock, logger, config })
  const leader = createLeader({ db, id: replicas.id, leaseMs: config.leaseMs })
  const others = () => replicas.others().length > 0
  // Any server that answers or works may number, since the lock is the transaction's: a gateway alone has no need to.
  const numbers = replicas.roles.has('api') || replicas.roles.has('engine')
  const sequencer = startSequencer({ db, numbers, others })
  const signingKey = openSigningKey({ pem: config.signingKey, dataDirectory: config.data })
  const checkpoints = createCheckpoints({
    db,
    clock,
    blobs: ownBlobs,
    logger,
    key: signingKey,
    dataDirectory: config.data,
    secondPlace: config.checkpointDirectory,
    leads: leader.leads,
  })
  const consumers = createConsumers({ db, events, sequencer, clock, logger })
  const jobs = createJobs({
    db,
    clock,
    logger,
    leaseMs: config.leaseMs,
    tracer: tracing.tracer,
    // SQLite belongs to the one server that holds the data directory.
    alone: db.dialect === 'sqlite',
    worker: replicas.id,
    leaseClock: replicas.now,
    others,
  })
  const watermark = createWatermark({ db, clock, events, sequencer })
  watermark.addBlocker(async () => consumers.lagging(await events.head(db.read)))
  watermark.addBlocker(async (project) =>
    (await jobs.active(db.read, project)).map(({ kind, count }) => `${count} ${kind} ${count === 1 ? 'job' : 'jobs'}`),
  )
  // What other servers hold in their ledgers belongs to what has happened.
  watermark.addBlocker(replicas.flushOthers)
  const paths = {
    data: config.data,
    ledgers: join(config.data, 'ledgers'),
    tmp: join(config.data, 'tmp'),
    gateway: join(config.data, 'gateway'),
  }
  for (const path of Object.values(paths)) mkdirSync(path, { recursive: true, mode: 0o700 })
  const metrics = createMetrics({ logger })
  const vaultKeys = openKeyRing({
    setting: config.vaultKey,
    commands: config.vaultCommand,
    data: config.data,
    env: inheritedEnvironment(),
  })
  const vault = createVault(vaultKeys)
  const sealedRows = createSealedRows({ db, ring: vaultKeys, vault })
  sealedRows.add(sealedRoots)
  const { drivers, ...placing } = parts.placing
  const places = createPlaces({ db, vault, egress, drivers })
  const index = createPlacedIndex({ db, clock })
  const blobs = createPlacedBlobs({
    ...placing,
    own: ownBlobs,
    places,
    index,
    isReferred: (project, digest) => isReferred(db.read, project, digest),
    onUse: ({ address, failure }) => connectionUses.note(`content-places@${new URL(address).host}`, { failure }),
  })
  const kernel: Kernel = {
    ...parts,
    blobs,
    ownBlobs,
    places,
    tables: traceTables(parts.tables, tracing.tracer),
    scorer: traceScorer(parts.scorer, tracing.tracer),
    tracing,
    metrics,
    events,
    sequencer,
    checkpoints,
    eventArchive: createEventArchive({ ...parts, blobs: ownBlobs, jobs, paths }),
    signingKey,
    consumers,
    volatile: createVolatileChannel({ channel: db.channel, others }),
    jobs,
    replicas,
    leader,
    watermark,
    egress,
    allowances,
    connectionUses,
    vault,
    vaultKeys,
    sealedRows,
    subjects: createSubjects({ db, clock, events, vault }),
    paths,
  }
  collectKernel(kernel)
  return kernel
}
