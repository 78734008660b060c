import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { median, show } from '../support/figures.ts'
import { cpuSeconds, type Memory, memoryOf } from '../support/memory.ts'
import { createReport } from '../support/report.ts'
import { startTrivium } from '../support/trivium.ts'
import { settled, startMlflow } from '../tracking/contestants.ts'

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, 'peer-rounds': { type: 'string', default: '2' } },
})
const report = createReport('rest', 'Start and rest')

interface Start {
  readonly startedIn: number
  /** Processor time that the start took, which a busy machine stretches less. */
  readonly work: number
  readonly memory: Memory
}

const starts: Record<string, () => Promise<Start | undefined>> = {
  Trivium: async () => {
    const began = performance.now()
    const server = await startTrivium()
    await (await fetch(`${server.url}/version`)).text()
    const startedIn = performance.now() - began
    const work = cpuSeconds(server.pid)
    // Longer than anything that it does after its start, or sometimes.
    await sleep(10_000)
    const memory = memoryOf(server.pid)
    await server.stop()
    return { startedIn, work, memory }
  },
  'MLflow, 1 worker, no job runner': () => startOfMlflow(true),
  'MLflow, as installed': () => startOfMlflow(false),
}

const seen = new Map<string, Start[]>()
for (let round = 0; round < Math.max(Number(flags.rounds), Number(flags['peer-rounds'])); round += 1)
  for (const [name, start] of Object.entries(starts)) {
    if (round >= Number(name === 'Trivium' ? flags.rounds : flags['peer-rounds'])) continue
    const one = await start().catch((error: Error) => {
      report.say(`${name} did not start: ${error.message.split('\n')[0]}`)
      return undefined
    })
    if (one) seen.set(name, [...(seen.get(name) ?? []), one])
    console.log(name, one)
  }
showAll()

async function startOfMlflow(faster: boolean): Promise<Start | undefined> {
  const server = await startMlflow({ fill: false, faster })
  if (!server) return undefined
  const work = cpuSeconds(server.pid)
  await settled(server.pid)
  const memory = memoryOf(server.pid)
  await server.stop()
  return { startedIn: server.startedIn, work, memory }
}

function showAll(): void {
  const of = (name: string, figure: (start: Start) => number): number => median((seen.get(name) ?? []).map(figure))
  report.say(
    'An empty data directory, all roles. Started is the time from the command to the first answer over HTTP. Memory is the sum over all processes once they have come to rest: RSS counts what processes share in each of them, PSS once.',
  )
  report.table(
    'Start and rest',
    ['server', 'first answer s', 'processor s until then', 'processes', 'RSS MiB', 'PSS MiB', 'RSS over Trivium'],
    [...seen.keys()].map((name) => [
      name,
      show(of(name, ({ startedIn }) => startedIn) / 1000),
      show(of(name, ({ work }) => work)),
      show(of(name, ({ memory }) => memory.processes)),
      show(of(name, ({ memory }) => memory.rss)),
      show(of(name, ({ memory }) => memory.pss)),
      name === 'Trivium'
        ? ''
        : `${show(of(name, ({ memory }) => memory.rss) / of('Trivium', ({ memory }) => memory.rss))}×`,
    ]),
  )
  report.atMost('start to first answer', of('Trivium', ({ startedIn }) => startedIn) / 1000, 2, ' s')
  report.atMost(
    'memory at rest, RSS of all processes',
    of('Trivium', ({ memory }) => memory.rss),
    150,
    ' MiB',
  )
  report.atMost(
    'memory at rest, PSS of all processes',
    of('Trivium', ({ memory }) => memory.pss),
    150,
    ' MiB',
  )
  report.write()
}
