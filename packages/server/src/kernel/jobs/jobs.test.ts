import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { createLogger } from '../logging/index.ts'
import { actOnce } from './act-once.ts'
import { type ClaimedJob, createJobs, type JobHandler, type JobTable, type NewJob } from './jobs.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeEachDatabase('jobs', ({ world }) => {
  let kinds = 0
  /** A worker of its own, with a clock of its own, for one kind that nobody else handles. */
  const worker = (
    handler: Omit<JobHandler, 'kind' | 'concurrency'> & { concurrency?: number },
    options: { kind?: string; alone?: boolean; leaseMs?: number; pollMs?: number; stopGraceMs?: number } = {},
  ) => {
    kinds += 1
    const kind = options.kind ?? `test-${kinds}`
    const time = { now: Date.UTC(2001, 0, 1) }
    const { db } = world.kernel
    const jobs = createJobs({
      db,
      clock: () => time.now,
      logger: createLogger({ level: 'silent' }),
      pollMs: options.pollMs ?? 5,
      leaseMs: options.leaseMs ?? 30_000,
      alone: options.alone ?? false,
      ...(options.stopGraceMs === undefined ? {} : { stopGraceMs: options.stopGraceMs }),
    })
    jobs.handle({ concurrency: 4, ...handler, kind })
    const enqueue = (job: Partial<NewJob> = {}) =>
      db.write.transaction().execute((trx) => jobs.enqueue(trx, { project: 'default', kind, input: {}, ...job }))
    return { jobs, kind, time, enqueue }
  }
  const rowOf = async (id: string | undefined): Promise<JobTable> =>
    world.kernel.db.read
      .selectFrom('job')
      .selectAll()
      .where('id', '=', id ?? '')
      .executeTakeFirstOrThrow()
  const until = async (condition: () => boolean | Promise<boolean>) => {
    const end = Date.now() + 10_000
    while (!(await condition())) {
      if (Date.now() > end) throw new Error('It did not happen within ten seconds.')
      await sleep(5)
    }
  }
  const untilState = (id: string | undefined, state: JobTable['state']) =>
    until(async () => (await rowOf(id)).state === state)

  test('a job runs with its input and is finished when the handler returns', async () => {
    const seen: unknown[] = []
    const { jobs, enqueue } = worker({ handle: async (job) => void seen.push([job.project, job.input, job.attempt]) })
    jobs.start()
    const id = await enqueue({ input: { a: [1, 'ä'] } })
    await untilState(id, 'finished')
    expect(seen).toEqual([['default', { a: [1, 'ä'] }, 1]])
    await jobs.stop()
  })

  test('a job begins with the commit that queued it, also when others commit meanwhile', async () => {
    const { jobs, kind, enqueue } = worker({ handle: async () => {} }, { pollMs: 3_600_000 })
    const { db } = world.kernel
    jobs.start()
    await untilState(await enqueue(), 'finished')
    const commitOther = () => db.write.transaction().execute((trx) => trx.selectFrom('job').select('id').execute())
    let other: Promise<unknown> | undefined
    const id = await db.write.transaction().execute(async (trx) => {
      const made = await jobs.enqueue(trx, { project: 'default', kind, input: {} })
      // On Postgres it is through before this one goes on.
      other = commitOther()
      if (db.dialect === 'postgres') await other
      return made
    })
    await other
    await untilState(id, 'finished')
    expect((await rowOf(id)).attempt).toBe(1)
    await jobs.stop()
  })

  test('a job of a transaction that fails does not exist', async () => {
    const { jobs, kind } = worker({ handle: async () => {} })
    const failing = world.kernel.db.write.transaction().execute(async (trx) => {
      await jobs.enqueue(trx, { project: 'default', kind, input: {} })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await world.kernel.db.read.selectFrom('job').select('id').where('kind', '=', kind).execute()).toEqual([])
  })

  test('a key is one job while it is open, and a new one afterwards', async () => {
    let runs = 0
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { jobs, enqueue } = worker({
      handle: async () => {
        runs += 1
        if (runs === 1) await held
      },
    })
    const [first, ...others] = await Promise.all([enqueue({ key: 'k' }), enqueue({ key: 'k' }), enqueue({ key: 'k' })])
    const ids = [first, ...others].filter((id) => id !== undefined)
    expect(ids).toHaveLength(1)
    expect(await enqueue({ key: 'other' })).toBeDefined()
    jobs.start()
    await untilState(ids[0], 'running')
    release()
    await untilState(ids[0], 'finished')
    const next = await enqueue({ key: 'k' })
    expect(next).toBeDefined()
    await untilState(next, 'finished')
    expect(runs).toBe(3)
    await jobs.stop()
  })

  test('a key that is enqueued while its job runs is done once more with the newest input, also when the job fails for good', async () => {
    for (const fails of [false, true]) {
      const seen: unknown[] = []
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const { jobs, kind, enqueue } = worker({
        handle: async (job) => {
          seen.push(job.input)
          if (seen.length > 1) return
          await held
          if (fails) throw new Error('broke')
        },
      })
      jobs.start()
      const id = await enqueue({ key: 'k', input: 1, maxAttempts: 1 })
      await untilState(id, 'running')
      expect(await enqueue({ key: 'k', input: 2 })).toBeUndefined()
      expect(await enqueue({ key: 'k', input: 3 })).toBeUndefined()
      await sleep(30)
      expect(seen).toEqual([1])
      release()
      await until(() => seen.length === 2)
      await untilState(id, fails ? 'failed' : 'finished')
      const open = () =>
        world.kernel.db.read.selectFrom('job').select('state').where('kind', '=', kind).orderBy('id').execute()
      await until(async () => (await open()).every((row) => row.state === 'finished' || row.state === 'failed'))
      expect(seen).toEqual([1, 3])
      expect(await open()).toHaveLength(2)
      await jobs.stop()
    }
  })

  test('a key that is enqueued while its job waits runs once, and no later than whoever is in a hurry wants', async () => {
    const seen: unknown[] = []
    const { jobs, time, enqueue } = worker({ handle: async (job) => void seen.push(job.input) })
    const id = await enqueue({ key: 'k', input: 1, notBefore: time.now + 60_000 })
    expect(await enqueue({ key: 'k', input: 2, notBefore: time.now })).toBeUndefined()
    expect(await enqueue({ key: 'k', input: 3, notBefore: time.now + 90_000 })).toBeUndefined()
    jobs.start()
    await untilState(id, 'finished')
    await sleep(30)
    expect(seen).toEqual([1])
    await jobs.stop()
  })

  test('what a transaction wrote that enqueued a key is seen by a run of that key, however its commit and the runs fall together', async () => {
    const { db } = world.kernel
    let rounds = 0
    let seen = 0
    const { jobs, kind } = worker({
      concurrency: 1,
      handle: async (job) => {
        const row = await db.read.selectFrom('instance').select('value').where('key', '=', job.kind).executeTakeFirst()
        seen = Number(row?.value ?? 0)
      },
    })
    await db.write
      .transaction()
      .execute((trx) => trx.insertInto('instance').values({ key: kind, value: '0' }).execute())
    jobs.start()
    for (rounds = 1; rounds <= 60; rounds += 1) {
      await db.write.transaction().execute(async (trx) => {
        await trx
          .updateTable('instance')
          .set({ value: String(rounds) })
          .where('key', '=', kind)
          .execute()
        await jobs.enqueue(trx, { project: 'default', kind, key: 'k', input: {} })
        // Between the look at the queue and the commit there is time for a run to begin or to end.
        for (let i = 0; i < rounds % 4; i += 1) await trx.selectFrom('instance').select('key').execute()
      })
      const wanted = rounds
      if (rounds % 5 === 0) await until(() => seen >= wanted)
    }
    await until(() => seen === 60)
    await jobs.stop()
  })

  test('an act under a key is done once, whoever comes at once, and everyone gets what it gave', async () => {
    const { db } = world.kernel
    const project = await world.makeProject()
    let acts = 0
    const come = (fail = false) =>
      db.write.transaction().execute((trx) =>
        actOnce(trx, { project, key: 'run/step', at: 1 }, async () => {
          acts += 1
          if (fail) throw new Error('no')
          return { made: acts }
        }),
      )
    await expect(come(true)).rejects.toThrow('no')
    const results = await Promise.all(Array.from({ length: 6 }, () => come()))
    expect(results.filter(({ now }) => now)).toHaveLength(1)
    expect(results.map(({ result }) => result)).toEqual(Array.from({ length: 6 }, () => ({ made: 2 })))
    expect(acts).toBe(2)
  })

  test('no more of a kind run at once than it allows, and each of many runs once although two workers want it', async () => {
    let running = 0
    let most = 0
    const runs = new Map<string, number>()
    const handle = async (job: ClaimedJob) => {
      running += 1
      most = Math.max(most, running)
      runs.set(job.id, (runs.get(job.id) ?? 0) + 1)
      await sleep(2)
      running -= 1
    }
    const one = worker({ handle, concurrency: 2 })
    const two = worker({ handle, concurrency: 2 }, { kind: one.kind })
    const ids = await Promise.all(Array.from({ length: 40 }, () => one.enqueue()))
    one.jobs.start()
    two.jobs.start()
    await until(() => runs.size === 40)
    await Promise.all(ids.map((id) => untilState(id, 'finished')))
    expect(most).toBeLessThanOrEqual(4)
    expect([...runs.values()].every((n) => n === 1)).toBe(true)
    await Promise.all([one.jobs.stop(), two.jobs.stop()])
  })

  test('a job waits for its time', async () => {
    const { jobs, time, enqueue } = worker({ handle: async () => {} })
    jobs.start()
    const id = await enqueue({ notBefore: time.now + 1000 })
    await sleep(50)
    expect((await rowOf(id)).state).toBe('queued')
    time.now += 1000
    await untilState(id, 'finished')
    await jobs.stop()
  })

  test('a failed attempt is tried again after a growing wait; the last one gives up in one transaction with what onFailed writes', async () => {
    const attempts: number[] = []
    const failures: unknown[] = []
    const { jobs, time, enqueue } = worker({
      handle: async (job) => {
        attempts.push(job.attempt)
        throw new Error(`attempt ${job.attempt} broke`)
      },
      onFailed: async (trx, job, error) => {
        failures.push([job.input, error])
        await trx
          .insertInto('instance')
          .values({ key: `failed-${job.id}`, value: error })
          .execute()
      },
    })
    jobs.start()
    const id = await enqueue({ input: { n: 1 }, maxAttempts: 3 })
    await until(() => attempts.length === 1)
    await untilState(id, 'queued')
    const first = await rowOf(id)
    expect([first.error, first.not_before - time.now]).toEqual(['attempt 1 broke', 500])
    time.now += 499
    await sleep(30)
    expect(attempts).toEqual([1])
    time.now += 1
    await until(async () => (await rowOf(id)).error === 'attempt 2 broke')
    expect((await rowOf(id)).not_before - time.now).toBe(1000)
    time.now += 1000
    await untilState(id, 'failed')
    expect(attempts).toEqual([1, 2, 3])
    expect(failures).toEqual([[{ n: 1 }, 'attempt 3 broke']])
    const kept = await world.kernel.db.read
      .selectFrom('instance')
      .selectAll()
      .where('key', '=', `failed-${id}`)
      .executeTakeFirst()
    expect(kept?.value).toBe('attempt 3 broke')
    await jobs.stop()
  })

  test('when onFailed fails the job is not given up', async () => {
    let refuse = true
    const { jobs, time, enqueue } = worker(
      {
        handle: async () => {
          throw new Error('broke')
        },
        onFailed: async () => {
          if (refuse) throw new Error('not yet')
        },
      },
      { leaseMs: 100 },
    )
    jobs.start()
    const id = await enqueue({ maxAttempts: 1 })
    await sleep(50)
    expect((await rowOf(id)).state).toBe('running')
    refuse = false
    time.now += 200
    await untilState(id, 'failed')
    await jobs.stop()
  })

  test('complete writes in the transaction that finishes the job, and takes nothing half', async () => {
    const { jobs, time, enqueue } = worker({
      handle: async (job) => {
        await job.complete(async (trx) => {
          await trx
            .insertInto('instance')
            .values({ key: `done-${job.id}-${job.attempt}`, value: '' })
            .execute()
          if (job.attempt === 1) throw new Error('half-way')
        })
      },
    })
    jobs.start()
    const id = await enqueue()
    await until(async () => (await rowOf(id)).error === 'half-way')
    time.now += 1000
    await untilState(id, 'finished')
    const rows = await world.kernel.db.read
      .selectFrom('instance')
      .select('key')
      .where('key', 'like', `done-${id}%`)
      .execute()
    expect(rows.map((row) => row.key)).toEqual([`done-${id}-2`])
    await jobs.stop()
  })

  test('a silent worker loses its job to another, and its own late result is refused', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const results: string[] = []
    const finish = (who: string) => async (job: ClaimedJob) => {
      if (who === 'silent') await held
      await job.complete(async (trx) => {
        await trx
          .insertInto('instance')
          .values({ key: `by-${job.id}`, value: who })
          .execute()
      })
      results.push(who)
    }
    // Its clock stands still: its renewals move the lease to no later time, as if it were cut off.
    const silent = worker({ handle: finish('silent') }, { leaseMs: 1000 })
    const eager = worker({ handle: finish('eager') }, { kind: silent.kind, leaseMs: 1000 })
    silent.jobs.start()
    const id = await silent.enqueue()
    await untilState(id, 'running')
    const before = await rowOf(id)
    eager.jobs.start()
    await sleep(40)
    expect((await rowOf(id)).fence).toBe(before.fence)
    eager.time.now = silent.time.now + 1001
    await untilState(id, 'finished')
    expect((await rowOf(id)).fence).toBe(before.fence + 1)
    release()
    await silent.jobs.stop()
    await eager.jobs.stop()
    expect(results).toEqual(['eager'])
    const kept = await world.kernel.db.read
      .selectFrom('instance')
      .select('value')
      .where('key', '=', `by-${id}`)
      .executeTakeFirst()
    expect(kept?.value).toBe('eager')
  })

  test('a worker that lost its job learns it from its signal', async () => {
    let reason: unknown
    const lost = worker(
      {
        handle: (job) =>
          new Promise((_, reject) => {
            job.signal.addEventListener('abort', () => {
              reason = job.signal.reason
              reject(job.signal.reason as Error)
            })
          }),
      },
      { leaseMs: 60 },
    )
    lost.jobs.start()
    const id = await lost.enqueue()
    await untilState(id, 'running')
    await world.kernel.db.write.transaction().execute((trx) =>
      trx
        .updateTable('job')
        .set((e) => ({ fence: e('fence', '+', 1) }))
        .where('id', '=', id ?? '')
        .execute(),
    )
    await until(() => reason !== undefined)
    expect(String(reason)).toContain('was taken over')
    await lost.jobs.stop()
    expect((await rowOf(id)).state).toBe('running')
  })

  test('a stop gives back what runs, without counting it as an attempt', async () => {
    const handle = (job: ClaimedJob) =>
      new Promise<void>((resolve, reject) => {
        // One ends with the signal's error, one as if it were done: neither has finished.
        job.signal.addEventListener('abort', () =>
          (job.input as { quiet: boolean }).quiet ? resolve() : reject(job.signal.reason as Error),
        )
      })
    const stopping = worker({ handle })
    stopping.jobs.start()
    const ids = [
      await stopping.enqueue({ input: { quiet: true } }),
      await stopping.enqueue({ input: { quiet: false } }),
    ]
    for (const id of ids) await untilState(id, 'running')
    await stopping.jobs.stop()
    for (const id of ids) expect(await rowOf(id)).toMatchObject({ state: 'queued', attempt: 0, lease_until: null })
    const attempts: number[] = []
    const next = worker({ handle: async (job) => void attempts.push(job.attempt) }, { kind: stopping.kind })
    next.jobs.start()
    for (const id of ids) await untilState(id, 'finished')
    expect(attempts).toEqual([1, 1])
    await next.jobs.stop()
  })

  test('a stop waits no longer than its grace for a handler that does not listen, and its late result is refused', async () => {
    let release = () => {}
    let late: unknown
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const deaf = worker(
      {
        handle: async (job) => {
          await held
          late = await job.complete(async () => 'accepted').catch((error: Error) => error.message)
        },
      },
      { stopGraceMs: 400 },
    )
    deaf.jobs.start()
    const id = await deaf.enqueue()
    await untilState(id, 'running')
    const started = Date.now()
    await deaf.jobs.stop()
    expect(Date.now() - started).toBeGreaterThan(380)
    expect(await rowOf(id)).toMatchObject({ state: 'queued', attempt: 0 })
    release()
    await until(() => late !== undefined)
    expect(late).toContain('its result is dropped')
  })

  test('a worker that is alone takes over at its start what a killed one left, without waiting for the lease', async () => {
    const dead = worker({ handle: async () => new Promise(() => {}) })
    dead.jobs.start()
    const id = await dead.enqueue()
    await untilState(id, 'running')
    const next = worker({ handle: async () => {} }, { kind: dead.kind, alone: true })
    next.jobs.start()
    await untilState(id, 'finished')
    expect((await rowOf(id)).attempt).toBe(2)
    await next.jobs.stop()
  })

  test('a job that costs every worker its life is given up', async () => {
    const failures: string[] = []
    const poison = worker({ handle: async () => {}, onFailed: async (_trx, _job, error) => void failures.push(error) })
    const id = await poison.enqueue({ maxAttempts: 2 })
    await world.kernel.db.write.transaction().execute((trx) =>
      trx
        .updateTable('job')
        .set({ state: 'running', attempt: 22, lease_until: 0 })
        .where('id', '=', id ?? '')
        .execute(),
    )
    poison.jobs.start()
    await untilState(id, 'failed')
    expect(failures).toEqual(['Its worker was lost 22 times.'])
    await poison.jobs.stop()
  })

  test('what a project waits for is what is due soon or runs', async () => {
    const project = await world.makeProject()
    const { jobs, kind, enqueue, time } = worker({ handle: async () => {} })
    await enqueue({ project })
    await enqueue({ project, notBefore: time.now + 59_000 })
    await enqueue({ project, notBefore: time.now + 3_600_000 })
    await enqueue({ project: await world.makeProject() })
    expect(await jobs.active(world.kernel.db.read, project)).toEqual([{ kind, count: 2 }])
  })
})
