import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seedPipeline } from './pipeline-traffic.ts'
import type { Seeded, Send } from './traffic.ts'

const model = join(import.meta.dirname, '../../packages/server/src/drivers/onnx/fixtures/columns.onnx')
const api = (path: string) => `/api/v1/projects/default/${path}`

/** What a request gave that has to be answered. */
export async function must(what: Promise<any>): Promise<any> {
  const answer = await what
  if (answer === undefined) throw new Error('The server did not answer although nothing was killed.')
  return answer
}

/** Makes what the traffic needs: a run, a deployed model, a policy, a feature view. */
export async function seedServer(send: Send): Promise<Seeded> {
  await must(send('POST', api('people'), { name: 'trainer', kind: 'service', role: 'contributor' }))
  const { secret } = await must(send('POST', api('tokens'), { name: 'trainer', for: 'trainer' }))
  const { run } = await must(
    send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', start_time: 1, run_name: 'chaos' }, secret),
  )
  const id: string = run.info.run_id
  await must(
    send(
      'PUT',
      `/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/model/model.onnx`,
      new Uint8Array(await readFile(model)),
      secret,
    ),
  )
  await must(send('POST', '/api/2.0/mlflow/registered-models/create', { name: 'late' }, secret))
  await must(
    send(
      'POST',
      '/api/2.0/mlflow/model-versions/create',
      { name: 'late', source: `runs:/${id}/model`, run_id: id },
      secret,
    ),
  )
  await must(send('POST', api('deployments'), { name: 'late', model: 'late/1' }))
  await must(send('PUT', api('models/late/policy'), { approval: 'required' }))
  await must(
    send('PUT', api('feature-views/arrivals'), {
      keys: ['airport'],
      columns: { delay: 'number' },
      window: '3h',
      features: { arrivals: 'count(*)' },
    }),
  )
  await seedPipeline((...request) => must(send(...request)), id)
  return { run: id, trainerToken: secret }
}
