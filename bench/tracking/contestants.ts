import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Client, createClient } from '../support/client.ts'
import { cpuSeconds } from '../support/memory.ts'
import { freePort, interpreterOf, type Running, startServer } from '../support/peers.ts'
import type { Trivium } from '../support/trivium.ts'

export const runCount = 5000
export const pointCount = 200_000

/** A server with the same runs in it as the others. */
export interface Contestant {
  readonly name: string
  readonly client: Client
  /** The experiment with the runs, and the run with the long curve. */
  readonly experiment: string
  readonly long: string
}

export async function post<T>(client: Client, path: string, body: unknown): Promise<T> {
  const answer = await client.call('POST', `/api/2.0/mlflow/${path}`, body)
  return JSON.parse(answer.body.toString()) as T
}

export async function createRun(client: Client, name: string, experiment = '0', at = Date.now()): Promise<string> {
  const body = { experiment_id: experiment, run_name: name, start_time: at }
  const made = await post<{ run: { info: { run_id: string } } }>(client, 'runs/create', body)
  return made.run.info.run_id
}

/** Through the API, as clients do it. */
export async function fillTrivium({ url, token }: Trivium): Promise<Contestant> {
  const client = createClient(url, token)
  const { experiment_id: experiment } = await post<{ experiment_id: string }>(client, 'experiments/create', {
    name: 'five thousand',
  })
  const start = 1_700_000_000_000
  let next = 0
  const work = async (): Promise<void> => {
    while (next < runCount) {
      const index = next
      next += 1
      const run_id = await createRun(client, `r${index}`, experiment, start + index)
      await post(client, 'runs/log-batch', {
        run_id,
        metrics: range(20, (k) => ({ key: `metric_${k}`, value: Math.random(), timestamp: start, step: 0 })),
        params: range(20, (k) => ({ key: `param_${k}`, value: `value ${index % 7} ${k}` })),
        tags: range(8, (k) => ({ key: `tag_${k}`, value: `t${index % 5}` })),
      })
      await post(client, 'runs/update', { run_id, status: 'FINISHED', end_time: start + index + 1000 })
    }
  }
  await Promise.all(range(16, work))
  const long = await createRun(client, 'long', experiment, start - 1)
  for (let from = 0; from < pointCount; from += 1000)
    await post(client, 'runs/log-batch', {
      run_id: long,
      metrics: range(1000, (k) => ({ key: 'loss', value: Math.random(), timestamp: start + from + k, step: from + k })),
    })
  return { name: 'Trivium', client, experiment, long }
}

export interface MlflowServer extends Running {
  readonly folder: string
  /** The experiment and the long run, where it was filled. */
  readonly filled: string
}

/** MLflow's server as it is installed, or in its faster configuration: one worker, its job runner off. */
export async function startMlflow({
  fill,
  faster = true,
  runs = runCount,
  points = pointCount,
}: {
  fill: boolean
  faster?: boolean
  /** How many runs it is filled with, and the points of the long one. */
  runs?: number
  points?: number
}): Promise<MlflowServer | undefined> {
  const python = interpreterOf('mlflow')
  if (!python) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'trivium-bench-mlflow-'))
  const database = join(folder, 'mlflow.db')
  const port = await freePort()
  const seed = [join(import.meta.dirname, 'seed_mlflow.py'), database, join(folder, 'artifacts')]
  const filled = fill ? (await promisify(execFile)(python, [...seed, String(runs), String(points)])).stdout.trim() : ''
  const command = join(dirname(python), 'mlflow')
  const stores = ['--backend-store-uri', `sqlite:///${database}`, '--artifacts-destination', join(folder, 'artifacts')]
  const running = await startServer({
    command,
    args: ['server', '--host', '127.0.0.1', '--port', String(port), ...(faster ? ['--workers', '1'] : []), ...stores],
    port,
    path: '/version',
    cwd: folder,
    env: {
      ...(faster ? { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' } : {}),
      MLFLOW_DISABLE_TELEMETRY: 'true',
      PATH: `${dirname(python)}:${process.env['PATH'] ?? ''}`,
    },
  })
  return {
    ...running,
    folder,
    filled,
    stop: async () => {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function mlflowContestant({ url, filled }: MlflowServer): Contestant {
  const [experiment = '', long = ''] = filled.split(/\s+/).slice(-2)
  return { name: 'MLflow', client: createClient(url), experiment, long }
}

/** Resolves when a server has used less than a twentieth of a core for three seconds, or after a minute and a half. */
export async function settled(pid: number): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) {
    const before = cpuSeconds(pid)
    await sleep(3000)
    if (cpuSeconds(pid) - before < 0.15) return
  }
}

export function range<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
