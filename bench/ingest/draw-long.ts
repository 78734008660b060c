import { median, quantile, show } from '../support/figures.ts'
import type { createReport } from '../support/report.ts'
import type { Trivium } from '../support/trivium.ts'
import { type Contestant, createRun, post, range } from '../tracking/contestants.ts'

const batchSize = 1000
const clients = 4

interface Input {
  readonly report: ReturnType<typeof createReport>
  readonly trivium: Trivium
  readonly contestants: readonly Contestant[]
  readonly points: number
  readonly long: number
  readonly rounds: number
}

/** A chart of 320 points of a long curve: beside MLflow, of millions in the database, and of as many in a Parquet file. */
export async function drawLong({ report, trivium, contestants, points, long, rounds }: Input): Promise<void> {
  const [ours, ...peers] = contestants
  if (!ours) return
  const rows: string[][] = []
  const draw = async (one: Contestant, run: string, path = interval(run)): Promise<number[]> => {
    const times: number[] = []
    await one.client.call('GET', path)
    for (let turn = 0; turn < 2 * rounds; turn += 1) times.push((await one.client.call('GET', path)).ms)
    return times
  }
  const note = (curve: string, server: string, times: number[]): number => {
    rows.push([curve, server, show(quantile(times, 0.5)), show(quantile(times, 0.95))])
    console.log(rows.at(-1)?.join(' | '))
    return median(times)
  }
  const run = await fill(ours, points)
  const own = note(`320 of ${show(points)}`, ours.name, await draw(ours, run))
  report.atMost(`320 points of ${show(points)}`, own, 50, ' ms')
  for (const peer of peers) {
    const theirs = note(`320 of ${show(points)}`, peer.name, await draw(peer, peer.long))
    report.atLeast(`320 points of ${show(points)}, time of ${peer.name} over ours`, theirs / own, 50)
  }
  const many = await fill(ours, long)
  const inDatabase = note(`320 of ${show(long)}`, 'Trivium, in the database', await draw(ours, many))
  report.atMost(`320 points of ${show(long)}, in the database`, inDatabase, 300, ' ms')
  note(`320 of ${show(long)}, lows and highs`, 'Trivium, in the database', await draw(ours, many, curve(many)))
  const before = JSON.parse((await ours.client.call('GET', interval(many))).body.toString()) as object
  await post(ours.client, 'runs/update', { run_id: many, status: 'FINISHED', end_time: 1 })
  const began = performance.now()
  const moved = await trivium.cli('metrics', 'move', many)
  const movedIn = performance.now() - began
  const after = JSON.parse((await ours.client.call('GET', interval(many))).body.toString()) as object
  if (JSON.stringify(before) !== JSON.stringify(after))
    throw new Error('The chart of the file is not that of the database.')
  const inFile = note(`320 of ${show(long)}`, 'Trivium, in a Parquet file', await draw(ours, many))
  report.atMost(`320 points of ${show(long)}, in a Parquet file`, inFile, 300, ' ms')
  note(`320 of ${show(long)}, lows and highs`, 'Trivium, in a Parquet file', await draw(ours, many, curve(many)))
  report.table('Drawing 320 points of a long curve', ['curve', 'server', 'p50', 'p95'], rows)
  report.say(
    `Moving ${show(long)} points to the file took ${show(movedIn / 1000)} s; the chart was the same afterwards.\n\n${moved.trim()}`,
  )
}

const interval = (run: string): string =>
  `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=${run}&metric_key=loss&max_results=320`
const curve = (run: string): string => `/api/v1/projects/default/metric-series?runs=${run}&keys=loss&points=320`

/** A run with one long metric, by the API. */
async function fill({ client, name }: Contestant, count: number): Promise<string> {
  console.log(`${name}: logging ${show(count)} points …`)
  const run_id = await createRun(client, `long ${count}`)
  let next = 0
  await Promise.all(
    range(clients, async () => {
      while (next < count) {
        const from = next
        next += batchSize
        const metrics = range(Math.min(batchSize, count - from), (k) => {
          const step = from + k
          return { key: 'loss', value: Math.sin(step / 5000) + Math.random(), timestamp: 1.7e12 + step, step }
        })
        await post(client, 'runs/log-batch', { run_id, metrics })
      }
    }),
  )
  return run_id
}
