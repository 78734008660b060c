import { sql } from 'kysely'
import type { Clock } from '../clock/clock.ts'
import type { Database, Reader, Trx } from '../db/index.ts'
import { newId } from '../ids/index.ts'
import type { Logger } from '../logging/index.ts'
import { noTracer, readTraceparent, type Tracer, traceparent } from '../telemetry/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    job: JobTable
  }
}

export interface JobTable {
  id: string
  project_id: string
  kind: string
  /** Unique while the job is queued or running: enqueueing the same key again is the same job. */
  key: string | null
  /** JSON of {@link Again}: its key was enqueued since it was claimed, so that it is done once more when it ends. */
  again: string | null
  input: string
  state: 'queued' | 'running' | 'finished' | 'failed'
  /** The smaller comes first; 0 for jobs without priority. */
  rank: number
  attempt: number
  max_attempts: number
  not_before: number
  fence: number
  lease_until: number | null
  worker: string | null
  error: string | null
  created_at: number
  finished_at: number | null
  /** The span in which it was queued. */
  traceparent: string | null
}

/** One claimed job. `fence` grows with every claim: a write that a job makes at its end goes through `complete`, which refuses a stale holder. */
export interface ClaimedJob<Input = unknown> {
  readonly id: string
  readonly project: string
  readonly kind: string
  readonly input: Input
  readonly attempt: number
  readonly fence: number
  /** Aborts when the lease was lost or the server stops. */
  readonly signal: AbortSignal
  /** Runs `work` in the transaction that marks the job finished; throws when another worker holds it by now. Without a call the job is finished when the handler returns. */
  complete<T>(work: (trx: Trx) => Promise<T>): Promise<T>
}

export interface NewJob {
  project: string
  kind: string
  input: unknown
  key?: string
  maxAttempts?: number
  notBefore?: number
  /** Of the due jobs those with the greatest priority begin first. Default 0. */
  priority?: number
}

export interface JobHandler {
  readonly kind: string
  /** How many of this kind may run at once in one process. */
  readonly concurrency: number
  readonly handle: (job: ClaimedJob<any>) => Promise<void>
  /** Nothing waits for jobs of this kind: they do not hold up event time. */
  readonly background?: boolean
  /** Projects that may not begin another one now; theirs wait in the queue and the next project's go first. */
  readonly fullProjects?: (running: ReadonlyMap<string, number>) => Promise<readonly string[]>
  /** Called in the transaction that gives up after the last attempt. */
  readonly onFailed?: (trx: Trx, job: { id: string; project: string; input: any }, error: string) => Promise<void>
}

/** What the last one who enqueued a running key asked for. */
interface Again {
  readonly input: unknown
  readonly maxAttempts: number
  readonly notBefore: number
  readonly priority: number
}

/** Durable work with lease and fence: at least once, finished once. */
export interface Jobs {
  /**
   * Queues a job and returns its id; undefined when a job of the same key is open. One that waits is enough, because it has not looked at anything yet; one that
   * runs is followed by another of the same key and the newest input, so that no wake-up is lost.
   */
  enqueue(trx: Trx, job: NewJob): Promise<string | undefined>
  /** Takes back the job of a key that waits and need not be done any more. One that runs goes on. */
  withdraw(trx: Trx, job: Pick<NewJob, 'project' | 'kind'> & { key: string }): Promise<void>
  /** Gives the jobs of these keys that wait another priority. */
  prioritize(
    trx: Trx,
    jobs: Pick<NewJob, 'project' | 'kind'> & { keys: readonly string[] },
    priority: number,
  ): Promise<void>
  handle(handler: JobHandler): void
  /** Jobs of a project that are queued and due, or running; those of the background are left out. */
  active(db: Reader, project: string): Promise<{ kind: string; count: number }[]>
  /** The same of all projects, with those of the background. */
  activeByProject(db: Reader): Promise<{ project: string; kind: string; count: number }[]>
  /** When the oldest job that could run by now became due, milliseconds UTC; undefined when none waits. */
  oldestDue(db: Reader): Promise<number | undefined>
  start(): void
  /** Stops claiming, aborts what runs and gives it back; a handler that does not end within five seconds is left alone. */
  stop(): Promise<void>
}

