import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'
import { type Contestant, dagster, prefect, trivium } from './contestants.ts'

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(flags.rounds)
const report = createReport('steps', 'Pipeline steps')
const folder = await mkdtemp(join(tmpdir(), 'trivium-bench-steps-'))
const contestants: Contestant[] = []
try {
  contestants.push(await trivium(folder, 20))
  for (const [name, start] of Object.entries({ Prefect: prefect, dagster })) {
    const one = await start(folder, name === 'dagster' ? 5 : 20)
    if (one) contestants.push(one)
    else report.say(`${name} could not be installed here.`)
  }
  await measure()
} finally {
  for (const one of contestants) await one.stop()
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const warm = new Map<string, number[]>()
  const cached = new Map<string, number[]>()
  for (let round = 1; round <= rounds; round += 1)
    for (const one of contestants) {
      warm.set(one.name, [...(warm.get(one.name) ?? []), ...(await one.chain(round))])
      if (one.cached) cached.set(one.name, [...(cached.get(one.name) ?? []), ...(await one.cached(1000 + round))])
      console.log(
        `${one.name}: ${show(median(warm.get(one.name) ?? []))} ms, cached ${show(median(cached.get(one.name) ?? []))} ms`,
      )
    }
  const p50 = (times: Map<string, number[]>, name: string): number => median(times.get(name) ?? [])
  const head = (what: string) => ['tool', `${what} p50 ms`, 'p95 ms', 'over Trivium']
  const rows = (times: Map<string, number[]>): string[][] =>
    [...times].map(([name, figures]) => [
      name,
      show(median(figures)),
      show(quantile(figures, 0.95)),
      name === 'Trivium' ? '' : `${show(median(figures) / p50(times, 'Trivium'))}×`,
    ])
  report.say(
    `A chain of no-op Python steps, each waiting for the one before; ${rounds} rounds in which the tools take turns. Measured is the time from the end of one step's code to the beginning of the next one's: its result stored, the next step scheduled, its process ready. Trivium forks a process for each step; Prefect reuses two; dagster forks one.`,
  )
  report.table('Warm step, end of code to code of the next', head('warm'), rows(warm))
  report.table('Step that comes from the cache', head('cached'), rows(cached))
  report.atMost('warm Python step, p50', p50(warm, 'Trivium'), 20, ' ms')
  report.atMost('cached step', p50(cached, 'Trivium'), 5, ' ms')
  for (const [name, least] of [
    ['Prefect, process pool', 4],
    ['dagster, multiprocess', 20],
  ] as const)
    if (warm.has(name)) report.atLeast(`${name}, its time over ours`, p50(warm, name) / p50(warm, 'Trivium'), least)
  report.write()
}
