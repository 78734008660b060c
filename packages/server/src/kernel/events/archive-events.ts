import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { addBlobRef } from '../blobs/index.ts'
import { defineErrors } from '../errors/index.ts'
import { urn } from '../ids/index.ts'
import type { Kernel } from '../kernel.ts'
import {
  archiveColumns,
  archivedTo,
  archivesOf,
  columnList,
  compareArchive,
  type EventArchiveTable,
} from './event-archive.ts'

const archiveErrors = defineErrors('EVENT_ARCHIVE', {
  DIFFERS: {
    status: 500,
    message: (project: string, month: string, why: string) =>
      `The events of ${project} in ${month} are not moved, because they are not as they were sealed: ${why} See trivium events verify.`,
  },
})

/**
 * Events that some part still looks up by name or subject: who decided, what a model was made from, which release stood where. They are archived like all and stay
 * in the table as well.
 */
export const stayingEvents = [
  'alert.opened',
  'alert.resolved',
  'dataset.version-added',
  'deployment.retired',
  'evaluation.finished',
  'inbox.assigned',
  'inbox.decided',
  'inbox.withdrawn',
  'model-version.registered',
  'model.alias-set',
  'monitor.degraded',
  'monitor.recovered',
  'pipeline-run.started',
  'release.activated',
  'release.rolled-back',
  'run.created',
  'run.finished',
  'subject.erased',
] as const

const jobKind = 'events.archive'
const everywhere = '*'
const dayMs = 86_400_000
const batchesAtOnce = 200
const rowsAtOnce = 2000
const deletedAtOnce = 2000

type Deps = Pick<Kernel, 'db' | 'clock' | 'blobs' | 'tables' | 'jobs' | 'config' | 'logger' | 'paths'>

/** Moves the events of past months into the object store. */
export interface EventArchive {
  /** Queues the next move, once a day; takes it back where everything is kept. */
  schedule(): Promise<void>
  /** Moves what is old enough now; returns how many events were written to archives. */
  run(signal?: AbortSignal): Promise<number>
}

export function createEventArchive(deps: Deps): EventArchive {
  const { db, jobs, clock, config, logger } = deps
  const run = async (signal?: AbortSignal): Promise<number> => {
    if (config.eventRetentionMonths === 0) return 0
    const before = monthBefore(clock(), config.eventRetentionMonths)
    let moved = 0
    for (const { project_id } of await db.read.selectFrom('event_chain').select('project_id').execute()) {
      try {
        moved += await archiveProject(deps, project_id, before, signal)
      } catch (error) {
        if (signal?.aborted) throw error
        // One project that is not as it was sealed holds up no other one.
        logger.error({ err: error, project: project_id }, 'events of past months could not be moved')
      }
    }
    return moved
  }
  const enqueue = (trx: Parameters<typeof jobs.enqueue>[0], notBefore: number): Promise<string | undefined> =>
    jobs.enqueue(trx, { project: everywhere, kind: jobKind, key: 'schedule', input: {}, notBefore })
  jobs.handle({
    kind: jobKind,
    concurrency: 1,
    background: true,
    handle: async (job) => {
      await run(job.signal)
      if (config.eventRetentionMonths > 0) await job.complete((trx) => enqueue(trx, clock() + dayMs))
    },
    onFailed: async (trx) => void (await enqueue(trx, clock() + dayMs)),
  })
  return {
    run,
    schedule: () =>
      db.write.transaction().execute(async (trx) => {
        if (config.eventRetentionMonths > 0) await enqueue(trx, clock())
        else await jobs.withdraw(trx, { project: everywhere, kind: jobKind, key: 'schedule' })
      }),
  }
}

interface Month {
  month: string
  first_batch: number
  last_batch: number
  first_seq: number
  last_seq: number
  first_at: number
  last_at: number
  events: number
}

async function archiveProject(deps: Deps, project: string, before: string, signal?: AbortSignal): Promise<number> {
  let moved = 0
  // What a run that was cut off has archived and left in the table.
  await removeArchived(deps, project)
  for (;;) {
    signal?.throwIfAborted()
    const month = await nextMonth(deps, project, before)
    if (!month) return moved
    await archiveMonth(deps, project, month)
    await removeArchived(deps, project)
    moved += month.events
  }
}

