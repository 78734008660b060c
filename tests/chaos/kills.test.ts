import { expect, test } from 'vitest'
import { oneServer, twoReplicas } from './installation.ts'
import { seedServer, settled, verify } from './invariants.ts'
import { writeTraffic } from './traffic.ts'

// Without a number as many as `npm test` has time for: `npm run chaos -- --kills 300` makes it so many on each.
const given = process.env['CHAOS_KILLS']
const seed = Number(process.env['CHAOS_SEED'] ?? 7)
const leaseMs = Number(process.env['CHAOS_LEASE_MS'] ?? 1500)

/** A small generator with a seed, so that a failing order of kills can be run again. */
function randomOf(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const places = {
  sqlite: { name: 'one server on SQLite', kills: Number(given ?? 12), make: oneServer },
  replicas: { name: 'two servers on Postgres and S3', kills: Number(given ?? 8), make: twoReplicas },
}
const chosen = Object.entries(places).filter(([place]) => (process.env['CHAOS_ON'] ?? place) === place)

for (const [, { name, kills, make }] of chosen)
  test(
    `${kills} random kills of main, gateway and tables of ${name} lose nothing that was acknowledged`,
    async () => {
      const installation = await make(leaseMs)
      const { send } = installation
      try {
        const seeded = await seedServer(send)
        let over = false
        const traffic = writeTraffic(send, seeded, () => over)
        const random = randomOf(seed)
        const killed = { main: 0, gateway: 0, tables: 0 }
        for (let n = 0; n < kills; n += 1) {
          await new Promise((resolve) => setTimeout(resolve, 200 + random() * 900))
          killed[await installation.killOne(random)] += 1
        }
        over = true
        const done = await traffic
        expect(killed.main).toBeGreaterThan(0)
        await settled(send)
        await verify(send, seeded, done)
        // And the same after one more start: what is there is on disk.
        await installation.restart()
        await settled(send)
        await verify(send, seeded, done)
      } finally {
        await installation.stop()
      }
    },
    300_000 + kills * 6000,
  )
