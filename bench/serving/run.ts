import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { median, quantile, show } from '../support/figures.ts'
import { createLoadGenerator, type LoadResult } from '../support/load.ts'
import { type Memory, memoryOf } from '../support/memory.ts'
import { projectPython } from '../support/peers.ts'
import { createReport } from '../support/report.ts'
import { startTrivium } from '../support/trivium.ts'
import { startBare, startFastApi, startMlServer } from './servers.ts'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
})
const seconds = Number(flags.seconds)
const rounds = Number(flags.rounds)
const connectionCounts = [1, 32, 128]

interface Contestant {
  readonly name: string
  readonly url: string
  readonly token?: string
  readonly memory: Memory
}

const folder = await mkdtemp(join(tmpdir(), 'trivium-bench-model-'))
const model = join(folder, 'forest.onnx')
const report = createReport('serving', 'Serving a forest')
const load = createLoadGenerator()
const closers: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
try {
  await measure()
} finally {
  for (const close of closers.toReversed()) await close()
}

async function measure(): Promise<void> {
  const contestants = await startAll()
  const body = requestBody()
  for (const one of contestants) await check(one, body)
  const alone = await modelAlone()
  const results = new Map<string, LoadResult[]>()
  for (const one of contestants) await load.run({ ...one, body, connections: 32, seconds: 3 })
  for (const connections of connectionCounts)
    for (let round = 0; round < rounds; round += 1)
      for (const one of contestants) {
        const result = await load.run({ ...one, body, connections, seconds })
        if (result.errors > 0) console.log(`${one.name}, ${connections} connections: ${result.errors} errors`)
        const key = `${one.name} ${connections}`
        results.set(key, [...(results.get(key) ?? []), result])
      }
  const of = (name: string, connections: number, figure: keyof LoadResult): number =>
    median((results.get(`${name} ${connections}`) ?? []).map((result) => result[figure]))
  showAll(contestants, of, alone)
}

async function startAll(): Promise<Contestant[]> {
  const trivium = await startTrivium()
  closers.push(trivium.stop)
  await promisify(execFile)(projectPython(), [join(import.meta.dirname, 'make_model.py'), model], {
    env: { ...process.env, ...trivium.env, GIT_PYTHON_REFRESH: 'quiet' },
  })
  const said = await trivium.cli('deploy', 'forest', '--model', 'forest/1', '--wait', '--json')
  const { inferenceUrl } = (JSON.parse(said) as { deployment: { inferenceUrl: string } }).deployment
  const contestants: Contestant[] = [
    {
      name: 'Trivium',
      url: `${inferenceUrl}/v2/models/forest/infer`,
      token: trivium.token,
      memory: memoryOf(trivium.pid),
    },
  ]
  const peers = { 'bare node:http': startBare, FastAPI: startFastApi, MLServer: startMlServer }
  for (const [name, start] of Object.entries(peers)) {
    if (flags.only !== '' && !flags.only.split(',').includes(name)) continue
    const running = await start(model)
    if (!running) {
      report.say(`${name} could not be installed here.`)
      continue
    }
    closers.push(running.stop)
    contestants.push({ name, url: `${running.url}/v2/models/forest/infer`, memory: memoryOf(running.pid) })
  }
  return contestants
}

function row(): number[] {
  return Array.from({ length: 30 }, (_, index) => Number(Math.sin(index * 1.7).toFixed(4)))
}

function requestBody(): string {
  return JSON.stringify({ inputs: [{ name: 'X', shape: [1, 30], datatype: 'FP32', data: row() }] })
}

/** All must say the same before any is measured. */
async function check({ name, url, token }: Contestant, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
  const response = await fetch(url, { method: 'POST', headers, body })
  const text = await response.text()
  if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`)
  const { outputs } = JSON.parse(text) as { outputs: { datatype: string; data: number[] }[] }
  const [no = Number.NaN, yes = Number.NaN] = outputs.find((output) => output.datatype === 'FP32')?.data ?? []
  if (!(Math.abs(no + yes - 1) < 1e-4)) throw new Error(`${name} gives no probabilities: ${text}`)
  console.log(`${name} says ${yes.toFixed(5)}`)
}

/** What the model itself takes for a row, in microseconds: what a request cannot be faster than. */
async function modelAlone(): Promise<number> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const times: number[] = []
  for (let index = 0; index < 5000; index += 1) {
    const began = performance.now()
    await session.run({ X: new Tensor('float32', Float32Array.from(row()), [1, 30]) })
    times.push((performance.now() - began) * 1000)
  }
  await session.release()
  return quantile(times.slice(1000), 0.5)
}

function showAll(
  contestants: readonly Contestant[],
  of: (name: string, connections: number, figure: keyof LoadResult) => number,
  alone: number,
): void {
  report.say(
    `Load by ${load.name}, ${seconds} s a run after a warm-up, median of ${rounds} runs, servers taking turns; all of it on the same cores.`,
  )
  for (const connections of connectionCounts)
    report.table(
      `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
      ['server', 'answers/s', 'Trivium is', 'p50 ms', 'p99 ms'],
      contestants.map(({ name }) => [
        name,
        show(of(name, connections, 'perSecond')),
        name === 'Trivium'
          ? ''
          : `${show(of('Trivium', connections, 'perSecond') / of(name, connections, 'perSecond'))}×`,
        show(of(name, connections, 'p50Ms')),
        show(of(name, connections, 'p99Ms')),
      ]),
    )
  report.table(
    'Memory at rest, with the model',
    ['server', 'processes', 'RSS MiB', 'PSS MiB'],
    contestants.map(({ name, memory }) => [name, show(memory.processes), show(memory.rss), show(memory.pss)]),
  )
  const beyond = (name: string): number => of(name, 1, 'p50Ms') * 1000 - alone
  report.table(
    'A lone request beyond the model',
    ['server', 'p50 µs'],
    contestants.map(({ name }) => [name, show(beyond(name))]),
  )
  report.say(`The model alone takes ${show(alone)} µs for a row in a Node process.`)
  const ratio = (peer: string, connections: number): number =>
    of('Trivium', connections, 'perSecond') / of(peer, connections, 'perSecond')
  const has = (peer: string): boolean => contestants.some(({ name }) => name === peer)
  for (const connections of [32, 128]) {
    const with_ = `, ${connections} connections`
    if (has('bare node:http')) {
      report.atLeast(`answers/s of the bare server${with_}`, ratio('bare node:http', connections) * 100, 60, ' %')
      report.atMost(
        `p99 of the bare server${with_}`,
        of('Trivium', connections, 'p99Ms') / of('bare node:http', connections, 'p99Ms'),
        2,
        '×',
      )
    }
    if (has('FastAPI')) report.atLeast(`answers/s of FastAPI${with_}`, ratio('FastAPI', connections), 2)
    if (has('MLServer')) report.atLeast(`answers/s of MLServer${with_}`, ratio('MLServer', connections), 6)
  }
  report.atMost('a lone request beyond the model, p50', beyond('Trivium'), 150, ' µs')
  report.write()
}
