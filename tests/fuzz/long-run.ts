// npm run fuzz -- [--minutes N] [--seed S] [--database postgres]
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Client, createPostgresDatabase, createWorld } from '@trivium/testing'
import { describeFinding } from './describe-finding.ts'
import { fillProject } from './fill-project.ts'
import { longCases, quickCases, startRawServer } from './raw-server.ts'
import { type Finding, runFuzz } from './run-fuzz.ts'
import { createPool } from './sample-schema.ts'
import { watchMain } from './watch-main.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    database: { type: 'string', default: 'sqlite' },
    log: { type: 'string', default: 'silent' },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
const database = values.database === 'postgres' ? await createPostgresDatabase() : undefined
const world = await createWorld({
  configuration: { logLevel: values.log },
  ...(database ? { databaseUrl: database.url } : {}),
})
world.time.now = Date.now()

const findings = new Map<string, Finding & { times: number }>()
const note = (finding: Finding): void => {
  const key = `${finding.route} ${finding.why.replaceAll(/[0-9a-f-]{8,}|\d+/g, '#').slice(0, 80)}`
  const known = findings.get(key)
  findings.set(key, { ...(known ?? finding), times: (known?.times ?? 0) + 1 })
  if (!known) console.log(`✗ ${describeFinding(finding)}`)
}
const elsewhere = (route: string, why: string): void =>
  note({ why, seed, number: 0, route, request: { method: '', url: '', headers: {}, payload: undefined } })
const outside = (why: string) => (error: unknown) =>
  elsewhere('process', `${why}: ${error instanceof Error ? error.stack : String(error)}`)
process.on('unhandledRejection', outside('unhandled rejection'))
process.on('uncaughtException', outside('uncaught exception'))

// Bytes on the wire first: they share nothing with what follows.
let raw = 0
for (const overTls of [false, true]) {
  const server = await startRawServer({ overTls })
  const place = overTls ? 'raw over TLS' : 'raw'
  for (const cases of [quickCases, longCases]) {
    const { tried, findings: bad } = await server.tryAll(cases)
    raw += tried
    for (const { name, why } of bad) elsewhere(`${place}: ${name}`, why)
  }
  const patience = Date.now() + 30_000
  let left = await server.left()
  while ((left.connections > 0 || left.incoming.length > 0) && Date.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    left = await server.left()
  }
  if (left.connections > 0 || left.incoming.length > 0) elsewhere(place, `left behind: ${JSON.stringify(left)}`)
  await server.close()
}
console.log(`${raw} raw cases, ${findings.size} findings`)

const pool = createPool()
const admin = await world.as('instance-admin')
const contents = await fillProject(world, admin, pool, { serve: true })
const known = [admin, await world.as('viewer'), await world.as('contributor')]
/** What was revoked, expired or disabled by a request of ours, and is needed for the next ones. */
const revive = (): Promise<void> =>
  world.kernel.db.write.transaction().execute(async (trx) => {
    for (const { token, principal } of known) {
      const secret_hash = createHash('sha256').update(token).digest('hex')
      const whole = { revoked_at: null, expires_at: null, rotated_to: null }
      await trx.updateTable('token').set(whole).where('secret_hash', '=', secret_hash).execute()
      await trx.updateTable('principal').set({ disabled_at: null }).where('id', '=', principal.id).execute()
    }
  })
const clients: (() => Promise<Client>)[] = [async () => admin, () => world.as('viewer'), () => world.as('contributor')]

const heap: number[] = []
const measure = (): void => {
  globalThis.gc?.()
  heap.push(process.memoryUsage().heapUsed / 2 ** 20)
}
const watch = watchMain({ silentMs: 60_000 })
const end = Date.now() + minutes * 60_000
let round = 0
let total = 0
const statuses = new Map<number, number>()
while (Date.now() < end) {
  const before = round * 2000
  const part = await runFuzz({
    world,
    pool,
    contents,
    clients,
    seed: seed + round,
    atOnce: 4,
    revive,
    watch,
    over: (sent) => sent >= 2000 || Date.now() >= end,
    onFinding: (finding) => note({ ...finding, number: finding.number + before }),
  })
  for (const [status, count] of part) {
    statuses.set(status, (statuses.get(status) ?? 0) + count)
    total += count
  }
  round += 1
  measure()
  console.log(`${total} requests, heap ${heap.at(-1)?.toFixed(1)} MB, ${findings.size} findings`)
}
const answered = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
console.log(`${total} requests; ${answered.join(', ')}`)
// The first third fills caches that have bounds; after it the heap has to stay where it is.
const [from, to] = [
  median(heap.slice(Math.floor(heap.length / 3), Math.floor((heap.length * 2) / 3))),
  median(heap.slice(-Math.ceil(heap.length / 3))),
]
const grown = heap.length >= 6 && to > from * 1.15 + 8
if (heap.length >= 6) console.log(`heap ${from.toFixed(1)} MB in the middle, ${to.toFixed(1)} MB at the end`)
for (const finding of findings.values()) console.log(`✗ ${finding.times}× ${describeFinding(finding)}`)
if (grown) console.log('✗ the heap grows')
await watch.stop()
await world.close()
await database?.drop()
process.exit(findings.size > 0 || grown ? 1 : 0)

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
