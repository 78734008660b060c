import type { ContentOwners, EntityRef, StorageCollection, StorageOverview, StorageScrub } from '@trivium/contract'
import { blobErrors, type Damage } from '../../kernel/blobs/index.ts'
import type { Reader } from '../../kernel/db/index.ts'
import { newId, parseUrn } from '../../kernel/ids/index.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ContentLink } from '../../kernel/ports/index.ts'
import type { Principal, Scope } from '../../kernel/principal/index.ts'
import { collect, type Counts, noCounts } from './collect.ts'
import { storageErrors } from './errors.ts'
import { createScrubs } from './scrub.ts'
import type { StorageCollectionTable } from './tables.ts'

const useOfSpaceModule = new URL(
  `./use-of-space-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)
const jobKind = 'storage.collect'
/** Collections belong to no project. */
const everywhere = '*'
const linkSeconds = 3600
const hourMs = 3_600_000
/** Kinds of owners whose content is files that people made; rows of data have routes of their own. */
const linkedKinds: ReadonlySet<string> = new Set(['run', 'logged-model', 'pipeline-run'])

/** The object store as people see it: what uses space, what holds a content, collection, damage. */
export interface StorageView {
  overview(): Promise<StorageOverview>
  /** Queues a collection; refuses while one is under way. */
  collect(by: Principal, options: { dryRun: boolean }): Promise<StorageCollection>
  collection(id: string): Promise<StorageCollection>
  /** Who holds a content. Throws when nobody does and it is not stored. */
  owners(scope: Scope, digest: string): Promise<ContentOwners>
  /** A request that goes to the object store itself; throws BLOB.NO_LINKS where there is none. */
  link(scope: Scope, digest: string, write?: { size: number }): Promise<ContentLink>
  /** Remembers content that was found damaged, and says so in the log. */
  noteDamage(damage: Damage): void
  /** Queues a check of all content against its digest; refuses while one is under way. */
  scrub(by: Principal): Promise<StorageScrub>
  /** Queues the next collection and the next part of the check by schedule. */
  schedule(): Promise<void>
}

export function createStorage({
  db,
  clock,
  jobs,
  blobs,
  config,
  logger,
}: Pick<Kernel, 'db' | 'clock' | 'jobs' | 'blobs' | 'config' | 'logger'>): StorageView {
  const scrubs = createScrubs({ db, clock, jobs, blobs, config })
  const graceMs = config.storageGrace * hourMs

  const run = async (job: ClaimedJob<{ collection?: string; dryRun: boolean }>): Promise<void> => {
    const { dryRun } = job.input
    // The same in every attempt of one job.
    const id = job.input.collection ?? job.id.replace('job_', 'col_')
    const now = clock()
    const row: StorageCollectionTable = {
      id,
      state: 'running',
      dry_run: dryRun ? 1 : 0,
      by_id: 'system:storage',
      started_at: now,
      finished_at: null,
      error: null,
      counts: JSON.stringify(noCounts()),
    }
    await db.write.transaction().execute(async (trx) => {
      await trx
        .insertInto('storage_collection')
        .values(row)
        .onConflict((c) => c.column('id').doUpdateSet({ state: 'running', started_at: now }))
        .execute()
    })
    const note = (change: Partial<StorageCollectionTable>): Promise<unknown> =>
      db.write
        .transaction()
        .execute((trx) => trx.updateTable('storage_collection').set(change).where('id', '=', id).execute())
    const progress = async (counts: Counts): Promise<void> => void (await note({ counts: JSON.stringify(counts) }))
    const found = await collect({ read: db.read, blobs }, { now, graceMs, dryRun, signal: job.signal, progress })
    await job.complete(async (trx) => {
      await trx
        .updateTable('storage_collection')
        .set({ state: 'finished', finished_at: clock(), counts: JSON.stringify(found) })
        .where('id', '=', id)
        .execute()
      const older = await trx
        .selectFrom('storage_collection')
        .select('started_at')
        .orderBy('started_at', 'desc')
        .offset(100)
        .limit(1)
        .executeTakeFirst()
      if (older) await trx.deleteFrom('storage_collection').where('started_at', '<=', older.started_at).execute()
      if (job.input.collection === undefined) await enqueueNext(trx)
    })
  }
  const enqueueNext = (trx: Parameters<typeof jobs.enqueue>[0]): Promise<string | undefined> =>
    jobs.enqueue(trx, {
      project: everywhere,
      kind: jobKind,
      key: 'schedule',
      input: { dryRun: false },
      notBefore: clock() + config.storageCollect * hourMs,
    })
  jobs.handle({
    kind: jobKind,
    concurrency: 1,
    background: true,
    handle: run,
    onFailed: async (trx, job: { input: { collection?: string } }, error) => {
      await trx
        .updateTable('storage_collection')
        .set({ state: 'failed', finished_at: clock(), error })
        .where('state', 'in', ['queued', 'running'])
        .execute()
      if (job.input.collection === undefined && config.storageCollect > 0) await enqueueNext(trx)
    },
  })

  const requireCollection = async (reader: Reader, id: string): Promise<StorageCollection> => {
    const row = await reader.selectFrom('storage_collection').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw storageErrors.COLLECTION_NOT_FOUND(id)
    return presented(row)
  }
  const ownersOf = async (
    project: string,
    digest: string,
  ): Promise<(EntityRef & { since: number; size: number })[]> => {
    const rows = await db.read
      .selectFrom('blob_ref')
      .select(['owner', 'size', 'created_at'])
      .where('project_id', '=', project)
      .where('digest', '=', digest)
      .orderBy('created_at')
      .limit(1000)
      .execute()
    return rows.map(({ owner, size, created_at: since }) => ({ ...refOf(owner), size, since }))
  }

  return {
    overview: async () => {
      const bytes = await db.offload({
        module: useOfSpaceModule,
        name: 'useOfSpace',
        input: undefined,
      })
      const collections = await db.read
        .selectFrom('storage_collection')
        .selectAll()
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .limit(20)
        .execute()
      const damages = await db.read
        .selectFrom('storage_damage')
        .selectAll()
        .orderBy('last_at', 'desc')
        .limit(200)
        .execute()
      return {
        place: config.storageUrl || `${config.data}/blobs`,
        graceHours: config.storageGrace,
        everyHours: config.storageCollect,
        ...(JSON.parse(Buffer.from(bytes).toString()) as Pick<StorageOverview, 'use' | 'totals'>),
        collections: collections.map(presented),
        scrubDays: config.storageScrub,
        scrubs: await scrubs.list(db.read),
        damages: await Promise.all(
          damages.map(async ({ project_id: project, digest, why, first_at, last_at, times }) => ({
            project,
            digest,
            why,
            firstAt: first_at,
            lastAt: last_at,
            times,
            owners: (await ownersOf(project, digest)).slice(0, 20),
          })),
        ),
      }
    },
    collect: (by, { dryRun }) =>
      db.write.transaction().execute(async (trx) => {
        const open = await trx
          .selectFrom('storage_collection')
          .select('id')
          .where('state', 'in', ['queued', 'running'])
          .where('started_at', '>', clock() - 24 * hourMs)
          .executeTakeFirst()
        if (open) throw storageErrors.COLLECTING(open.id)
        const row: StorageCollectionTable = {
          id: newId('col'),
          state: 'queued',
          dry_run: dryRun ? 1 : 0,
          by_id: by.id,
          started_at: clock(),
          finished_at: null,
          error: null,
          counts: JSON.stringify(noCounts()),
        }
        await trx.insertInto('storage_collection').values(row).execute()
        await jobs.enqueue(trx, { project: everywhere, kind: jobKind, input: { collection: row.id, dryRun } })
        return presented(row)
      }),
    scrub: scrubs.begin,
    collection: (id) => requireCollection(db.read, id),
    owners: async ({ project }, digest) => {
      const [owners, stored] = await Promise.all([ownersOf(project, digest), blobs.has(project, digest)])
      if (owners.length === 0 && !stored) throw storageErrors.CONTENT_NOT_FOUND(digest)
      const size = Math.max(0, ...owners.map((owner) => owner.size))
      return {
        digest,
        stored,
        size: size > 0 ? size : null,
        owners: owners.map(({ size: _size, ...owner }) => owner),
      }
    },
    link: async ({ project }, digest, write) => {
      if (!write && !(await ownersOf(project, digest)).some(({ kind }) => linkedKinds.has(kind)))
        throw storageErrors.CONTENT_NOT_FOUND(digest)
      const link = await blobs.link(project, digest, { ...(write ? { write } : {}), seconds: linkSeconds })
      if (!link) throw blobErrors.NO_LINKS()
      return link
    },
    noteDamage: (damage) => {
      logger.error(damage, 'stored content is damaged and was not served')
      const { project, digest, why } = damage
      const at = clock()
      void db.write
        .transaction()
        .execute((trx) =>
          trx
            .insertInto('storage_damage')
            .values({ project_id: project, digest, why, first_at: at, last_at: at, times: 1 })
            .onConflict((c) =>
              c
                .columns(['project_id', 'digest'])
                .doUpdateSet((e) => ({ why, last_at: at, times: e('storage_damage.times', '+', 1) })),
            )
            .execute(),
        )
        .catch((error: unknown) => logger.error({ err: error, ...damage }, 'damaged content could not be noted'))
    },
    schedule: async () => {
      await scrubs.schedule()
      if (config.storageCollect > 0) await db.write.transaction().execute(enqueueNext)
      else
        await db.write
          .transaction()
          .execute((trx) => jobs.withdraw(trx, { project: everywhere, kind: jobKind, key: 'schedule' }))
    },
  }
}

function presented(row: StorageCollectionTable): StorageCollection {
  return {
    id: row.id,
    state: row.state,
    dryRun: row.dry_run === 1,
    by: row.by_id,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    error: row.error,
    ...(JSON.parse(row.counts) as Counts),
  }
}

function refOf(owner: string): EntityRef {
  const parts = parseUrn(owner)
  if (!parts) return { urn: owner, kind: 'unknown', name: owner }
  return {
    urn: owner,
    kind: parts.kind,
    name: parts.id,
    ...(parts.version === undefined ? {} : { version: parts.version }),
  }
}
