import { parseArgs } from 'node:util'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'
import { startTrivium } from '../support/trivium.ts'
import { measureBesideSearches } from './beside-searches.ts'
import {
  type Contestant,
  createRun,
  fillTrivium,
  mlflowContestant,
  pointCount,
  post,
  range,
  runCount,
  settled,
  startMlflow,
} from './contestants.ts'

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const rounds = Number(flags.rounds)
const report = createReport('tracking', 'Tracking runs')

interface Path {
  readonly name: string
  readonly bar: number | undefined
  /** Milliseconds of each request of a round. */
  measure(contestant: Contestant): Promise<number[]>
}

const paths: readonly Path[] = [
  {
    name: 'log-batch of 1000 metrics, 10 keys',
    bar: 15,
    measure: async ({ client }) => {
      const run_id = await createRun(client, 'batches')
      return inTurn(10, (turn) =>
        client.call('POST', '/api/2.0/mlflow/runs/log-batch', {
          run_id,
          metrics: range(1000, (k) => {
            const at = turn * 1000 + k
            return { key: `m${k % 10}`, value: Math.random(), timestamp: 1e12 + at, step: Math.floor(at / 10) }
          }),
        }),
      )
    },
  },
  {
    name: 'log-metric',
    bar: undefined,
    measure: async ({ client }) => {
      const run_id = await createRun(client, 'metrics')
      return inTurn(40, (turn) =>
        client.call('POST', '/api/2.0/mlflow/runs/log-metric', {
          run_id,
          key: 'x',
          value: turn,
          timestamp: turn,
          step: turn,
        }),
      )
    },
  },
  {
    name: `runs/search, 1000 of ${show(runCount)} runs`,
    bar: 30,
    measure: async ({ client, experiment }) => {
      const answers = await inTurn(2, () =>
        client.call('POST', '/api/2.0/mlflow/runs/search', { experiment_ids: [experiment], max_results: 1000 }),
      )
      return answers
    },
  },
  {
    name: `chart, 320 points of ${show(pointCount)}`,
    bar: 50,
    measure: ({ client, long }) =>
      inTurn(2, () =>
        client.call(
          'GET',
          `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=${long}&metric_key=loss&max_results=320`,
        ),
      ),
  },
]

const closers: (() => Promise<void>)[] = []
try {
  const trivium = await startTrivium()
  closers.push(trivium.stop)
  const mlflow = await startMlflow({ fill: true })
  if (mlflow) closers.push(mlflow.stop)
  else report.say('MLflow could not be installed here.')
  console.log('filling Trivium by its API …')
  const ours = await fillTrivium(trivium)
  const contestants = [ours, ...(mlflow ? [mlflowContestant(mlflow)] : [])]
  if (mlflow) await settled(mlflow.pid)
  for (const contestant of contestants) await check(contestant)
  await compare(contestants)
  await beside(ours, trivium)
  report.write()
} finally {
  for (const close of closers.toReversed()) await close()
}

/** Both must hold the same before either is measured. */
async function check({ name, client, experiment, long }: Contestant): Promise<void> {
  const body = { experiment_ids: [experiment], max_results: 1000 }
  const { runs } = await post<{ runs: { data: { metrics: unknown[]; params: unknown[] } }[] }>(
    client,
    'runs/search',
    body,
  )
  const [first] = runs
  if (runs.length !== 1000 || first?.data.metrics.length !== 20 || first.data.params.length !== 20)
    throw new Error(`${name} finds ${runs.length} runs, the first with ${first?.data.metrics.length} metrics`)
  const path = `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=${long}&metric_key=loss&max_results=320`
  const { metrics } = JSON.parse((await client.call('GET', path)).body.toString()) as { metrics: unknown[] }
  console.log(`${name} answers with ${runs.length} runs and ${metrics.length} points`)
  if (metrics.length < 300) throw new Error(`${name} draws only ${metrics.length} points`)
}

async function compare(contestants: readonly Contestant[]): Promise<void> {
  const rows: string[][] = []
  for (const { name, bar, measure } of paths) {
    const times = new Map<string, number[]>()
    for (const one of contestants) await measure(one)
    for (let round = 0; round < rounds; round += 1)
      for (const one of contestants) times.set(one.name, [...(times.get(one.name) ?? []), ...(await measure(one))])
    const [ours = [], theirs = []] = contestants.map((one) => times.get(one.name) ?? [])
    const ratio = median(theirs) / median(ours)
    rows.push([
      name,
      show(median(ours)),
      show(quantile(ours, 0.95)),
      show(median(theirs)),
      show(quantile(theirs, 0.95)),
      theirs.length > 0 ? `${show(ratio)}×` : '',
    ])
    console.log(rows.at(-1)?.join(' | '))
    if (bar !== undefined && theirs.length > 0) report.atLeast(`${name}, MLflow's time over ours`, ratio, bar)
    if (name.startsWith('log-batch')) report.atLeast('metrics a second by log-batch', 1e6 / median(ours), 100_000, '/s')
  }
  report.say(
    `One client, keep-alive, ${rounds} rounds of which each server has its turn; times in milliseconds. Each run has 20 params, 20 metrics and 8 tags. MLflow runs with one worker and without its job runner, on SQLite, and has come to rest before.`,
  )
  report.table('Beside MLflow', ['request', 'Trivium p50', 'p95', 'MLflow p50', 'p95', 'ratio of p50'], rows)
}

async function beside(ours: Contestant, trivium: Parameters<typeof measureBesideSearches>[1]): Promise<void> {
  const { searches, trivial, predictions } = await measureBesideSearches(ours, trivium, 12)
  report.table(
    'While five searches of 1000 runs begin every second',
    ['request', 'answers', 'p50 ms', 'p99 ms'],
    Object.entries({
      'runs/search': searches,
      'experiments/get': trivial,
      'a prediction by the gateway': predictions,
    }).map(([name, times]) => [name, show(times.length), show(quantile(times, 0.5)), show(quantile(times, 0.99))]),
  )
  report.atMost('p99 of experiments/get beside searches', quantile(trivial, 0.99), 20, ' ms')
  report.atMost('p99 of a prediction beside searches', quantile(predictions, 0.99), 10, ' ms')
}

async function inTurn(count: number, ask: (turn: number) => Promise<{ ms: number }>): Promise<number[]> {
  const times: number[] = []
  for (let turn = 0; turn < count; turn += 1) times.push((await ask(turn)).ms)
  return times
}
