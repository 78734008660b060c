import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sendTo, sharedPlaces, token } from '../../tests/chaos/installation.ts'
import { must, seedServer } from '../../tests/chaos/seed-server.ts'
import { startPostgres } from '../../packages/testing/src/start-postgres.ts'
import { show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'
import { startTrivium } from '../support/trivium.ts'
import { judge } from './judge.ts'
import { createMixedLoad, type Taken } from './mixed-load.ts'
import { type Sample, takeSample } from './sample.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    on: { type: 'string', default: 'postgres' },
    'sample-seconds': { type: 'string', default: '10' },
    /** Requests in a second; half of what the server can do where it is left out. */
    rate: { type: 'string' },
    /** Keeps every run; else those are deleted that 300 newer ones follow, so that a drift is none of the data. */
    growing: { type: 'boolean', default: false },
  },
})
const minutes = Number(flags.minutes ?? positionals[0] ?? 30)
const report = createReport('soak', `${minutes} minutes of mixed load`)

const places = flags.on === 'sqlite' ? { settings: {}, drop: async () => {} } : await sharedPlaces()
// As people run it: what is never cleaned up slows down by itself.
const postgres = flags.on === 'sqlite' ? undefined : await startPostgres({ durable: true })
const settings: Record<string, string> = { ...places.settings, ...(postgres && { TRIVIUM_DATABASE_URL: postgres.url }) }
const reports = await mkdtemp(join(tmpdir(), 'trivium-soak-'))
const server = await startTrivium([], {
  ...settings,
  TRIVIUM_ADMIN_TOKEN: token,
  TRIVIUM_LOG_LEVEL: 'silent',
  SOAK_REPORTS: reports,
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'report-heap.mjs')}`,
})
const databaseUrl = settings['TRIVIUM_DATABASE_URL']

const failures = new Map<string, number>()
const fail = (what: string): void => void failures.set(what, (failures.get(what) ?? 0) + 1)
const send = sendTo(() => new URL(server.url).port, fail)
const seeded = await seedServer(send).catch((error: Error) => {
  throw new Error(`The server could not be filled: ${[...failures.keys()].join('; ')}`, { cause: error })
})
const { deployment } = await must(send('GET', '/api/v1/projects/default/deployments/late')).then((answer) =>
  answer.deployment ? answer : { deployment: answer },
)
const taken: Taken[] = []
let began = Date.now()
const load = createMixedLoad(
  { url: server.url, inferenceUrl: deployment.inferenceUrl, token, send, seeded, growing: flags.growing },
  (kind, ms) => void taken.push({ kind, at: Date.now() - began, ms }),
  fail,
)

// What it can do with the slow work beside it: clients that wait for their answers.
const state = { over: false }
const slowly = load.slowly(() => state.over)
let rate = Number(flags.rate ?? 0)
if (rate === 0) {
  await sleep(5000)
  const end = Date.now() + 20_000
  let done = 0
  const client = async (): Promise<void> => {
    while (Date.now() < end) {
      await load.next()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, client))
  rate = done / 20 / 2
}
console.log(`${show(rate)} requests a second`)

taken.length = 0
began = Date.now()
const samples: Sample[] = []
const sampling = (async () => {
  while (!state.over) {
    const sample = await takeSample({ main: server.pid, reports, databaseUrl }, began)
    samples.push(sample)
    const of = (kind: string): string => {
      const one = sample.processes.find((process) => process.kind === kind)
      return one ? `${kind} ${show(one.rss)} MiB (heap ${show(one.heap)}), ${one.files} files` : `${kind} –`
    }
    console.log(`${sample.at.toFixed(1)} min: ${of('main')}; ${of('gateway')}; ${sample.connections} connections`)
    await sleep(Number(flags['sample-seconds']) * 1000)
  }
})()
let sent = 0
let waiting = 0
let late = 0
while (Date.now() - began < minutes * 60_000) {
  const due = Math.floor(((Date.now() - began) / 1000) * rate)
  for (; sent < due; sent += 1) {
    // A server that falls behind is not asked for more than it could ever answer.
    if (waiting >= 200) late += 1
    else {
      waiting += 1
      void load.next().finally(() => (waiting -= 1))
    }
  }
  await sleep(10)
}
state.over = true
await Promise.all([slowly, sampling])
judge(report, {
  samples,
  taken,
  failures,
  rate,
  given: flags.rate !== undefined,
  late,
  minutes,
  on: flags.on,
  growing: flags.growing,
})
report.write()
load.close()
await server.stop()
await rm(reports, { recursive: true, force: true })
await places.drop()
await postgres?.stop()
process.exit(0)
