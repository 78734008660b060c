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
  await fillNotes(must, run_id)
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

type Must = (...args: Parameters<Client['call']>) => Promise<any>

/** Reports, ideas, notes, a console, a trace and an evaluation dataset, so that there are ids of each. */
async function fillNotes(must: Must, run: string): Promise<void> {
  const started = await must('POST', `${at}/runs`, { experiment: 'noted', params: { depth: '3' } })
  const line = { at: 1000, stream: 'stderr', text: 'ValueError: a\u001b[2J' }
  await must('POST', `${at}/runs/${started.id}/console`, { first: 0, lines: [line] })
  await must('POST', `${at}/runs/${started.id}/end`, { status: 'FAILED' })
  await must('GET', `${at}/runs/${started.id}/drafts`)
  const idea = await must('POST', `${at}/experiments/${started.experimentId}/ideas`, { title: 'Deeper' })
  await must('POST', `${at}/ideas/${idea.id}/runs`, { runs: [run] })
  const text = `# Delays\n\n${'```'}panel\nkind: curves\nmetrics: loss\n${'```'}\n`
  const report = await must('POST', `${at}/reports`, { title: 'Delays', text })
  await must('POST', `${at}/reports/${report.id}/comments`, { text: 'Why?' })
  const { dataset } = await must('POST', '/api/3.0/mlflow/datasets/create', { name: 'questions' })
  const records = JSON.stringify([{ inputs: { question: 'storms?' }, expectations: { answer: 'yes' } }])
  await must('POST', `/api/3.0/mlflow/datasets/${dataset.dataset_id}/records`, { records })
  const trace_location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } }
  const trace_info = { trace_id: 'tr-1', trace_location, request_time: '2001-02-03T04:05:06Z', state: 'OK' }
  await must('POST', '/api/3.0/mlflow/traces', { trace: { trace_info } })
  await must('POST', '/api/3.0/mlflow/traces/tr-1/assessments', {
    assessment: {
      assessment_name: 'correct',
      trace_id: 'tr-1',
      source: { source_type: 'HUMAN', source_id: 'ann' },
      feedback: { value: true },
    },
  })
}

/** A Parquet file that the server has made of the rows. */
async function storedParquet({ kernel }: World): Promise<Uint8Array> {
  for await (const { project, digest } of kernel.blobs.list()) {
    const bytes = await kernel.blobs.read(project, digest)
    if (bytes.subarray(0, 4).toString() === 'PAR1') return bytes
  }
  throw new Error('The world holds no Parquet file.')
}
