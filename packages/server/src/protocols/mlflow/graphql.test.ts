import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { graphqlLimits, readOperation } from './graphql-query.ts'

const api = '/api/2.0/mlflow'

describeEachDatabase('GraphQL', ({ world }) => {
  let client: Client
  let run: string
  const ask = async (query: string, more: object = {}) =>
    (await client.call('POST', '/graphql', { query, ...more })).json
  const refused = async (query: unknown) => {
    const { status, json } = await client.call('POST', '/graphql', { query })
    return [status, json.message] as const
  }

  beforeAll(async () => {
    client = await world.as('contributor', await world.makeProject())
    const post = async (path: string, body: object) => (await client.call('POST', `${api}/${path}`, body)).json
    run = (await post('runs/create', { experiment_id: '0', run_name: 'forest' })).run.info.run_id
    const metrics = [0, 1, 2].map((step) => ({
      key: 'loss',
      value: step === 2 ? 'NaN' : 1 / (step + 1),
      timestamp: 5,
      step,
    }))
    await post('runs/log-batch', { run_id: run, metrics, params: [{ key: 'depth', value: '3' }] })
    await client.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/model/a.txt`, 'three')
    await post('registered-models/create', { name: 'delay' })
    await post('model-versions/create', { name: 'delay', source: `runs:/${run}/model`, run_id: run })
  }, 60_000)

  test('the five queries answer with just what is asked for, in the form of the schema', async () => {
    const detail = await ask(
      `query GetRun($data: MlflowGetRunInput!) @component(name: "RunPage") {
        mlflowGetRun(input: $data) {
          __typename
          apiError { code }
          run { ...who data { metrics { key value step } params { key value } } experiment { name tags { key } } modelVersions { name version status aliases } }
        }
      }
      fragment who on MlflowRunExtension { info { id: runId runName status startTime endTime } }`,
      { variables: { data: { runId: run } }, operationName: 'GetRun' },
    )
    expect(detail).toEqual({
      data: {
        mlflowGetRun: {
          __typename: 'MlflowGetRunResponse',
          apiError: null,
          run: {
            info: { id: run, runName: 'forest', status: 'RUNNING', startTime: '0', endTime: '0' },
            data: { metrics: [{ key: 'loss', value: null, step: '2' }], params: [{ key: 'depth', value: '3' }] },
            experiment: { name: 'Default', tags: [] },
            modelVersions: [{ name: 'delay', version: '1', status: 'READY', aliases: [] }],
          },
        },
      },
      errors: null,
    })
    const { data } = await ask(`{
      mlflowGetExperiment(input: { experimentId: "0" }) { experiment { experimentId name lifecycleStage } }
      mlflowGetMetricHistoryBulkInterval(input: { runIds: ["${run}"], metricKey: "loss", maxResults: 320 }) { metrics { runId value step } }
      mlflowListArtifacts(input: { runId: "${run}", path: "model" }) { files { path isDir fileSize } }
      mlflowSearchModelVersions(input: { filter: "name = 'delay'" }) { modelVersions { version } nextPageToken }
      mlflowSearchRuns(input: { experimentIds: ["0"], filter: "params.depth = '3'", runViewType: ALL }) { runs { info { runName } } }
    }`)
    expect(data).toEqual({
      mlflowGetExperiment: { experiment: { experimentId: '0', name: 'Default', lifecycleStage: 'active' } },
      mlflowGetMetricHistoryBulkInterval: {
        metrics: [1, 0.5, null].map((value, step) => ({ runId: run, value, step: String(step) })),
      },
      mlflowListArtifacts: { files: [{ path: 'model/a.txt', isDir: false, fileSize: '5' }] },
      mlflowSearchModelVersions: { modelVersions: [{ version: '1' }], nextPageToken: '' },
      mlflowSearchRuns: { runs: [{ info: { runName: 'forest' } }] },
    })
  })

  test('what one query cannot have is told beside what the others have', async () => {
    const both = await ask(
      '{ a: mlflowGetRun(input: {runId: "nobody"}) { run { info { runId } } } mlflowGetExperiment(input: {experimentId: "0"}) { experiment { name } } }',
    )
    expect(both).toEqual({
      data: { a: null, mlflowGetExperiment: { experiment: { name: 'Default' } } },
      errors: ['Run with id=nobody not found'],
    })
    for (const query of [
      '{ mlflowDeleteRun { run } }',
      '{ constructor { name } }',
      '{ mlflowGetRun(input: 7) { run { info { runId } } } }',
    ])
      expect([query, (await ask(query)).errors?.length]).toEqual([query, 1])
  })

  test('a query reads what the REST call behind it may read, and not more', async () => {
    const { secret } = await world.capabilities.access.createToken(client.principal, {
      principalId: client.principal.id,
      name: 'runs only',
      project: client.scope.project,
      permissions: ['run:read', 'project:read'],
    })
    const query = `{ mlflowGetRun(input: {runId: "${run}"}) { run { info { runId } modelVersions { name } } } mlflowSearchModelVersions(input: {}) { modelVersions { name } } }`
    const answer = await client.call('POST', '/graphql', { query }, { authorization: `Bearer ${secret}` })
    expect(answer.json.data).toEqual({ mlflowGetRun: null, mlflowSearchModelVersions: null })
    expect(answer.json.errors).toEqual([expect.stringContaining('model:read'), expect.stringContaining('model:read')])
    const stranger = await world.as('admin', await world.makeProject())
    const foreign = await stranger.call('POST', '/graphql', { query })
    expect([foreign.json.data.mlflowGetRun, JSON.stringify(foreign.json).includes('delay')]).toEqual([null, false])
    const nobody = await world.app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { host: 'localhost' },
      payload: { query },
    })
    expect(nobody.statusCode).toBe(401)
  })

  test('many queries in one request, in a list, by aliases or by names, are refused', async () => {
    const one = 'mlflowGetExperiment(input: {experimentId: "0"}) { experiment { name } }'
    const list = await client.call('POST', '/graphql', [{ query: `{ ${one} }` }, { query: `{ ${one} }` }])
    expect([list.status, list.json.message]).toEqual([400, expect.stringContaining('one query at a time')])
    const aliases = Array.from({ length: 11 }, (_, i) => `a${i}: ${one}`).join(' ')
    expect(await refused(`{ ${aliases} }`)).toEqual([400, expect.stringContaining('more than 10 aliases')])
    const inner = Array.from({ length: 11 }, (_, i) => `a${i}: name`).join(' ')
    expect(await refused(`{ mlflowGetExperiment(input: {experimentId: "0"}) { experiment { ${inner} } } }`)).toEqual([
      400,
      expect.stringContaining('more than 10 aliases'),
    ])
    expect(await refused(`{ ${Array.from({ length: 11 }, () => one).join(' ')} }`)).toEqual([
      400,
      expect.stringContaining('more than 10 things'),
    ])
    expect(await refused(`query A { ${one} } query B { ${one} }`)).toEqual([
      400,
      expect.stringContaining('operationName'),
    ])
  })

  test('what is too deep, too large, goes in circles or asks what there is, is refused', async () => {
    const deep = `${'{ run '.repeat(11)}${'}'.repeat(11)}`
    const circle = '{ mlflowGetRun(input: {}) { ...a } } fragment a on T { ...b } fragment b on T { ...a }'
    const wide = `{ mlflowGetRun(input: {}) { ${'...f '.repeat(100)} } } fragment f on T { ${'x '.repeat(50)} }`
    // Each fragment holds the next one ten times.
    const bomb = `{ mlflowGetRun(input: {}) { ...f0 } } ${Array.from({ length: 5 }, (_, i) => `fragment f${i} on T { ${`...f${i + 1} `.repeat(10)} }`).join(' ')} fragment f5 on T { run }`
    const values = `{ mlflowGetRun(input: ${'['.repeat(12)}${']'.repeat(12)}) { run } }`
    for (const [query, words] of [
      [deep, 'deeper than 10'],
      [circle, 'holds itself'],
      [wide, 'more than 500 fields'],
      [bomb, 'more than 500 fields'],
      [values, 'values go deeper'],
      [`{ mlflowGetRun # ${'x'.repeat(graphqlLimits.characters)}\n }`, 'more than 10000 characters'],
      ['{ a '.repeat(1600), 'more than 3000 words'],
      ['{ mlflowGetRun(input: {}) @include(if: true) { run } }', 'directive'],
      ['{', 'is missing'],
      ['{ }', 'asks for nothing'],
      ['{ mlflowGetRun(input: {a: """b"""}) { run } }', 'three quotes'],
      ['subscription { a }', 'begins no query'],
    ] as const)
      expect([words, ...(await refused(query))]).toEqual([words, 400, expect.stringContaining(words)])
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }'])
      expect(await ask(query)).toMatchObject({ data: {}, errors: [expect.stringContaining('Cannot query field')] })
    expect((await refused(7))[0]).toBe(400)
  })

  test('what is asked for each run of a long list is bounded', async () => {
    for (let i = 0; i < 20; i += 1) await client.call('POST', `${api}/runs/create`, { experiment_id: '0' })
    const answer = await ask('{ mlflowSearchRuns(input: {experimentIds: ["0"]}) { runs { modelVersions { name } } } }')
    expect(answer.errors).toEqual([expect.stringContaining('more than 20 things')])
  })
})

test('reading a query takes a time that grows with its length alone', () => {
  const started = performance.now()
  for (const text of [
    '{ '.repeat(4900),
    '"'.repeat(9999),
    '('.repeat(9999),
    `{ a(${'b: [1] '.repeat(1400)}) }`,
    '- '.repeat(4900),
  ])
    expect(() => readOperation(text, {}, undefined)).toThrow('not taken')
  expect(performance.now() - started).toBeLessThan(500)
})
