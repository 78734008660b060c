import { expect, test } from 'vitest'
import { oneServer, twoReplicas } from './installation.ts'
import { settled, verify } from './invariants.ts'
import { seedServer } from './seed-server.ts'
import { expectNothingOfSteps } from './pipeline-invariants.ts'
import { type Acknowledged, nothingYet, sizeOf, writeTraffic } from './traffic.ts'
import type { VictimKind } from './victims.ts'
import { writeResults } from './write-results.ts'

// Without a number as many as `npm test` has time for: `npm run chaos -- --kills 300` makes it so many on each.
const given = process.env['CHAOS_KILLS']
const seed = Number(process.env['CHAOS_SEED'] ?? 7)
/** Only what `npm run chaos` does is worth keeping. */
const reported = process.env['CHAOS_FULL'] === '1'
const leaseMs = Number(process.env['CHAOS_LEASE_MS'] ?? 1500)

/** A small generator with a seed, so that a failing order of kills can be run again. */
function randomOf(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Kills that belong to the fewest as well. */
const always: readonly (VictimKind | undefined)[] = [undefined, 'step', undefined, 'main', undefined, 'fork server']

/** A kill hits servers that work: on a busy machine it waits until they have answered something since the last one. */
async function progress(done: Acknowledged): Promise<void> {
  const before = sizeOf(done)
  for (let tries = 0; sizeOf(done) < before + 5 && tries < 300; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

const places = {
  sqlite: { name: 'one server on SQLite', kills: Number(given ?? 12), make: oneServer },
  replicas: { name: 'two servers on Postgres and S3', kills: Number(given ?? 8), make: twoReplicas },
}
const chosen = Object.entries(places).filter(([place]) => (process.env['CHAOS_ON'] ?? place) === place)

for (const [place, { name, kills, make }] of chosen)
  test(
    `${kills} random kills of any process of ${name} lose nothing that was acknowledged and leave nothing half done`,
    async () => {
      const began = Date.now()
      const installation = await make(leaseMs)
      const { send } = installation
      const killed = new Map<VictimKind, number>()
      let left: string[] = []
      try {
        const seeded = await seedServer(send)
        let over = false
        const done = nothingYet()
        const traffic = writeTraffic(send, seeded, () => over, done)
        const random = randomOf(seed)
        for (let n = 0; n < kills; n += 1) {
          await new Promise((resolve) => setTimeout(resolve, 100 + random() * 600))
          await progress(done)
          const kind = await installation.killOne(random, always[n])
          killed.set(kind, (killed.get(kind) ?? 0) + 1)
          if (reported && (n + 1) % 10 === 0) console.log(`${n + 1} kills, ${sizeOf(done)} writes acknowledged`)
        }
        over = true
        await traffic
        expect(killed.get('main')).toBeGreaterThan(0)
        await settled(send)
        await verify(send, seeded, done)
        await expectNothingOfSteps(installation.data)
        // And the same after one more start: what is there is on disk.
        await installation.restart()
        await settled(send)
        const runs = await verify(send, seeded, done)
        if (reported)
          writeResults(place, { name, seed, leaseMs, minutes: (Date.now() - began) / 60_000, killed, done, runs })
      } finally {
        left = await installation.stop()
      }
      expect(left).toEqual([])
    },
    300_000 + kills * 15_000,
  )
