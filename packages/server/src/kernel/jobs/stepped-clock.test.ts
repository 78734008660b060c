import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { createLogger } from '../logging/index.ts'
import { createJobs } from './jobs.ts'

describeEachDatabase('jobs under a clock that was put back', ({ world }) => {
  test('one that was due when it was queued begins at once; one that is planned for later waits for its time', async () => {
    const { db } = world.kernel
    let now = 10_000_000
    const jobs = createJobs({ db, clock: () => now, logger: createLogger({ level: 'silent' }), pollMs: 20 })
    const begun: string[] = []
    jobs.handle({
      kind: 'stepped',
      concurrency: 1,
      handle: async ({ input }: { input: string }) => void begun.push(input),
    })
    await db.write.transaction().execute(async (trx) => {
      await jobs.enqueue(trx, { project: 'default', kind: 'stepped', input: 'due' })
      await jobs.enqueue(trx, { project: 'default', kind: 'stepped', input: 'planned', notBefore: now + 1000 })
    })
    now -= 3_600_000
    jobs.start()
    await expect.poll(() => begun).toEqual(['due'])
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(begun).toEqual(['due'])
    now += 3_601_000
    await expect.poll(() => begun).toEqual(['due', 'planned'])
    await jobs.stop()
  })
})
