import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../ids/index.ts'

const day = (n: number) => Date.UTC(2001, 0, n)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeEachDatabase('the watermark', ({ world }) => {
  const move = async (project: string, to: number, waitMs = 5000) =>
    world.kernel.watermark.advance((await world.as('maintainer', project)).scope, to, waitMs)
  const read = (project: string) => world.kernel.watermark.read(world.kernel.db.read, project)

  test('follows the clock until somebody moves it, then only moves count', async () => {
    const project = await world.makeProject()
    expect(await read(project)).toEqual({ at: world.time.now, mode: 'wall' })
    world.time.now += 5000
    expect(await read(project)).toEqual({ at: world.time.now, mode: 'wall' })
    expect(await move(project, day(5))).toEqual({ at: day(5), advanced: true, settled: true, blockers: [] })
    world.time.now += 5000
    expect(await read(project)).toEqual({ at: day(5), mode: 'replay' })
  })

  test('never goes back, and a move to where it stands is no event', async () => {
    const project = await world.makeProject()
    await move(project, day(5))
    await move(project, day(5))
    await expect(move(project, day(4))).rejects.toMatchObject({ code: 'WATERMARK.BACKWARDS', status: 409 })
    await world.kernel.sequencer.flush()
    const events = await world.kernel.events.readAfter(world.kernel.db.read, 0, 1000, { project })
    expect(events.filter((e) => e.name === 'watermark.advanced').map((e) => e.data)).toEqual([
      { from: null, to: day(5) },
    ])
  })

  test('of moves at the same time the furthest wins, in whatever order they come', async () => {
    const project = await world.makeProject()
    await Promise.allSettled([9, 3, 7, 8, 2, 6].map((n) => move(project, day(n))))
    expect(await read(project)).toEqual({ at: day(9), mode: 'replay' })
    await world.kernel.sequencer.flush()
    const events = await world.kernel.events.readAfter(world.kernel.db.read, 0, 1000, { project })
    const moves = events.filter((e) => e.name === 'watermark.advanced').map((e) => Number(e.data['to']))
    expect(moves).toEqual(moves.toSorted((a, b) => a - b))
  })

  test('waits for a job and names it; moves in the end', async () => {
    const project = await world.makeProject()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const kind = `hold-${project}`
    world.kernel.jobs.handle({ kind, concurrency: 1, handle: () => held })
    await world.kernel.db.write
      .transaction()
      .execute((trx) => world.kernel.jobs.enqueue(trx, { project, kind, input: {}, notBefore: 0 }))
    expect(await move(project, day(5), 100)).toMatchObject({
      advanced: false,
      settled: false,
      blockers: [`1 ${kind} job`],
    })
    const moving = move(project, day(5), 10_000)
    await sleep(50)
    release()
    expect(await moving).toMatchObject({ advanced: true, settled: true })
  })

  test('is settled only when a chain of consumer, job, event, consumer, job has come to its end', async () => {
    const project = await world.makeProject()
    const links: number[] = []
    const kind = `chain-${project}`
    const append = (n: number) =>
      world.kernel.db.write.transaction().execute((trx) =>
        world.kernel.events.append(trx, {
          project,
          name: kind,
          schema: 1,
          by: 'tester',
          subject: urn(project, 'test', String(n)),
          refs: [],
          data: { n },
        }),
      )
    world.kernel.jobs.handle({
      kind,
      concurrency: 1,
      handle: async (job) => {
        const { n } = job.input as { n: number }
        links.push(n)
        if (n < 30) await append(n + 1)
      },
    })
    // Registered late, so it is driven by hand: what a consumer does in its transaction.
    const stop = world.kernel.sequencer.onSealed(() => {})
    let cursor = await world.kernel.events.head(world.kernel.db.read)
    let following = true
    const follow = async () => {
      while (following) {
        const events = await world.kernel.events.readAfter(world.kernel.db.read, cursor, 10)
        for (const event of events) {
          if (event.name === kind)
            await world.kernel.db.write
              .transaction()
              .execute((trx) => world.kernel.jobs.enqueue(trx, { project, kind, input: event.data, notBefore: 0 }))
          cursor = event.seq
        }
        await sleep(1)
      }
    }
    // The kernel asks its consumers before its jobs; this one comes after them, so it looks at the jobs again.
    world.kernel.watermark.addBlocker(async (asked) => {
      if (!following || asked !== project) return []
      if (cursor < (await world.kernel.events.head(world.kernel.db.read))) return ['the follower lags']
      return (await world.kernel.jobs.active(world.kernel.db.read, project)).map(({ kind }) => kind)
    })
    const done = follow()
    await append(0)
    expect(await world.kernel.watermark.settle(project, 20_000)).toEqual([])
    expect(links).toHaveLength(31)
    following = false
    await done
    stop()
  }, 30_000)

  test('everything that waits is named, not only what was found first', async () => {
    const held = await world.makeProject()
    expect(await world.kernel.watermark.settle(held, 20_000)).toEqual([])
    for (const name of ['first', 'second'])
      world.kernel.watermark.addBlocker(async (asked) => (asked === held ? [`the ${name} reason`] : []))
    expect(await world.kernel.watermark.blockers(held)).toEqual(['the first reason', 'the second reason'])
  })

  test("another project's work does not hold it", async () => {
    const busy = await world.makeProject()
    const free = await world.makeProject()
    await world.kernel.db.write
      .transaction()
      .execute((trx) => world.kernel.jobs.enqueue(trx, { project: busy, kind: 'nobody-handles-this', input: {} }))
    expect(await move(busy, day(2), 50)).toMatchObject({ advanced: false })
    expect(await move(free, day(2), 5000)).toMatchObject({ advanced: true, settled: true })
  })
})
