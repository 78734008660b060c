import { mkdtemp, rm } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createWorld } from '@trivium/testing'
import { sql } from 'kysely'
import { startPostgres } from '../../packages/testing/src/start-postgres.ts'
import { show } from '../support/figures.ts'
import { onExit } from '../support/on-exit.ts'
import { createReport } from '../support/report.ts'
import { fillCatalogue } from './fill-catalogue.ts'
import { measurePages } from './measure-pages.ts'
import { measureRegistrations } from './measure-registrations.ts'

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: '450000' },
    experiments: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '15' },
    on: { type: 'string', default: 'sqlite,postgres' },
    /** 0 leaves the registrations out. */
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '40' },
  },
})
const models = Number(flags.models)
const experiments = Number(flags.experiments)
const rounds = Number(flags.rounds)
const seconds = Number(flags.minutes) * 60
const perSecond = Number(flags.rate)
const report = createReport('registry', 'A large catalogue of models')
report.say(
  `${models.toLocaleString('en-GB')} models with one version, a tag, an alias and an event each, one in a thousand deployed, and one model with 5,000 versions, in ${experiments.toLocaleString('en-GB')} experiments, in one project. Each page ${rounds} times, one after another, from the routing to the finished answer, without a network.`,
)

const data = await mkdtemp(join(tmpdir(), 'trivium-bench-registry-'))
onExit(() => rmSync(data, { recursive: true, force: true }))
if (flags.on.includes('sqlite')) {
  await pages('SQLite', undefined)
  if (seconds > 0) await registrations()
}
if (flags.on.includes('postgres')) {
  const database = await startPostgres({ durable: false })
  try {
    await pages('Postgres', database.url)
  } finally {
    await database.stop()
  }
}
report.write()
await rm(data, { recursive: true, force: true })
process.exit(0)

async function pages(place: string, databaseUrl: string | undefined): Promise<void> {
  const world = await createWorld(databaseUrl === undefined ? { data } : { databaseUrl })
  const client = await world.as('contributor')
  const began = performance.now()
  await fillCatalogue(world, { models, experiments, principal: client.principal.id })
  // Plans are made with what the database knows of its tables, as after any night.
  if (databaseUrl !== undefined) await world.kernel.db.write.transaction().execute((trx) => sql`analyze`.execute(trx))
  console.log(`${place} is filled in ${show((performance.now() - began) / 1000)} s`)
  const { rows, worst } = await measurePages(world, client, { models, rounds })
  report.table(`What a page takes on ${place}`, ['page', 'p50 ms', 'p95 ms', 'KiB'], rows)
  report.atMost(`any page of the catalogue on ${place}, p95`, worst, 200, ' ms')
  await world.close()
}

async function registrations(): Promise<void> {
  const found = await measureRegistrations(data, { perSecond, seconds, models: 2600 })
  const grown = found.bytesAfter - found.bytesBefore
  report.say(
    `Then ${show(perSecond)} registrations a second for ${show(seconds / 60)} min through \`trivium up\` on the same data (SQLite, \`synchronous=FULL\`), to 2,600 models in turn, each a signed version with a tag from a run's two files. Times count from when a registration was due.`,
  )
  report.table(
    'Registrations',
    ['offered', 'made', 'refused', 'p50 ms', 'p99 ms', 'longest ms', 'p99 of the last tenth'],
    [[found.offered, found.answered, found.refused, found.p50, found.p99, found.longest, found.lastP99].map(show)],
  )
  report.table(
    'The database file',
    ['before', 'after', 'a registration'],
    [
      [
        `${show(found.bytesBefore / 1e6)} MB`,
        `${show(found.bytesAfter / 1e6)} MB`,
        `${show(grown / Math.max(1, found.answered) / 1000)} kB`,
      ],
    ],
  )
  report.atLeast('registrations made a second', found.answered / seconds, perSecond * 0.999, '/s')
}
