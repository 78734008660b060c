import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client, World } from '@trivium/testing'
import type { Contents } from './make-request.ts'
import type { Pool } from './sample-schema.ts'

const fixtures = join(import.meta.dirname, '../../packages/server/src')
const at = '/api/v1/projects/default'
const csv = 'at,n,name\n2001-01-01 00:00:00,1,a\n2001-01-02 00:00:00,2,b\n'
const jsonl = '{"at":"2001-01-01 00:00:00","n":1}\n{"at":"2001-01-02 00:00:00","n":null}\n'

/** A project with a few of everything, so that requests get further than to «does not exist»; returns files to be uploaded. `serve` adds a deployment with a gateway. */
export async function fillProject(
  world: World,
  client: Client,
  pool: Pool,
  options: { serve: boolean },
): Promise<Contents> {
  const must = async (...args: Parameters<Client['call']>) => {
    const answer = await client.call(...args)
    if (answer.status >= 300) throw new Error(`${args[0]} ${args[1]}: ${answer.status} ${answer.text}`)
    pool.learn(answer.json)
    return answer.json
  }
  await must('POST', `${at}/datasets/readings/versions?format=csv&event_time=at`, csv, { 'content-type': 'text/csv' })
  await must('PUT', `${at}/feature-views/arrivals`, {
    keys: ['airport'],
    columns: { delay: 'number' },
    window: '3h',
    features: { mean_delay: 'avg(delay)' },
  })
  const { run } = await must('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', start_time: 1 })
  const run_id = run.info.run_id as string
  await must('POST', '/api/2.0/mlflow/runs/log-batch', {
    run_id,
    metrics: [{ key: 'loss', value: 0.5, timestamp: 1000, step: 1 }],
    params: [{ key: 'rate', value: '0.1' }],
    tags: [{ key: 'about', value: 'fuzz' }],
  })
  const model = await readFile(join(fixtures, 'drivers/onnx/fixtures/columns.onnx'))
  await must('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run_id}/artifacts/model/model.onnx`, model)
  await must('POST', '/api/2.0/mlflow/registered-models/create', { name: 'late' })
  const version = { name: 'late', source: `runs:/${run_id}/model`, run_id }
  await must('POST', '/api/2.0/mlflow/model-versions/create', version)
  await must('POST', '/api/2.0/mlflow/registered-models/alias', { name: 'late', alias: 'best', version: '1' })
  const yaml = "name: check\nsteps:\n  check:\n    kind: validate\n    in: {dataset: 'dataset:readings@latest'}\n"
  await must('PUT', `${at}/pipelines/check`, { yaml, files: {} })
  await must('POST', `${at}/people`, { name: 'robot', kind: 'service', role: 'contributor' })
  if (options.serve) {
    await must('POST', `${at}/deployments`, { name: 'delays', model: 'late/1' })
    const inputs = { origin: 'ORD', distance: 500, hour: 3, recent_delay: 1 }
    await must('POST', '/deployments/delays/predict', { rows: [{ id: 'p1', eventTime: world.time.now, inputs }] })
  }
  pool.learn({
    name: ['late', 'readings', 'arrivals', 'check', 'loss', 'about'],
    path: ['model/model.onnx', 'model'],
    model: ['late', 'late/1', 'late@best'],
    project: ['default'],
  })
  return { files: [Buffer.from(csv), Buffer.from(jsonl), model, await storedParquet(world)] }
}

/** A Parquet file that the server has made of the rows. */
async function storedParquet({ kernel }: World): Promise<Uint8Array> {
  for await (const { project, digest } of kernel.blobs.list()) {
    const bytes = await kernel.blobs.read(project, digest)
    if (bytes.subarray(0, 4).toString() === 'PAR1') return bytes
  }
  throw new Error('The world holds no Parquet file.')
}
