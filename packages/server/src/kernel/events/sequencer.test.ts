import { describeEachDatabase } from '@trivium/testing'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { urn } from '../ids/index.ts'
import { sealBacklog } from './seal-events.ts'

describeEachDatabase('event sequence', ({ world, dialect }) => {
  const append = (project: string, n: number, pause = 0) =>
    world.kernel.db.write.transaction().execute(async (trx) => {
      await world.kernel.events.append(trx, {
        project,
        name: 'test.happened',
        schema: 1,
        by: 'tester',
        subject: urn(project, 'test', String(n)),
        refs: [],
        data: { n },
      })
      // On Postgres transactions overlap: a late commit must not land behind a number that was read already.
      if (dialect === 'postgres' && pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    })

  test('a reader that follows the cursor sees every committed event exactly once, however transactions overlap', async () => {
    const seen: number[] = []
    const seqs: number[] = []
    let cursor = await world.kernel.events.head(world.kernel.db.read)
    let writing = true
    const follow = async () => {
      for (;;) {
        const last = !writing
        const batch = await world.kernel.events.readAfter(world.kernel.db.read, cursor, 50)
        for (const event of batch) {
          cursor = event.seq
          seqs.push(event.seq)
          if (event.name === 'test.happened') seen.push(Number(event.data['n']))
        }
        if (last && batch.length === 0) return
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    const following = follow()
    await Promise.all(Array.from({ length: 200 }, (_, n) => append('default', n, n % 7)))
    await world.kernel.sequencer.flush()
    writing = false
    await following
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n))
    expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i))
  })

  test('an event of a transaction that failed is never seen and leaves no gap', async () => {
    await world.kernel.sequencer.flush()
    const before = await world.kernel.events.head(world.kernel.db.read)
    const failing = world.kernel.db.write.transaction().execute(async (trx) => {
      await world.kernel.events.append(trx, {
        project: 'default',
        name: 'test.happened',
        schema: 1,
        by: 'tester',
        subject: urn('default', 'test', 'x'),
        refs: [],
        data: {},
      })
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    await append('default', 1000)
    await world.kernel.sequencer.flush()
    const after = await world.kernel.events.readAfter(world.kernel.db.read, before, 10)
    expect(after.map((event) => event.data['n'])).toEqual([1000])
    expect(after[0]?.seq).toBe(before + 1)
  })

  test('events that a program before this one has appended beside it are numbered and sealed in their order', async () => {
    const { db, events, sequencer } = world.kernel
    await sequencer.flush()
    const before = await events.head(db.read)
    const xid = dialect === 'postgres' ? 'pg_current_xact_id()::text::bigint' : '0'
    await db.write.transaction().execute(async (trx) => {
      for (const n of [1, 2, 3])
        await sql`insert into event (id, project_id, name, schema_version, at, event_time, "by", subject, refs, data, xid)
          values (${`evt_before_${n}`}, 'default', 'test.happened', 1, 0, null, 'tester', ${urn('default', 'test', 'old')}, '[]', ${`{"n":${n}}`}, ${sql.raw(xid)})`.execute(
          trx,
        )
    })
    // The next start does it on SQLite, where nobody else can have written.
    if (dialect === 'sqlite') await sealBacklog(db)
    await append('default', 4)
    await sequencer.flush()
    const after = await events.readAfter(db.read, before, 10)
    expect(after.map((event) => [event.seq, event.data['n']])).toEqual([1, 2, 3, 4].map((n) => [before + n, n]))
    expect(await db.read.selectFrom('event_head').select(['last_seq', 'sealed_seq']).executeTakeFirst()).toEqual({
      last_seq: before + 4,
      sealed_seq: before + 4,
    })
  })

  test('an event that comes with an older transaction than was looked at is numbered all the same', async () => {
    const { db, events, sequencer } = world.kernel
    await append('default', 1)
    await sequencer.flush()
    const before = await events.head(db.read)
    // As where a database goes on from an older state of itself, or from a backup.
    await db.write.transaction().execute((trx) =>
      trx
        .insertInto('event_waiting')
        .values({
          id: 'evt_of_an_old_transaction',
          project_id: 'default',
          name: 'test.happened',
          schema_version: 1,
          at: 0,
          event_time: null,
          by: 'tester',
          subject: urn('default', 'test', 'older'),
          refs: '[]',
          data: '{}',
          xid: 0,
        })
        .execute(),
    )
    await expect.poll(() => events.head(db.read), { timeout: 5000 }).toBe(before + 1)
  })
})