class LeaseLost extends Error {}

/** How many times more than it may fail a job may lose its worker, before it is taken to be what kills it. */
const mostLostWorkers = 20
/** Servers whose clocks are further apart than this have one that was stepped. */
const clockStepMs = 60_000

export function createJobs({
  db,
  clock,
  logger,
  leaseMs = 30_000,
  pollMs = 250,
  alone = false,
  worker = newId('wrk'),
  leaseClock = clock,
  others = () => false,
  stopGraceMs = 5000,
  tracer = noTracer,
}: {
  db: Database
  clock: Clock
  logger: Logger
  leaseMs?: number
  pollMs?: number
  /** No other process works on this database: what is found running at the start was left by one that was killed, and is free at once. */
  alone?: boolean
  /** Who claims. What a process of the same name has left is free at once too. */
  worker?: string
  /** The clock of leases: of several machines the same. */
  leaseClock?: Clock
  /** Whether other servers of this database wait for work. */
  others?: () => boolean
  /** How long a stop waits for a handler that does not listen. Default 5 s. */
  stopGraceMs?: number
  /** Makes each job a span. */
  tracer?: Tracer
}): Jobs {
  const handlers = new Map<string, JobHandler>()
  const running = new Map<string, { kind: string; fence: number; abort: AbortController; done: Promise<void> }>()
  /** Whether the transaction that has just been committed queued something: of Postgres each by itself, of SQLite's shared commit any. */
  const queuedIn = new WeakSet<Trx>()
  let queued = false
  let stopped = true
  let timer: NodeJS.Timeout | undefined
  let stopListening = (): void => {}
  let claiming: Promise<void> | undefined
  let claimAgain = false

  const freeKinds = () =>
    [...handlers.values()]
      .filter((h) => [...running.values()].filter((r) => r.kind === h.kind).length < h.concurrency)
      .map((h) => h.kind)

  /** By kind, the projects that may not begin another one. */
  async function fullOf(kinds: readonly string[]): Promise<{ kind: string; projects: readonly string[] }[]> {
    const found: { kind: string; projects: readonly string[] }[] = []
    for (const kind of kinds) {
      const ask = handlers.get(kind)?.fullProjects
      if (!ask) continue
      const rows = await db.read
        .selectFrom('job')
        .select(['project_id', (e) => e.fn.countAll().as('count')])
        .where('kind', '=', kind)
        .where('state', '=', 'running')
        .groupBy('project_id')
        .execute()
      const projects = await ask(new Map(rows.map((row) => [row.project_id, Number(row.count)])))
      if (projects.length > 0) found.push({ kind, projects })
    }
    return found
  }

  /** True while there may be more to claim. */
  async function claim(): Promise<boolean> {
    const kinds = freeKinds()
    if (kinds.length === 0 || stopped) return false
    const now = clock()
    const leaseNow = leaseClock()
    const own = [...running.keys()]
    const full = await fullOf(kinds)
    // A cheap look first: an idle poll must not take the writer.
    const due = await db.read
      .selectFrom('job')
      .select('id')
      .where('kind', 'in', kinds)
      .$call((q) =>
        full.reduce(
          (query, { kind, projects }) =>
            query.where((e) =>
              e.or([e('kind', '!=', kind), e('state', '=', 'running'), e('project_id', 'not in', projects)]),
            ),
          q,
        ),
      )
      // Our own are renewed, however late: a main thread that was held up does not take its work twice.
      .$if(own.length > 0, (q) => q.where('id', 'not in', own))
      .where((e) =>
        e.or([
          e.and([e('state', '=', 'queued'), e('not_before', '<=', now)]),
          // Was due when it was queued, by a clock that was put back since.
          e.and([
            e('state', '=', 'queued'),
            e('created_at', '>', now + clockStepMs),
            e('not_before', '<=', e.ref('created_at')),
          ]),
          e.and([e('state', '=', 'running'), e('lease_until', '<', leaseNow)]),
        ]),
      )
      .orderBy('rank')
      .orderBy('not_before')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    if (!due) return false
    const row = await db.write.transaction().execute((trx) =>
      trx
        .updateTable('job')
        .set({
          state: 'running',
          worker,
          lease_until: leaseNow + leaseMs,
          fence: sql<number>`fence + 1`,
          attempt: sql<number>`attempt + 1`,
          // It sees all that was committed before this.
          again: null,
        })
        .where('id', '=', due.id)
        .where((e) =>
          e.or([e('state', '=', 'queued'), e.and([e('state', '=', 'running'), e('lease_until', '<', leaseNow)])]),
        )
        .returningAll()
        .executeTakeFirst(),
    )
    // Without a row another worker was faster; the next look finds the next job.
    if (row && row.attempt > row.max_attempts + mostLostWorkers)
      await failed({ ...row, attempt: row.max_attempts }, new Error(`Its worker was lost ${row.attempt - 1} times.`))
    else if (row) begin(row)
    return true
  }

  function begin(row: JobTable): void {
    const abort = new AbortController()
    const renew = setInterval(() => {
      void db.write
        .transaction()
        .execute((trx) =>
          trx
            .updateTable('job')
            .set({ lease_until: leaseClock() + leaseMs })
            .where('id', '=', row.id)
            .where('fence', '=', row.fence)
            .executeTakeFirst(),
        )
        .then(
          ({ numUpdatedRows }) => numUpdatedRows === 0n && abort.abort(new LeaseLost(`Job ${row.id} was taken over.`)),
        )
        .catch((error) => logger.warn({ err: error, job: row.id }, 'lease could not be renewed'))
    }, leaseMs / 3)
    renew.unref()
    let completed = false
    const finish = async <T>(work: (trx: Trx) => Promise<T>): Promise<T> => {
      const result = await db.write.transaction().execute(async (trx) => {
        const ended = await trx
          .updateTable('job')
          .set({ state: 'finished', finished_at: clock(), lease_until: null, error: null })
          .where('id', '=', row.id)
          .where('fence', '=', row.fence)
          .where('state', '=', 'running')
          .returning('again')
          .executeTakeFirst()
        if (!ended) throw new LeaseLost(`Job ${row.id} was taken over; its result is dropped.`)
        const result = await work(trx)
        await followUp(trx, row, ended.again)
        return result
      })
      completed = true
      return result
    }
    const job: ClaimedJob = {
      id: row.id,
      project: row.project_id,
      kind: row.kind,
      input: JSON.parse(row.input),
      attempt: row.attempt,
      fence: row.fence,
      signal: abort.signal,
      complete: finish,
    }
    const handler = handlers.get(row.kind)
    const done = (async () => {
      try {
        await tracer.run(
          `job ${row.kind}`,
          'consumer',
          { 'trivium.job': row.id, 'trivium.project': row.project_id },
          async () => handler?.handle(job),
          readTraceparent(row.traceparent),
        )
        // A handler that came back because it was told to stop has not finished.
        if (!completed && abort.signal.aborted) throw abort.signal.reason
        if (!completed) await finish(async () => {})
      } catch (error) {
        await failed(row, error as Error)
      } finally {
        clearInterval(renew)
        running.delete(row.id)
        wake()
      }
    })()
    running.set(row.id, { kind: row.kind, fence: row.fence, abort, done })
  }

  async function failed(row: JobTable, error: Error): Promise<void> {
    if (error instanceof LeaseLost) {
      logger.warn({ job: row.id, kind: row.kind }, 'job lost its lease')
      return
    }
    if (stopped) {
      await giveBack([row])
      return
    }
    const last = row.attempt >= row.max_attempts
    logger[last ? 'error' : 'warn'](
      { err: error, job: row.id, kind: row.kind, attempt: row.attempt },
      last ? 'job failed' : 'job attempt failed',
    )
    const backoff = Math.min(60_000, 250 * 2 ** row.attempt)
    try {
      await db.write.transaction().execute(async (trx) => {
        const ended = await trx
          .updateTable('job')
          .set(
            last
              ? { state: 'failed', finished_at: clock(), lease_until: null, error: error.message }
              : { state: 'queued', not_before: clock() + backoff, lease_until: null, error: error.message },
          )
          .where('id', '=', row.id)
          .where('fence', '=', row.fence)
          .returning('again')
          .executeTakeFirst()
        if (!last || !ended) return
        await handlers
          .get(row.kind)
          ?.onFailed?.(trx, { id: row.id, project: row.project_id, input: JSON.parse(row.input) }, error.message)
        await followUp(trx, row, ended.again)
      })
    } catch (problem) {
      logger.error({ err: problem, job: row.id }, 'the failure of a job could not be recorded; its lease will run out')
    }
  }

  /** Queues what was asked for while a job ran, after it has ended; what it queued itself under its key is as good. */
  async function followUp(trx: Trx, { project_id: project, kind, key }: JobTable, again: string | null): Promise<void> {
    if (again === null || key === null) return
    await enqueue(trx, { project, kind, key, ...(JSON.parse(again) as Again) })
  }

  async function enqueue(trx: Trx, job: NewJob): Promise<string | undefined> {
    const id = newId('job')
    const wanted: Again = {
      input: job.input,
      maxAttempts: job.maxAttempts ?? 5,
      notBefore: job.notBefore ?? clock(),
      priority: job.priority ?? 0,
    }
    queuedIn.add(trx)
    queued = true
    for (;;) {
      const inserted = await trx
        .insertInto('job')
        .values({
          id,
          project_id: job.project,
          kind: job.kind,
          key: job.key ?? null,
          again: null,
          input: JSON.stringify(job.input),
          state: 'queued',
          rank: -wanted.priority,
          attempt: 0,
          max_attempts: wanted.maxAttempts,
          not_before: wanted.notBefore,
          fence: 0,
          lease_until: null,
          worker: null,
          error: null,
          created_at: clock(),
          finished_at: null,
          traceparent: traceparent() ?? null,
        })
        .onConflict((c) => c.doNothing())
        .returning('id')
        .executeTakeFirst()
      if (inserted || job.key === undefined) return inserted?.id
      // Holds the row until our commit: a claim of one that waits comes after it and sees what we wrote; the end of one that runs finds the mark.
      const { numUpdatedRows } = await trx
        .updateTable('job')
        .set((e) => ({
          again: JSON.stringify(wanted),
          not_before: e
            .case()
            .when(e.and([e('state', '=', 'queued'), e('attempt', '=', 0), e('not_before', '>', wanted.notBefore)]))
            .then(wanted.notBefore)
            .else(e.ref('not_before'))
            .end(),
        }))
        .where('project_id', '=', job.project)
        .where('kind', '=', job.kind)
        .where('key', '=', job.key)
        .where('state', 'in', ['queued', 'running'])
        .executeTakeFirst()
      // None: it has ended between the two statements, so there is room for ours.
      if (numUpdatedRows > 0n) return undefined
    }
  }

  async function freeAbandoned(): Promise<void> {
    try {
      await db.write.transaction().execute((trx) =>
        trx
          .updateTable('job')
          .set({ lease_until: 0 })
          .where('state', '=', 'running')
          .$if(!alone, (q) => q.where('worker', '=', worker))
          .execute(),
      )
    } catch (error) {
      logger.warn({ err: error }, 'abandoned jobs could not be freed; their leases will run out')
    }
  }

  /** Puts jobs back as they were before we took them. The fence grows, so that a handler that does not end finds its result refused. */
  async function giveBack(rows: readonly Pick<JobTable, 'id' | 'fence'>[]): Promise<void> {
    try {
      await db.write.transaction().execute(async (trx) => {
        for (const { id, fence } of rows)
          await trx
            .updateTable('job')
            .set((e) => ({
              state: 'queued' as const,
              lease_until: null,
              attempt: e('attempt', '-', 1),
              fence: e('fence', '+', 1),
            }))
            .where('id', '=', id)
            .where('fence', '=', fence)
            .where('state', '=', 'running')
            .execute()
      })
    } catch (error) {
      logger.error({ err: error }, 'jobs could not be given back; their leases will run out')
    }
  }

  function wake(): void {
    if (stopped) return
    if (claiming) {
      claimAgain = true
      return
    }
    claiming = (async () => {
      try {
        do {
          claimAgain = false
          while (await claim()) {}
        } while (claimAgain && !stopped)
      } catch (error) {
        logger.warn({ err: error }, 'jobs could not be claimed')
      } finally {
        claiming = undefined
      }
    })()
  }

  // Also servers that do no jobs enqueue some. Other commits bring no work: a look after each would cost more than many of them.
  db.onCommitted((trx) => {
    if (trx ? !queuedIn.has(trx) : !queued) return
    queued = false
    wake()
    if (others()) db.channel?.publish('job')
  })

  const activeJobs = (reader: Reader) =>
    reader
      .selectFrom('job')
      .select(['project_id', 'kind', (e) => e.fn.countAll<number>().as('count')])
      .where((e) =>
        e.or([e('state', '=', 'running'), e.and([e('state', '=', 'queued'), e('not_before', '<=', clock() + 60_000)])]),
      )
      .groupBy(['project_id', 'kind'])

  return {
    enqueue,
    prioritize: async (trx, { project, kind, keys }, priority) => {
      if (keys.length === 0) return
      await trx
        .updateTable('job')
        .set({ rank: -priority })
        .where('project_id', '=', project)
        .where('kind', '=', kind)
        .where('key', 'in', [...keys])
        .where('state', '=', 'queued')
        .execute()
    },
    withdraw: async (trx, job) => {
      await trx
        .updateTable('job')
        .set({ state: 'finished', finished_at: clock() })
        .where('project_id', '=', job.project)
        .where('kind', '=', job.kind)
        .where('key', '=', job.key)
        .where('state', '=', 'queued')
        .execute()
    },
    handle: (handler) => void handlers.set(handler.kind, handler),
    oldestDue: async (reader) => {
      const kinds = [...handlers.keys()]
      if (kinds.length === 0) return undefined
      const row = await reader
        .selectFrom('job')
        .select('not_before')
        .where('state', '=', 'queued')
        .where('kind', 'in', kinds)
        .where('not_before', '<=', clock())
        .orderBy('not_before')
        .limit(1)
        .executeTakeFirst()
      return row?.not_before
    },
    active: async (reader, project) =>
      (await activeJobs(reader).where('project_id', '=', project).execute())
        .filter(({ kind }) => handlers.get(kind)?.background !== true)
        .map(({ kind, count }) => ({ kind, count: Number(count) })),
    activeByProject: async (reader) =>
      (await activeJobs(reader).execute()).map(({ project_id, kind, count }) => ({
        project: project_id,
        kind,
        count: Number(count),
      })),
    start: () => {
      stopped = false
      stopListening = db.channel?.subscribe('job', wake) ?? (() => {})
      timer = setInterval(wake, pollMs)
      timer.unref()
      claiming = freeAbandoned()
        .finally(() => (claiming = undefined))
        .then(wake)
    },
    stop: async () => {
      stopped = true
      stopListening()
      clearInterval(timer)
      await claiming
      for (const one of running.values()) one.abort.abort(new Error('The server is stopping.'))
      const grace = AbortSignal.timeout(stopGraceMs)
      const over = new Promise<void>((resolve) => grace.addEventListener('abort', () => resolve()))
      await Promise.race([Promise.all([...running.values()].map((one) => one.done)), over])
      if (running.size > 0) await giveBack([...running].map(([id, { fence }]) => ({ id, fence })))
    },
  }
}
