import type { SealedEvent } from '@trivium/contract'
import { createWorld, describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import type { Trx } from '../db/index.ts'
import { urn } from '../ids/index.ts'
import { createLogger } from '../logging/index.ts'
import { type Consumer, type Consumers, createConsumers } from './consumers.ts'
import { startSequencer } from './sequencer.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeEachDatabase('consumers', ({ world, dialect }) => {
  let made = 0
  const append = (n: number, name = 'test.counted') =>
    world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project: 'default',
        name,
        schema: 1,
        by: 'tester',
        subject: urn('default', 'test', String(n)),
        refs: [],
        data: { n },
      }),
    )
  /** Follows with a cursor of its own from the present on. */
  const follow = async (
    consumer: Partial<Consumer> & Pick<Consumer, 'handle'>,
  ): Promise<Consumers & { name: string }> => {
    made += 1
    const { db, events, sequencer, clock } = world.kernel
    await sequencer.flush()
    const name = consumer.name ?? `test-${made}`
    if (consumer.name === undefined)
      await db.write.transaction().execute(async (trx) =>
        trx
          .insertInto('event_consumer')
          .values({ name, cursor: await events.head(db.read), failed_at: null, error: null })
          .execute(),
      )
    const consumers = createConsumers({ db, events, sequencer, clock, logger: createLogger({ level: 'silent' }) })
    consumers.add({ events: ['test.counted'], ...consumer, name })
    return Object.assign(consumers, { name })
  }
  const count = (trx: Trx, key: string, events: readonly SealedEvent[]) =>
    trx
      .insertInto('instance')
      .values(events.map((event) => ({ key: `${key}/${String(event.data['n'])}`, value: '1' })))
      .execute()
  const counted = async (key: string): Promise<number[]> => {
    const rows = await world.kernel.db.read
      .selectFrom('instance')
      .select('key')
      .where('key', 'like', `${key}/%`)
      .execute()
    return rows.map((row) => Number(row.key.split('/')[1])).toSorted((a, b) => a - b)
  }
  const cursorOf = async (name: string) =>
    world.kernel.db.read.selectFrom('event_consumer').selectAll().where('name', '=', name).executeTakeFirst()
  const until = async (condition: () => Promise<boolean>) => {
    const end = Date.now() + 10_000
    while (!(await condition())) {
      if (Date.now() > end) throw new Error('It did not happen within ten seconds.')
      await sleep(5)
    }
  }
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

  test('each wanted event comes once and in order, also those from before the start', async () => {
    const seen: number[] = []
    const consumers = await follow({
      handle: async (_trx, events) => void seen.push(...events.map((e) => Number(e.data['n']))),
    })
    for (const n of upTo(3)) await append(n)
    await append(99, 'test.ignored')
    consumers.start()
    await Promise.all([3, 4, 5].map((n) => append(n)))
    await until(async () => seen.length === 6)
    expect(seen.toSorted()).toEqual(upTo(6))
    expect(seen.slice(0, 3)).toEqual([0, 1, 2])
    await until(
      async () => (await consumers.lagging(await world.kernel.events.head(world.kernel.db.read))).length === 0,
    )
    await consumers.stop()
  })

  test('what a handler wrote before it failed is gone, and the batch comes again: nothing twice, nothing lost', async () => {
    let failures = 2
    const consumers = await follow({
      handle: async (trx, events) => {
        await count(trx, 'crash', events)
        // As if the process had been killed between the work and the commit.
        if (failures > 0) {
          failures -= 1
          throw new Error('killed')
        }
      },
    })
    consumers.start()
    await Promise.all(upTo(50).map((n) => append(n)))
    await until(async () => (await counted('crash')).length === 50)
    expect(await counted('crash')).toEqual(upTo(50))
    await consumers.stop()
  })

  test('a consumer that keeps failing stands still, says why, and goes on where it stood', async () => {
    let broken = true
    const consumers = await follow({
      handle: async (trx, events) => {
        if (broken) throw new Error('the graph is upside down')
        await count(trx, 'still', events)
      },
    })
    consumers.start()
    const before = (await cursorOf(consumers.name))?.cursor
    await append(0)
    await world.kernel.sequencer.flush()
    await until(async () => (await cursorOf(consumers.name))?.error !== null)
    expect((await cursorOf(consumers.name))?.cursor).toBe(before)
    const head = await world.kernel.events.head(world.kernel.db.read)
    expect(await consumers.lagging(head)).toEqual([`${consumers.name} fails: the graph is upside down`])
    broken = false
    await until(async () => (await counted('still')).length === 1)
    expect(await cursorOf(consumers.name)).toMatchObject({ error: null, failed_at: null })
    await consumers.stop()
  })

  test('a stop does not wait for the next try of a consumer that fails', async () => {
    const consumers = await follow({
      handle: async () => {
        throw new Error('always')
      },
    })
    await append(0)
    consumers.start()
    await until(async () => (await cursorOf(consumers.name))?.error === 'always')
    await sleep(400)
    const started = Date.now()
    await consumers.stop()
    expect(Date.now() - started).toBeLessThan(300)
  })

  test('a second start goes on after the last committed batch', async () => {
    const first = await follow({ handle: (trx, events) => count(trx, 'again', events).then(() => {}) })
    first.start()
    await append(0)
    await until(async () => (await counted('again')).length === 1)
    await first.stop()
    await append(1)
    const second = await follow({
      name: first.name,
      handle: (trx, events) => count(trx, 'again', events).then(() => {}),
    })
    second.start()
    await until(async () => (await counted('again')).length === 2)
    await second.stop()
  })

  test('those that want little pass the rest over and are handed all they want, whoever shares their name', async () => {
    const rare = (name?: string) =>
      follow({
        ...(name === undefined ? {} : { name }),
        events: ['test.rare'],
        handle: (trx, events) => count(trx, 'rare', events).then(() => {}),
      })
    const one = await rare()
    const two = await rare(one.name)
    for (const consumers of [one, two]) consumers.start()
    await Promise.all(upTo(150).map((n) => append(n, n % 30 === 7 ? 'test.rare' : 'test.counted')))
    await world.kernel.sequencer.flush()
    const head = await world.kernel.events.head(world.kernel.db.read)
    await until(async () => (await one.lagging(head)).length === 0)
    expect(await counted('rare')).toEqual([7, 37, 67, 97, 127])
    expect(await cursorOf(one.name)).toMatchObject({ cursor: head, error: null })
    for (const consumers of [one, two]) await consumers.stop()
  })

  test('two followers of one name share the events: each batch belongs to one of them', async () => {
    const one = await follow({ handle: (trx, events) => count(trx, 'shared', events).then(() => {}) })
    const two = await follow({ name: one.name, handle: (trx, events) => count(trx, 'shared', events).then(() => {}) })
    one.start()
    two.start()
    await Promise.all(upTo(200).map((n) => append(n)))
    await until(async () => (await counted('shared')).length === 200)
    expect(await counted('shared')).toEqual(upTo(200))
    expect(await cursorOf(one.name)).toMatchObject({ error: null })
    await Promise.all([one.stop(), two.stop()])
  })

  test.runIf(dialect === 'postgres')('a second replica hears of what the first one numbered', async () => {
    const { db } = world.kernel
    const replica = startSequencer({ db })
    let heard = 0
    replica.onSealed(() => {
      heard += 1
    })
    await sleep(300)
    const before = heard
    await append(0)
    await world.kernel.sequencer.flush()
    await until(async () => heard > before)
    await replica.stop()
  })
})

test('two whole servers on one Postgres number without gaps and handle each event once', async () => {
  const { createPostgresDatabase } = await import('@trivium/testing')
  const database = await createPostgresDatabase()
  const one = await createWorld({ databaseUrl: database.url })
  const two = await createWorld({ databaseUrl: database.url })
  try {
    const admin = await one.as('instance-admin')
    const other = await two.as('instance-admin')
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (n % 2 === 0 ? admin : other).call('POST', '/api/v1/projects', { name: `p-${n}` }),
      ),
    )
    await one.settled()
    const events = await one.kernel.events.readAfter(one.kernel.db.read, 0, 1000)
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1))
    expect(events.filter((event) => event.name === 'project.created')).toHaveLength(41)
    const nodes = await two.kernel.db.read
      .selectFrom('lineage_node')
      .select('urn')
      .where('kind', '=', 'project')
      .execute()
    expect(nodes).toHaveLength(41)
  } finally {
    await one.close()
    await two.close()
    await database.drop()
  }
}, 60_000)
