import type { StorageScrub } from '@trivium/contract'
import type { Reader, Trx } from '../../kernel/db/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import { storageErrors } from './errors.ts'
import type { StorageScrubTable } from './tables.ts'

const jobKind = 'storage.scrub'
const everywhere = '*'
const system = 'system:storage'
/** A scheduled round is done in so many shares, by the first byte of the digest. */
const shares = 256
const dayMs = 86_400_000
const noteEvery = 100

/** Reads all content and compares it with its digest: what is damaged is known before somebody needs it. */
export interface Scrubs {
  /** Queues a check of everything; refuses while one is under way. */
  begin(by: Principal): Promise<StorageScrub>
  /** The last ones, newest first. */
  list(reader: Reader): Promise<StorageScrub[]>
  schedule(): Promise<void>
}

export function createScrubs({
  db,
  clock,
  jobs,
  blobs,
  config,
}: Pick<Kernel, 'db' | 'clock' | 'jobs' | 'blobs' | 'config'>): Scrubs {
  const write = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.write.transaction().execute(work)

  /** Reads one content whole. What is gone meanwhile was collected; a store that cannot be reached ends the check, which is tried again. */
  const look = async (
    project: string,
    digest: string,
    found: Pick<StorageScrubTable, 'contents' | 'bytes' | 'damaged'>,
    known: ReadonlySet<string>,
  ): Promise<void> => {
    try {
      const { stream, size } = await blobs.open(project, digest)
      for await (const _piece of stream);
      found.contents += 1
      found.bytes += size
    } catch (error) {
      const { code } = error as { code?: string }
      // A place of one project that does not work hinders the check of no other.
      if (code === 'BLOB.NOT_FOUND' || code === 'BLOB.PLACE_FAILED') return
      if (code !== 'BLOB.DAMAGED') throw error
      found.contents += 1
      found.damaged += 1
      return
    }
    // It was stored again, or came back from a backup.
    if (known.has(`${project} ${digest}`))
      await write((trx) =>
        trx.deleteFrom('storage_damage').where('project_id', '=', project).where('digest', '=', digest).execute(),
      )
  }

  const run = async (job: ClaimedJob<{ scrub?: string }>): Promise<void> => {
    const row = await openRound(job.input.scrub)
    const whole = job.input.scrub !== undefined
    const found = whole
      ? { contents: 0, bytes: 0, damaged: 0 }
      : { contents: row.contents, bytes: row.bytes, damaged: row.damaged }
    const prefix = whole ? '' : row.share.toString(16).padStart(2, '0')
    const damages = await db.read.selectFrom('storage_damage').select(['project_id', 'digest']).execute()
    const known = new Set(damages.map((one) => `${one.project_id} ${one.digest}`))
    let looked = 0
    for await (const { project, digest } of blobs.list()) {
      job.signal.throwIfAborted()
      if (!digest.startsWith(prefix)) continue
      await look(project, digest, found, known)
      looked += 1
      if (whole && looked % noteEvery === 0)
        await write((trx) => trx.updateTable('storage_scrub').set(found).where('id', '=', row.id).execute())
    }
    const share = whole ? shares : row.share + 1
    const end = share >= shares ? { state: 'finished' as const, finished_at: clock() } : {}
    await job.complete(async (trx) => {
      await trx
        .updateTable('storage_scrub')
        .set({ ...found, ...end, share })
        .where('id', '=', row.id)
        .execute()
      if (!whole) await enqueueNext(trx)
    })
  }

  /** The round that somebody asked for, or the one of the schedule that is under way, else a new one. */
  const openRound = (id: string | undefined): Promise<StorageScrubTable> =>
    write(async (trx) => {
      const known = await trx
        .selectFrom('storage_scrub')
        .selectAll()
        .where((e) =>
          id === undefined ? e.and([e('by_id', '=', system), e('state', '=', 'running')]) : e('id', '=', id),
        )
        .executeTakeFirst()
      if (known) {
        await trx.updateTable('storage_scrub').set({ state: 'running' }).where('id', '=', known.id).execute()
        return known
      }
      const row = { ...newRound(system), state: 'running' as const }
      await trx.insertInto('storage_scrub').values(row).execute()
      await dropOld(trx)
      return row
    })
  const newRound = (by: string): StorageScrubTable => ({
    id: newId('scr'),
    state: 'queued',
    by_id: by,
    started_at: clock(),
    finished_at: null,
    error: null,
    share: 0,
    contents: 0,
    bytes: 0,
    damaged: 0,
  })
  const enqueueNext = async (trx: Trx): Promise<void> => {
    if (config.storageScrub === 0) return
    const notBefore = clock() + Math.floor((config.storageScrub * dayMs) / shares)
    await jobs.enqueue(trx, { project: everywhere, kind: jobKind, key: 'schedule', input: {}, notBefore })
  }
  jobs.handle({
    kind: jobKind,
    concurrency: 1,
    background: true,
    handle: run,
    onFailed: async (trx, job: { input: { scrub?: string } }, error) => {
      const { scrub } = job.input
      if (scrub === undefined) return enqueueNext(trx)
      await trx
        .updateTable('storage_scrub')
        .set({ state: 'failed', finished_at: clock(), error })
        .where('id', '=', scrub)
        .execute()
    },
  })

  return {
    begin: (by) =>
      write(async (trx) => {
        const open = await trx
          .selectFrom('storage_scrub')
          .select('id')
          .where('by_id', '<>', system)
          .where('state', 'in', ['queued', 'running'])
          .executeTakeFirst()
        if (open) throw storageErrors.SCRUBBING(open.id)
        const row = newRound(by.id)
        await trx.insertInto('storage_scrub').values(row).execute()
        await jobs.enqueue(trx, { project: everywhere, kind: jobKind, input: { scrub: row.id } })
        return presented(row)
      }),
    list: async (reader) =>
      (
        await reader
          .selectFrom('storage_scrub')
          .selectAll()
          .orderBy('started_at', 'desc')
          .orderBy('id', 'desc')
          .limit(10)
          .execute()
      ).map(presented),
    schedule: () =>
      write(async (trx) => {
        if (config.storageScrub > 0) await enqueueNext(trx)
        else await jobs.withdraw(trx, { project: everywhere, kind: jobKind, key: 'schedule' })
      }),
  }
}

/** The last hundred stay. */
async function dropOld(trx: Trx): Promise<void> {
  const older = await trx
    .selectFrom('storage_scrub')
    .select('started_at')
    .orderBy('started_at', 'desc')
    .offset(100)
    .limit(1)
    .executeTakeFirst()
  if (older) await trx.deleteFrom('storage_scrub').where('started_at', '<=', older.started_at).execute()
}

const presented = (row: StorageScrubTable): StorageScrub => ({
  id: row.id,
  state: row.state,
  by: row.by_id,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  error: row.error,
  part: row.share / shares,
  contents: row.contents,
  bytes: row.bytes,
  damaged: row.damaged,
})
