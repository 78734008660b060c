import { parseArgs } from 'node:util'
import { createWorld } from '@trivium/testing'
import { startPostgres } from '../../packages/testing/src/start-postgres.ts'
import { createRun } from '../../packages/server/src/capabilities/tracking/runs.ts'
import { processorTime } from '../support/cpu.ts'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    clients: { type: 'string', default: '32' },
    offered: { type: 'string', default: '1000' },
  },
})
const report = createReport('events', 'Changes of state and their events on Postgres')
const clients = Number(flags.clients)
const offered = Number(flags.offered)
const milliseconds = Number(flags.seconds) * 1000

report.say(
  `${clients} clients in one process change state, each change a transaction of its own: one row, the least that there is, or a run as the API makes it (two looks, a row of the run, its tags). In every second round each change also appends its event, which is numbered, sealed and read by all consumers. ${flags.rounds} rounds of ${flags.seconds} s, the one in the middle counts; then the same while nobody reads the events, which is what the sequencer itself costs. Clients, server and Postgres share the cores. Once Postgres is durable, as people run it; once it is not, as in the tests, where no wait for a disk hides what events cost.`,
)
interface Round {
  readonly rate: number
  readonly delays: number[]
  /** Processor time a change in microseconds, until everybody has read its event: in this process and in Postgres. */
  readonly own: number
  readonly postgres: number
}

