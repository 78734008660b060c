import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createClient } from '../support/client.ts'
import { projectPython } from '../support/peers.ts'
import { probe } from '../support/probe.ts'
import type { Trivium } from '../support/trivium.ts'
import { type Contestant, range } from './contestants.ts'

const forest = '/v2/models/forest/infer'

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
  const asked = { token: trivium.token, seconds: seconds + 1 }
  const probes = [
    probe({ ...asked, url: trivium.url, method: 'GET', path: '/api/2.0/mlflow/experiments/get?experiment_id=0' }),
    probe({ ...asked, url: gateway, method: 'POST', path: forest, body }),
  ]
  // They start and warm up.
  await sleep(1000)
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
  const [trivial = [], predictions = []] = await Promise.all(probes)
  return { searches, trivial, predictions }
}

async function deployForest(trivium: Trivium): Promise<{ gateway: string; body: unknown }> {
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
  const client = createClient(inferenceUrl, trivium.token)
  for (let index = 0; index < 200; index += 1) await client.call('POST', forest, body)
  client.close()
  return { gateway: inferenceUrl, body }
}