/** The oldest whole batches that are not archived and all of one month. A clock that was set back makes no new month: the number decides what is older. */
async function nextMonth({ db }: Deps, project: string, before: string): Promise<Month | undefined> {
  const archives = await archivesOf(db.read, project)
  const from = archivedTo(archives)
  const horizon = await consumedTo(db)
  let found: Month | undefined
  let latest = archives.at(-1)?.month ?? ''
  for (let [number, seq] = [from.batch, from.seq]; ; ) {
    const batches = await db.read
      .selectFrom('event_batch')
      .select(['number', 'first_seq', 'last_seq', 'events'])
      .where('project_id', '=', project)
      .where('number', '>', number)
      .where('last_seq', '<=', horizon)
      .orderBy('number')
      .limit(batchesAtOnce)
      .execute()
    const last = batches.at(-1)
    if (!last) return found
    const times = await db.read
      .selectFrom('event')
      .select(['seq', 'at'])
      .where('project_id', '=', project)
      .where('seq', '>', seq)
      .where('seq', '<=', last.last_seq)
      .orderBy('seq')
      .execute()
    let next = 0
    for (const batch of batches) {
      const ats: number[] = []
      for (; next < times.length && (times[next]?.seq ?? 0) <= batch.last_seq; next += 1) ats.push(times[next]?.at ?? 0)
      // Rows that are gone: `verify` tells of them, and nothing is moved past them.
      if (ats.length !== batch.events) return found
      const [first_at, last_at] = [Math.min(...ats), Math.max(...ats)]
      const month = [monthOf(last_at), latest].toSorted().at(-1) ?? ''
      if (month >= before || (found && found.month !== month)) return found
      latest = month
      found = found
        ? {
            ...found,
            last_batch: batch.number,
            last_seq: batch.last_seq,
            first_at: Math.min(found.first_at, first_at),
            last_at: Math.max(found.last_at, last_at),
            events: found.events + batch.events,
          }
        : { month, first_batch: batch.number, last_batch: batch.number, ...batch, first_at, last_at }
    }
    number = last.number
    seq = last.last_seq
  }
}

/** Nobody who follows the events has still to read what is moved. */
async function consumedTo(db: Deps['db']): Promise<number> {
  const [consumers, head] = await Promise.all([
    db.read.selectFrom('event_consumer').select('cursor').execute(),
    db.read.selectFrom('event_head').select('sealed_seq').executeTakeFirstOrThrow(),
  ])
  return Math.min(head.sealed_seq, ...consumers.map(({ cursor }) => cursor))
}

/** Writes the month, reads it back and compares it with what was sealed; only then it counts. */
async function archiveMonth(deps: Deps, project: string, { month, ...range }: Month): Promise<void> {
  const { db, blobs, tables, clock, paths } = deps
  const folder = await mkdtemp(join(paths.tmp, 'archive-'))
  try {
    const lines = join(folder, 'events.ndjson')
    await pipeline(Readable.from(linesOf(deps, project, range)), createWriteStream(lines, { mode: 0o600 }))
    const output = { path: join(folder, 'events.parquet'), format: 'parquet' as const }
    const written = await tables.write({
      sql: `select ${columnList} from events order by seq`,
      relations: { events: { format: 'ndjson', files: [lines], columns: [...archiveColumns] } },
      trusted: true,
      output,
    })
    const { digest, size } = await blobs.put(project, createReadStream(output.path))
    const { first_batch, last_batch, first_seq, last_seq, first_at, last_at } = range
    const archive: EventArchiveTable = {
      project_id: project,
      month,
      first_batch,
      last_batch,
      first_seq,
      last_seq,
      first_at,
      last_at,
      events: written.rows,
      blob: digest,
      bytes: size,
      archived_at: clock(),
    }
    const [problem] = await compareArchive({ ...deps, db: db.read }, archive)
    if (problem) throw archiveErrors.DIFFERS(project, month, problem.detail)
    await db.write.transaction().execute(async (trx) => {
      await trx.insertInto('event_archive').values(archive).execute()
      const owner = urn(project, 'event-archive', `${month}-${first_batch}`)
      await addBlobRef(trx, { project, digest, owner, size, at: clock() })
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* linesOf(
  { db }: Deps,
  project: string,
  { first_seq, last_seq }: Pick<Month, 'first_seq' | 'last_seq'>,
): AsyncGenerator<string> {
  for (let seq = first_seq - 1; ; ) {
    const rows = await db.read
      .selectFrom('event')
      .select(archiveColumns.map(({ name }) => name))
      .where('project_id', '=', project)
      .where('seq', '>', seq)
      .where('seq', '<=', last_seq)
      .orderBy('seq')
      .limit(rowsAtOnce)
      .execute()
    if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    if (rows.length < rowsAtOnce) return
    seq = rows.at(-1)?.seq ?? last_seq
  }
}

/** Takes out of the table what is in archives, a few thousand numbers at a time, so that nobody waits long for the writer. */
async function removeArchived({ db }: Deps, project: string): Promise<void> {
  const { seq: to } = archivedTo(await archivesOf(db.read, project))
  for (;;) {
    const rows = await db.read
      .selectFrom('event')
      .select('seq')
      .where('project_id', '=', project)
      .where('seq', '>', 0)
      .where('seq', '<=', to)
      .where('name', 'not in', [...stayingEvents])
      .orderBy('seq')
      .limit(deletedAtOnce)
      .execute()
    const [first, last] = [rows[0]?.seq, rows.at(-1)?.seq]
    if (first === undefined || first === null || last === undefined || last === null) return
    await db.write.transaction().execute((trx) =>
      trx
        .deleteFrom('event')
        .where('project_id', '=', project)
        .where('seq', '>=', first)
        .where('seq', '<=', last)
        .where('name', 'not in', [...stayingEvents])
        .execute(),
    )
  }
}

/** `2001-02` of a moment, UTC. */
const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7)

/** The first month that stays when so many whole ones before this one are kept. */
function monthBefore(now: number, months: number): string {
  const date = new Date(now)
  return monthOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1))
}
