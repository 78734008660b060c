import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../ids/index.ts'

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
})