/** Measures on a Postgres of its own. */
async function measure(place: string, durable: boolean): Promise<void> {
  const database = await startPostgres({ durable })
  const world = await createWorld({ databaseUrl: database.url })
  const { db, events, sequencer, consumers, clock } = world.kernel
  const { scope } = await world.as('instance-admin')
  const experiment = await world.capabilities.tracking.createExperiment(scope, { name: 'bench', tags: [] })
  const silent = { ...events, append: async () => '' }

  let changes = 0
  /** One change of state by one client, whole: it is committed when this resolves. */
  const kinds = {
    'one row': async (withEvent: boolean): Promise<string> => {
      changes += 1
      const key = `change-${changes}`
      return db.write.transaction().execute(async (trx) => {
        await trx.insertInto('done_act').values({ project_id: 'default', key, result: '{}', at: 0 }).execute()
        return (withEvent ? events : silent).append(trx, {
          project: 'default',
          name: 'run.created',
          schema: 1,
          by: scope.principal.id,
          subject: `trivium://default/run/${key}`,
          refs: [],
          data: { name: key, experiment: experiment.id, title: `${key} bench`, fact: `${key} running` },
        })
      })
    },
    'a run as the API makes it': async (withEvent: boolean): Promise<string> => {
      const input = { experiment: experiment.id, user: 'bench', startTime: null, tags: [] }
      let event = ''
      const noting: typeof events = {
        ...events,
        append: async (trx, one) => (event = await (withEvent ? events : silent).append(trx, one)),
      }
      await createRun({ db, clock, events: noting } as Parameters<typeof createRun>[0], scope, input)
      return event
    },
  }
  type Kind = keyof typeof kinds

  /** When events were committed, and how far the seal was at which time: what came between is looked up after the round, so that looking costs the round little. */
  const committed = new Map<string, number>()
  let seals: { at: number; seq: number }[] = []
  let looking = false
  const lookAtSeal = async (): Promise<void> => {
    if (looking) return
    looking = true
    const { sealed_seq: seq } = await db.read.selectFrom('event_head').select('sealed_seq').executeTakeFirstOrThrow()
    seals.push({ at: performance.now(), seq })
    looking = false
  }
  sequencer.onSealed(() => void lookAtSeal())

  async function delaysSince(start: number): Promise<number[]> {
    const rows = await db.read
      .selectFrom('event')
      .select(['id', 'seq'])
      .where('seq', '>', start)
      .orderBy('seq')
      .execute()
    let next = 0
    return rows.flatMap(({ id, seq }) => {
      while (next < seals.length - 1 && (seals[next]?.seq ?? 0) < (seq ?? 0)) next += 1
      const at = committed.get(id)
      // It may be seen before the one who committed it hears of it.
      return at === undefined ? [] : [Math.max(0, (seals[next]?.at ?? 0) - at)]
    })
  }

  /** Clients change as fast as they can, or so that together they begin `perSecond`, whether those before are done or not. */
  async function round(
    kind: Kind,
    withEvent: boolean,
    options: { perSecond?: number; seals?: boolean; consumes?: boolean } = {},
  ): Promise<Round> {
    committed.clear()
    seals = []
    const start = await events.head(db.read)
    const before = processorTime()
    const begin = performance.now()
    let begun = 0
    const client = async (): Promise<void> => {
      for (;;) {
        const due = options.perSecond === undefined ? performance.now() : begin + (begun / options.perSecond) * 1000
        if (due >= begin + milliseconds) return
        begun += 1
        const early = due - performance.now()
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
        const id = await kinds[kind](withEvent)
        if (withEvent) committed.set(id, performance.now())
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    const rate = (begun / (performance.now() - begin)) * 1000
    if (withEvent && options.seals !== false) await sequencer.flush()
    if (withEvent && options.consumes !== false) {
      const head = await events.head(db.read)
      while ((await consumers.lagging(head)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const after = processorTime()
    await lookAtSeal()
    return {
      rate,
      delays: withEvent && options.seals !== false ? await delaysSince(start) : [],
      own: ((after.own - before.own) / begun) * 1000,
      postgres: ((after.children - before.children) / begun) * 1000,
    }
  }

  const middle = (rounds: readonly Round[], what: (one: Round) => number): number => median(rounds.map(what))
  const names = Object.keys(kinds) as Kind[]
  interface Compared {
    readonly with: Round[]
    readonly without: Round[]
  }
  const compare = async (consumes: boolean): Promise<Map<Kind, Compared>> => {
    const all = new Map<Kind, Compared>(names.map((kind) => [kind, { with: [], without: [] }]))
    for (const kind of names) await round(kind, true, { consumes })
    for (let n = 0; n < Number(flags.rounds); n += 1)
      for (const [kind, rounds] of all) {
        rounds.without.push(await round(kind, false))
        rounds.with.push(await round(kind, true, { consumes }))
      }
    return all
  }
  const full = await compare(true)
  const tell = (what: string, all: ReadonlyMap<Kind, Compared>): void => {
    report.table(
      `As fast as they can, ${what}, ${place}`,
      ['change', 'changes/s without events', 'with', 'ratio', 'commit to sealed p50, ms', 'p99'],
      [...all].map(([kind, rounds]) => {
        const [without, withEvents] = [
          middle(rounds.without, (one) => one.rate),
          middle(rounds.with, (one) => one.rate),
        ]
        const delays = rounds.with.flatMap((one) => one.delays)
        return [kind, without, withEvents, withEvents / without, quantile(delays, 0.5), quantile(delays, 0.99)].map(
          (cell) => (typeof cell === 'number' ? show(cell) : cell),
        )
      }),
    )
    for (const [kind, rounds] of all) {
      const ratio = middle(rounds.with, (one) => one.rate) / middle(rounds.without, (one) => one.rate)
      report.atLeast(`${place}, ${what}, throughput with events over without: ${kind}`, ratio, 0.75)
    }
  }
  tell('numbered, sealed and consumed', full)
  const paced = await round('one row', true, { perSecond: offered })

  report.table(
    `${show(offered)} changes of one row offered a second, ${place}`,
    ['done/s', 'commit to sealed p50, ms', 'p99', 'most'],
    [[show(paced.rate), ...[0.5, 0.99, 1].map((q) => show(quantile(paced.delays, q)))]],
  )
  for (const [kind, rounds] of full) {
    const withEvents = middle(rounds.with, (one) => one.rate)
    const delays = rounds.with.flatMap((one) => one.delays)
    report.atLeast(`${place}, with events, ${clients} clients: ${kind}`, withEvents, 1000, '/s')
    report.atMost(`${place}, p99 from commit to sealed, full throttle: ${kind}`, quantile(delays, 0.99), 200, 'ms')
  }
  report.atMost(
    `${place}, p99 from commit to sealed, ${show(offered)}/s offered`,
    quantile(paced.delays, 0.99),
    200,
    'ms',
  )

  // What is stopped does not start again.
  const costs: (readonly [string, Round])[] = [
    ['the change alone', await round('one row', false)],
    ['and numbered, sealed and consumed', await round('one row', true)],
  ]
  await consumers.stop()
  tell('numbered and sealed', await compare(false))
  costs.splice(1, 0, ['and numbered and sealed', await round('one row', true, { consumes: false })])
  await sequencer.stop()
  costs.splice(1, 0, ['and its event appended', await round('one row', true, { consumes: false, seals: false })])
  report.table(
    `Processor time for a change of one row, ${place}, µs`,
    ['what is done', 'server and client', 'Postgres'],
    costs.map(([name, { own, postgres }]) => [name, show(own), show(postgres)]),
  )
  await world.close()
  await database.stop()
}

await measure('durable', true)
await measure('not durable', false)
report.write()
process.exit(0)
