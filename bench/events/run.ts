import { parseArgs } from 'node:util'
import { createPostgresDatabase, createWorld } from '@trivium/testing'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '32' },
  },
})
const report = createReport('events', 'Changes of state and their events on Postgres')
const clients = Number(flags.clients)
const milliseconds = Number(flags.seconds) * 1000

const database = await createPostgresDatabase()
const world = await createWorld({ databaseUrl: database.url })
const { db, events, sequencer } = world.kernel

/** When events were committed, until they are seen sealed. */
const committed = new Map<string, number>()
const delays: number[] = []
let seen = await events.head(db.read)
let looking = false
sequencer.onSealed(() => void look())

/** What a consumer would find now, and how long ago it was committed. */
async function look(): Promise<void> {
  if (looking) return
  looking = true
  for (;;) {
    const { sealed_seq: sealed } = await db.read.selectFrom('event_head').select('sealed_seq').executeTakeFirstOrThrow()
    if (sealed <= seen) break
    const rows = await db.read
      .selectFrom('event')
      .select('id')
      .where('seq', '>', seen)
      .where('seq', '<=', sealed)
      .execute()
    const now = performance.now()
    for (const { id } of rows) {
      const at = committed.get(id)
      // It was seen before the one who committed it heard of it.
      if (at !== undefined) delays.push(now - at)
      else delays.push(0)
      committed.delete(id)
    }
    seen = sealed
  }
  looking = false
}

let keys = 0
/** One change of state by one client: a row, and with it an event or none. */
async function change(withEvent: boolean): Promise<void> {
  keys += 1
  const key = `change-${keys}`
  const id = await db.write.transaction().execute(async (trx) => {
    await trx.insertInto('done_act').values({ project_id: 'default', key, result: '{}', at: 0 }).execute()
    if (!withEvent) return undefined
    return events.append(trx, {
      project: 'default',
      name: 'watermark.advanced',
      schema: 1,
      by: 'bench',
      subject: 'trivium://default/project/default',
      refs: [],
      data: { from: null, to: keys },
    })
  })
  if (id !== undefined) committed.set(id, performance.now())
}

async function round(withEvent: boolean): Promise<number> {
  const begin = performance.now()
  const end = begin + milliseconds
  let done = 0
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      await change(withEvent)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const rate = (done / (performance.now() - begin)) * 1000
  await sequencer.flush()
  await look()
  return rate
}

const rates: Record<'with' | 'without', number[]> = { with: [], without: [] }
await round(true)
delays.length = 0
for (let n = 0; n < Number(flags.rounds); n += 1) {
  rates.without.push(await round(false))
  rates.with.push(await round(true))
}
const [withEvents, without] = [median(rates.with), median(rates.without)]
report.say(
  `${clients} clients change rows in one process, each change a transaction of its own; in every second round each also appends an event, which is numbered and sealed. ${flags.rounds} rounds of ${flags.seconds} s. Postgres on the same cores with its durability off, as in the tests: waits for a disk would hide what events cost.`,
)
report.table(
  'Changes of state',
  ['round', 'changes/s'],
  [
    ['without events', show(without)],
    ['with events', show(withEvents)],
  ],
)
report.table(
  'From commit to sealed, ms',
  ['p50', 'p99', 'most'],
  [[show(quantile(delays, 0.5)), show(quantile(delays, 0.99)), show(quantile(delays, 1))]],
)
report.atLeast('state changes with events, 32 clients', withEvents, 1000, '/s')
report.atMost('p99 from commit to sealed', quantile(delays, 0.99), 200, 'ms')
report.atLeast('throughput with events over without', withEvents / without, 0.75)
report.write()
await world.close()
await database.drop()
process.exit(0)
