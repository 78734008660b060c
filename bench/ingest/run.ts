// `npm run bench -- ingest`: logging metrics and drawing long ones, beside MLflow with one worker and as it is installed.
import { parseArgs } from 'node:util'
import { createClient } from '../support/client.ts'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'
import { startTrivium } from '../support/trivium.ts'
import {
  type Contestant,
  createRun,
  mlflowContestant,
  post,
  range,
  settled,
  startMlflow,
} from '../tracking/contestants.ts'
import { drawLong } from './draw-long.ts'
import { killWhileLogging } from './kill-while-logging.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Points of the curve that all draw, and of the one that is Trivium's alone. */
    points: { type: 'string', default: '200000' },
    long: { type: 'string', default: '10000000' },
  },
})
const rounds = Number(flags.rounds)
const points = Number(flags.points)
const long = Number(flags.long)
const report = createReport('ingest', 'Logging metrics')
const clients = 20
const ours = 'Trivium'

interface Work {
  readonly name: string
  /** Metrics of a request. */
  readonly metrics: number
  readonly atOnce: number
  readonly requests: number
  send(contestant: Contestant, run: string, turn: number): Promise<{ ms: number }>
}

const batch = (size: number, keys: number, run_id: string, turn: number) => ({
  run_id,
  metrics: range(size, (k) => {
    const at = turn * size + k
    return { key: `m${k % keys}`, value: Math.random(), timestamp: 1e12 + at, step: Math.floor(at / keys) }
  }),
})

const works: readonly Work[] = [
  {
    name: 'log-metric, one after the other',
    metrics: 1,
    atOnce: 1,
    requests: 1000,
    send: ({ client }, run_id, turn) =>
      client.call('POST', '/api/2.0/mlflow/runs/log-metric', {
        run_id,
        key: 'x',
        value: turn,
        timestamp: turn,
        step: turn,
      }),
  },
  {
    name: 'log-batch of 1000 metrics, 10 keys',
    metrics: 1000,
    atOnce: 1,
    requests: 10,
    send: ({ client }, run, turn) => client.call('POST', '/api/2.0/mlflow/runs/log-batch', batch(1000, 10, run, turn)),
  },
  {
    name: `${clients} clients, log-batch of 10 metrics`,
    metrics: 10,
    atOnce: clients,
    requests: 10,
    send: ({ client }, run, turn) => client.call('POST', '/api/2.0/mlflow/runs/log-batch', batch(10, 10, run, turn)),
  },
]

interface Measured {
  readonly times: number[]
  /** Metrics a second of each round. */
  readonly rates: number[]
  /** Requests that were refused; a peer gives up on some when many come at once. */
  refused: number
}

const nothing = (): Measured => ({ times: [], rates: [], refused: 0 })

/** Each client logs to a run of its own, one request after the other. */
async function measure(work: Work, one: Contestant, into: Measured, factor: number): Promise<void> {
  // One after the other: MLflow as installed has no connection left for twenty at once, and to make them is not what is measured.
  const runs: string[] = []
  for (let n = 0; n < work.atOnce; n += 1) runs.push(await createRun(one.client, `ingest ${n}`))
  const requests = Math.max(1, Math.round(work.requests * factor))
  const began = performance.now()
  let taken = 0
  await Promise.all(
    runs.map(async (run) => {
      for (let turn = 0; turn < requests; turn += 1) {
        try {
          into.times.push((await work.send(one, run, turn)).ms)
          taken += 1
        } catch (error) {
          // Ours are to be taken, all of them.
          if (one.name === ours) throw error
          into.refused += 1
        }
      }
    }),
  )
  into.rates.push((work.metrics * taken) / ((performance.now() - began) / 1000))
}

const closers: (() => Promise<void>)[] = []
try {
  const trivium = await startTrivium()
  closers.push(trivium.stop)
  const client = createClient(trivium.url, trivium.token)
  const { experiment_id: experiment } = await post<{ experiment_id: string }>(client, 'experiments/create', {
    name: 'ingest',
  })
  const contestants: Contestant[] = [{ name: ours, client, experiment, long: '' }]
  for (const [name, faster] of [
    ['MLflow, 1 worker', true],
    ['MLflow as installed', false],
  ] as const) {
    const mlflow = await startMlflow({ fill: true, faster, runs: 10, points })
    if (!mlflow) {
      report.say('MLflow could not be installed here.')
      break
    }
    closers.push(mlflow.stop)
    contestants.push({ ...mlflowContestant(mlflow), name })
    await settled(mlflow.pid)
  }
  await compareLogging(contestants)
  await drawLong({ report, trivium, contestants, points, long, rounds })
  const { acknowledged, lost } = await killWhileLogging()
  report.say(
    `Killed while ${clients} clients logged (SIGKILL, the same data directory again): ${show(acknowledged)} points were acknowledged, ${lost} of them are lost.`,
  )
  report.atMost('acknowledged points that are lost when the server is killed', lost, 0, '')
  report.write()
} finally {
  for (const close of closers.toReversed()) await close()
}

async function compareLogging(contestants: readonly Contestant[]): Promise<void> {
  const rows: string[][] = []
  for (const work of works) {
    const found = new Map(contestants.map(({ name }) => [name, nothing()] as const))
    for (const one of contestants) await measure(work, one, nothing(), 0.2)
    for (let round = 0; round < rounds; round += 1)
      for (const one of contestants) await measure(work, one, found.get(one.name) as Measured, 1)
    const [own, ...peers] = contestants.map(({ name }) => found.get(name) as Measured)
    if (!own) continue
    const rate = median(own.rates)
    for (const [index, { name }] of contestants.entries()) {
      const { times, rates, refused } = found.get(name) as Measured
      const ratio = index === 0 ? '' : `${show(median(times) / median(own.times))}×`
      const figures = [quantile(times, 0.5), quantile(times, 0.95), median(rates)].map(show)
      rows.push([work.name, name, ...figures, String(refused), ratio])
      console.log(rows.at(-1)?.join(' | '))
    }
    if (work.metrics === 1) {
      report.atLeast('log-metric, one after the other', rate, 2000, '/s')
      report.atMost('log-metric, p50', median(own.times), 2, ' ms')
    } else if (work.atOnce === 1) {
      report.atLeast('log-batch of 1000', rate, 100_000, ' metrics/s')
      for (const [index, peer] of peers.entries())
        report.atLeast(
          `log-batch of 1000, time of ${contestants[index + 1]?.name ?? ''} over ours`,
          median(peer.times) / median(own.times),
          15,
        )
    } else report.atLeast(work.name, rate, 20_000, ' metrics/s')
  }
  report.say(
    `Keep-alive, ${rounds} rounds of which each server has its turn; milliseconds of a request. SQLite each; Trivium with synchronous=FULL. MLflow with one worker runs without its job runner; as installed it has its own number of workers.`,
  )
  report.table('Logging', ['request', 'server', 'p50', 'p95', 'metrics/s', 'refused', 'p50 over ours'], rows)
}
