import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, interpreterOf, projectPython, startServer } from '../support/peers.ts'
import { startTrivium } from '../support/trivium.ts'

const here = import.meta.dirname
const run = promisify(execFile)

/** Something that runs a chain of no-op Python steps, each in a process that is not that of the scheduler. */
export interface Contestant {
  readonly name: string
  /** Milliseconds from the end of one step's code to the beginning of the next one's. */
  chain(round: number): Promise<number[]>
  /** Milliseconds a step that was run before with the same inputs; undefined where there is no such thing. */
  cached?(round: number): Promise<number[]>
  stop(): Promise<void>
}

export async function trivium(folder: string, count: number): Promise<Contestant> {
  const server = await startTrivium(['--python', projectPython()])
  const pipeline = join(folder, 'pipeline')
  await mkdir(pipeline)
  await copyFile(join(here, 'pipeline/chain.py'), join(pipeline, 'chain.py'))
  const file = join(pipeline, 'pipeline.yaml')
  await writeFile(file, definition(count))
  const start = async (round: number): Promise<string> => {
    const said = await server.cli('run', file, '--param', `round=${round}`, '--wait', '--json')
    const { id } = JSON.parse(said.trim().split('\n').at(-1) ?? '{}') as { id?: string }
    if (id === undefined) throw new Error(`trivium run said: ${said.slice(-500)}`)
    return id
  }
  const read = async (path: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${server.token}` }
    return (await fetch(`${server.url}/api/v1/projects/default/pipeline-runs/${path}`, { headers })).json()
  }
  return {
    name: 'Trivium',
    // Steps are contained and write to no file of ours; what they print is in their logs.
    chain: async (round) => {
      const id = await start(round)
      const ticks: string[] = []
      for (let step = 0; step < count; step += 1) {
        const { lines } = (await read(`${id}/steps/s${step}/log`)) as { lines: { text: string }[] }
        ticks.push(...lines.flatMap(({ text }) => (text.startsWith('TICK ') ? [text.slice('TICK '.length)] : [])))
      }
      return gapsOf(ticks)
    },
    cached: async (round) => {
      await start(round)
      const found = (await read(await start(round))) as {
        startedAt: number
        finishedAt: number
        steps: { state: string }[]
      }
      if (found.steps.some(({ state }) => state !== 'cached'))
        throw new Error('a step that should come from the cache was run')
      return [(found.finishedAt - found.startedAt) / found.steps.length]
    },
    stop: server.stop,
  }
}

function definition(count: number): string {
  const step = (index: number): string =>
    [
      `  s${index}:`,
      '    run: chain:tick',
      ...(index === 0 ? [] : [`    in: { before: steps.s${index - 1}.done }`]),
      '    params: [round]',
      '    out: { done: value }',
    ].join('\n')
  return `name: chain
params:
  round: 0
code: [chain.py]
steps:
${Array.from({ length: count }, (_, index) => step(index)).join('\n')}
`
}

/** With a server of its own beside it, as its documentation says, and a pool of two processes. */
export async function prefect(folder: string, count: number): Promise<Contestant | undefined> {
  const python = interpreterOf('prefect')
  if (!python) return undefined
  const port = await freePort()
  const env = {
    PREFECT_HOME: join(folder, 'prefect'),
    PREFECT_API_URL: `http://127.0.0.1:${port}/api`,
    PREFECT_LOGGING_LEVEL: 'ERROR',
    DO_NOT_TRACK: '1',
    PREFECT_SERVER_ANALYTICS_ENABLED: 'false',
  }
  const args = ['server', 'start', '--host', '127.0.0.1', '--port', String(port)]
  const command = join(dirname(python), 'prefect')
  const server = await startServer({ command, args, port, path: '/api/health', env })
  const log = join(folder, 'prefect.log')
  const start = (round: number, mode: string) =>
    run(python, [join(here, 'prefect_chain.py'), log, String(count), String(round), mode], {
      env: { ...process.env, ...env },
    })
  return {
    name: 'Prefect, process pool',
    chain: async (round) => {
      await rm(log, { force: true })
      await start(round, 'fresh')
      return gaps(log)
    },
    cached: async (round) => {
      await start(round, 'cached')
      const { stdout } = await start(round, 'cached')
      return [...stdout.matchAll(/^TASK (\S+)$/gm)].map(([, seconds]) => Number(seconds) * 1000).slice(2)
    },
    stop: server.stop,
  }
}

/** A process a step, forked from a server that has dagster loaded: its faster way. */
export async function dagster(folder: string, count: number): Promise<Contestant | undefined> {
  const python = interpreterOf('dagster')
  if (!python) return undefined
  const home = join(folder, 'dagster')
  await mkdir(home)
  await writeFile(join(home, 'dagster.yaml'), 'telemetry:\n  enabled: false\n')
  const log = join(folder, 'dagster.log')
  return {
    name: 'dagster, multiprocess',
    chain: async () => {
      await rm(log, { force: true })
      await run(python, [join(here, 'dagster_chain.py'), log, String(count)], {
        env: { ...process.env, DAGSTER_HOME: home, BENCH_LOG: log, BENCH_COUNT: String(count) },
        maxBuffer: 64 * 1024 * 1024,
      })
      return gaps(log)
    },
    stop: async () => {},
  }
}

const gaps = async (log: string): Promise<number[]> => gapsOf((await readFile(log, 'utf8')).trim().split('\n'))

/** Milliseconds between the lines "BEGIN END" of a chain. The first two gaps are where processes are started that are used again afterwards. */
function gapsOf(lines: readonly string[]): number[] {
  const ticks = lines.map((line) => line.split(' ').map(Number))
  return ticks
    .slice(1)
    .map(([begin = 0], index) => (begin - (ticks[index]?.[1] ?? 0)) * 1000)
    .slice(2)
}
