import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClientServer, startClientServer, token } from '../client-server.ts'

let server: ClientServer
beforeAll(async () => {
  server = await startClientServer()
})
afterAll(() => server?.stop())

/** Credentials as either client sends them: a token, or a name with the token as password. */
const bearer = `Bearer ${token}`
const basic = `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`

function caller(agent: string, authorization: string, type: string) {
  return async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<any> => {
    const answer = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
      method,
      headers: { authorization, 'user-agent': agent, ...(body ? { 'content-type': type } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const json = (await answer.json()) as object
    return answer.ok ? json : { status: answer.status, ...json }
  }
}

// Protobuf's JSON as the Java client prints it: 64-bit numbers are text, defaults are left out, answers may hold fields that it does not know.
test("Java's client: experiment, run, metrics, parameters, tags, artifacts, models, as its protobuf JSON says them", async () => {
  const java = caller('mlflow-java-client/3.17.2', basic, 'application/json; charset=UTF-8')
  const { experiment_id: experiment } = await java('POST', 'experiments/create', { name: 'java' })
  expect((await java('GET', `experiments/get-by-name?experiment_name=java`)).experiment.experiment_id).toBe(experiment)
  const now = Date.now()
  const { run } = await java('POST', 'runs/create', {
    experiment_id: experiment,
    user_id: 'duke',
    start_time: String(now),
  })
  const id = run.info.run_id as string
  expect(run.info).toMatchObject({ run_uuid: id, user_id: 'duke', status: 'RUNNING', start_time: now })
  await java('POST', 'runs/log-parameter', { run_uuid: id, run_id: id, key: 'depth', value: '3' })
  await java('POST', 'runs/log-metric', {
    run_uuid: id,
    run_id: id,
    key: 'loss',
    value: 0.5,
    timestamp: String(now),
    step: '1',
  })
  await java('POST', 'runs/log-metric', { run_uuid: id, run_id: id, key: 'odd', value: 'NaN', timestamp: String(now) })
  await java('POST', 'runs/log-batch', {
    run_id: id,
    metrics: [{ key: 'loss', value: 0.25, timestamp: String(now), step: '2' }],
    params: [{ key: 'seed', value: '7' }],
    tags: [{ key: 'team', value: 'ops' }],
  })
  await java('POST', 'runs/set-tag', { run_uuid: id, run_id: id, key: 'mlflow.runName', value: 'from Java' })
  await java('POST', 'runs/update', { run_uuid: id, run_id: id, status: 'FINISHED', end_time: String(now + 5) })
  const read = (await java('GET', `runs/get?run_uuid=${id}&run_id=${id}`)).run
  expect(read.info).toMatchObject({ run_name: 'from Java', status: 'FINISHED', end_time: now + 5 })
  expect(read.data.metrics).toEqual([
    { key: 'loss', value: 0.25, timestamp: now, step: 2 },
    { key: 'odd', value: 'NaN', timestamp: now, step: 0 },
  ])
  const history = await java('GET', `metrics/get-history?run_uuid=${id}&run_id=${id}&metric_key=loss`)
  expect(history.metrics.map((m: { step: number }) => m.step)).toEqual([1, 2])
  const found = await java('POST', 'runs/search', {
    experiment_ids: [experiment],
    filter: "params.depth = '3'",
    run_view_type: 'ACTIVE_ONLY',
    max_results: 1000,
    order_by: ['metrics.loss DESC'],
  })
  expect(found.runs).toHaveLength(1)
  expect((await java('GET', `artifacts/list?run_id=${id}&run_uuid=${id}&path=`)).root_uri).toContain(id)
  await java('POST', 'registered-models/create', { name: 'java model' })
  const source = `${run.info.artifact_uri as string}/model`
  await fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${id}/artifacts/model/MLmodel`, {
    method: 'PUT',
    headers: { authorization: basic },
    body: 'flavors: {}\n',
  })
  const made = await java('POST', 'model-versions/create', { name: 'java model', source, run_id: id })
  expect(made.model_version.version).toBe('1')
  const latest = await java('POST', 'registered-models/get-latest-versions', { name: 'java model', stages: ['None'] })
  expect(latest.model_versions).toHaveLength(1)
  expect((await java('GET', 'model-versions/get-download-uri?name=java%20model&version=1')).artifact_uri).toContain(
    'mlflow-artifacts:',
  )
  const unknown = await java('GET', 'runs/get?run_id=nobody')
  expect([unknown.status, unknown.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
})

// R's client has no integers of 64 bits: times and steps are numbers with decimals or text, and it names the experiment in the query.
test("R's client: the tutorial of a run, with its numbers as R writes them", async () => {
  const r = caller('mlflow/3.17.2 (r-client)', bearer, 'application/json')
  const { experiment_id: experiment } = await r('POST', 'experiments/create', { name: 'r', artifact_location: null })
  expect((await r('GET', `experiments/get?experiment_id=${experiment}`)).experiment.name).toBe('r')
  const listed = await r('POST', 'experiments/search', { view_type: 'ACTIVE_ONLY', max_results: 100 })
  expect(listed.experiments.map((one: { name: string }) => one.name)).toContain('r')
  const now = 1_700_000_000_000
  const { run } = await r('POST', 'runs/create', {
    experiment_id: experiment,
    start_time: now,
    tags: [
      { key: 'mlflow.user', value: 'ross' },
      { key: 'mlflow.source.type', value: 'LOCAL' },
    ],
  })
  const run_id = run.info.run_id as string
  await r('POST', 'runs/log-parameter', { run_id, run_uuid: run_id, key: 'alpha', value: '0.5' })
  for (const [i, value] of [0.9, '0.5', 'Infinity'].entries())
    await r('POST', 'runs/log-metric', {
      run_id,
      run_uuid: run_id,
      key: 'mae',
      value,
      timestamp: `${now + i}`,
      step: i,
    })
  await r('POST', 'runs/set-tag', { run_id, run_uuid: run_id, key: 'estimator', value: 'glmnet' })
  await r('POST', 'runs/delete-tag', { run_id, key: 'estimator' })
  await r('POST', 'runs/update', { run_id, run_uuid: run_id, status: 'FINISHED', end_time: now + 1000 })
  const read = (await r('GET', `runs/get?run_id=${run_id}&run_uuid=${run_id}`)).run
  expect(read.data.metrics).toEqual([{ key: 'mae', value: 1.7976931348623157e308, timestamp: now + 2, step: 2 }])
  expect(read.data.tags.map((t: { key: string }) => t.key)).not.toContain('estimator')
  const found = await r('POST', 'runs/search', {
    experiment_ids: [experiment],
    filter: '',
    run_view_type: 'ACTIVE_ONLY',
    max_results: 100,
    order_by: [],
  })
  expect(found.runs[0].info.run_id).toBe(run_id)
  await r('POST', 'registered-models/create', { name: 'r-model', tags: [], description: 'from R' })
  await r('PATCH', 'registered-models/update', { name: 'r-model', description: 'again' })
  const models = (await r('GET', 'registered-models/search?max_results=100')).registered_models as { name: string }[]
  expect(models.find(({ name }) => name === 'r-model')).toMatchObject({ description: 'again' })
  await r('DELETE', 'registered-models/delete', { name: 'r-model' })
  await r('POST', 'runs/delete', { run_id })
  await r('POST', 'runs/restore', { run_id })
  await r('POST', 'experiments/delete', { experiment_id: experiment })
  expect((await r('GET', `experiments/get?experiment_id=${experiment}`)).experiment.lifecycle_stage).toBe('deleted')
})
