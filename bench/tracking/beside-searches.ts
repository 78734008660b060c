import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Client, createClient } from '../support/client.ts'
import { projectPython } from '../support/peers.ts'
import type { Trivium } from '../support/trivium.ts'
import { type Contestant, range } from './contestants.ts'

/** Milliseconds of each answer while five searches of a thousand runs begin every second. */
export interface BesideSearches {
  readonly searches: readonly number[]
  readonly trivial: readonly number[]
  readonly predictions: readonly number[]
}

export async function measureBesideSearches(
  { client, experiment }: Contestant,
  trivium: Trivium,
  seconds: number,
): Promise<BesideSearches> {
  const { gateway, body } = await deployForest(trivium)
  const searches: number[] = []
  let searching = true
  const other = createClient(trivium.url, trivium.token)
  const probe = async (ask: () => Promise<{ ms: number }>): Promise<number[]> => {
    const times: number[] = []
    while (searching) {
      times.push((await ask()).ms)
      await sleep(5)
    }
    return times
  }
  const probes = [
    probe(() => other.call('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0')),
    probe(() => gateway.call('POST', '/v2/models/forest/infer', body)),
  ]
  const began = performance.now()
  const running: Promise<unknown>[] = []
  for (let index = 0; index < seconds * 5; index += 1) {
    const search = client.call('POST', '/api/2.0/mlflow/runs/search', {
      experiment_ids: [experiment],
      max_results: 1000,
    })
    running.push(search.then(({ ms }) => searches.push(ms)))
    await sleep(Math.max(0, began + (index + 1) * 200 - performance.now()))
  }
  await Promise.all(running)
  searching = false
  const [trivial = [], predictions = []] = await Promise.all(probes)
  gateway.close()
  other.close()
  return { searches, trivial, predictions }
}

async function deployForest(trivium: Trivium): Promise<{ gateway: Client; body: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-bench-model-'))
  try {
    const script = join(import.meta.dirname, '../serving/make_model.py')
    await promisify(execFile)(projectPython(), [script, join(folder, 'forest.onnx')], {
      env: { ...process.env, ...trivium.env },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const said = await trivium.cli('deploy', 'forest', '--model', 'forest/1', '--wait', '--json')
  const { inferenceUrl } = (JSON.parse(said) as { deployment: { inferenceUrl: string } }).deployment
  const body = { inputs: [{ name: 'X', shape: [1, 30], datatype: 'FP32', data: range(30, Math.sin) }] }
  const gateway = createClient(inferenceUrl, trivium.token)
  for (let index = 0; index < 200; index += 1) await gateway.call('POST', '/v2/models/forest/infer', body)
  return { gateway, body }
}
