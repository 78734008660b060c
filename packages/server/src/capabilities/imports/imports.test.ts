import { createHash } from 'node:crypto'
import {
  canonicalEvaluationSet,
  canonicalRun,
  canonicalSeries,
  canonicalTrace,
  type ImportedEvaluationRecord,
  type ImportedEvaluationSet,
  type ImportedRun,
  type ImportedTrace,
} from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { declarePersonal } from '../access/index.ts'

const run = (id: string, over: Partial<ImportedRun> = {}): ImportedRun => ({
  id,
  experiment: '7',
  name: `run ${id.slice(0, 2)}`,
  user: 'ada',
  status: 'FINISHED',
  lifecycle: 'active',
  startTime: 1_600_000_000_000,
  endTime: 1_600_000_001_000,
  params: { depth: '3' },
  tags: { 'mlflow.runName': `run ${id.slice(0, 2)}`, team: 'ops' },
  datasets: [
    {
      name: 'flights',
      digest: 'abc',
      sourceType: 'local',
      source: '/etc/passwd',
      schema: null,
      profile: '{"rows":2}',
      tags: [{ key: 'mlflow.data.context', value: 'training' }],
    },
  ],
  models: [],
  ...over,
})
const experiment = {
  id: '7',
  name: 'delays',
  lifecycle: 'active' as const,
  createdAt: 1_500_000_000_000,
  updatedAt: 1_500_000_000_001,
  tags: { owner: 'ada' },
}
const dayMs = 86_400_000
const loggedModel = (id: string) => ({
  id,
  experiment: '7',
  name: 'm',
  status: 'READY',
  modelType: '',
  sourceRun: null,
  lifecycle: 'deleted',
  createdAt: 1,
  updatedAt: 1,
  params: {},
  tags: {},
  metrics: [],
})
const raw = { 'content-type': 'application/octet-stream' }
const a = 'a'.repeat(32)
const b = 'b'.repeat(32)
const loss = {
  run: a,
  key: 'loss',
  steps: [0, 1, 1],
  timestamps: [5, 6, 7],
  values: [0.5, null, 1.7976931348623157e308],
}
const report = {
  verified: true,
  experiments: [],
  loggedModels: 0,
  models: 0,
  versions: 0,
  files: 0,
  bytes: 0,
  unchangedRuns: 0,
  skipped: [],
  moreSkipped: 0,
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hex = 'c'.repeat(32)
const traceId = `tr-${hex}`
const span = (id: string, over: object = {}) => ({
  trace_id: Buffer.from(hex, 'hex').toString('base64'),
  span_id: Buffer.from(id, 'hex').toString('base64'),
  name: 'answer',
  start_time_unix_nano: '1700000000123456789',
  end_time_unix_nano: '1700000000623456789',
  attributes: [{ key: 'big', value: { int_value: '1152921504606846976' } }, { key: 'nothing' }],
  status: { code: 'STATUS_CODE_OK' },
  ...over,
})
const trace = (over: Partial<ImportedTrace> = {}): ImportedTrace => ({
  id: traceId,
  experiment: '7',
  startedAt: 1_700_000_000_123,
  durationMs: 500,
  state: 'OK',
  clientRequestId: 'request 1',
  requestPreview: 'why?',
  responsePreview: null,
  tags: { team: 'ops', 'mlflow.artifactLocation': 's3://elsewhere/7' },
  metadata: { 'mlflow.trace.session': 's-1' },
  runs: [a],
  assessments: [
    {
      id: 'a-1',
      name: 'helpful',
      kind: 'feedback',
      value: true,
      error: null,
      sourceType: 'HUMAN',
      sourceId: 'ada',
      spanId: null,
      rationale: 'clear',
      metadata: { where: 'form' },
      overrides: null,
      valid: false,
      createdAt: 1_700_000_001_000,
      updatedAt: 1_700_000_002_000,
    },
  ],
  spans: [
    span('1'.repeat(16)),
    span('2'.repeat(16), {
      parent_span_id: Buffer.from('1'.repeat(16), 'hex').toString('base64'),
      attributes: [{ key: 'mlflow.spanOutputs', value: { string_value: 'x'.repeat(100_000) } }],
    }),
  ],
  ...over,
})
const set: ImportedEvaluationSet = {
  id: 'd-1',
  name: 'questions',
  digest: 'abcd',
  schema: '{"inputs":{"q":"string"}}',
  profile: '{"num_records":1}',
  createdAt: 1_600_000_000_000,
  updatedAt: 1_600_000_000_001,
  createdBy: 'ada',
  updatedBy: null,
  tags: { team: 'ops' },
  experiments: ['7'],
}
const record = (over: Partial<ImportedEvaluationRecord> = {}): ImportedEvaluationRecord => ({
  set: 'd-1',
  id: `dr-${'1'.repeat(32)}`,
  inputs: { q: 'storms?' },
  outputs: 'a text',
  expectations: { a: 0.5 },
  tags: null,
  source: { source_type: 'TRACE', source_data: { trace_id: traceId } },
  createdAt: 1_600_000_000_002,
  updatedAt: 1_600_000_000_003,
  createdBy: null,
  updatedBy: 'bob',
  ...over,
})

describeEachDatabase('imports', ({ world }) => {
  const begin = async (source = 'http://peer:5000') => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const base = `/api/v1/projects/${project}/imports`
    const { json } = await client.call('POST', base, { kind: 'mlflow-server', source })
    const at = `${base}/${json.id as string}`
    const send = (body: object) => client.call('POST', `${at}/batch`, body)
    return { project, client, base, at, id: json.id as string, send }
  }

  test('runs keep their ids, times, values and history, and the digest over them is the one that the source computes', async () => {
    const { project, client, at, send } = await begin()
    const sent = await send({
      experiments: [experiment],
      runs: [run(a), run(b, { lifecycle: 'deleted' })],
      series: [loss],
    })
    expect(sent.json).toEqual({ experiments: [{ sourceId: '7', id: '7', made: true }], refused: [] })
    const detail = (await client.call('GET', `/api/v1/projects/${project}/runs/${a}`)).json
    expect(detail).toMatchObject({
      id: a,
      user: 'ada',
      startedAt: 1_600_000_000_000,
      endedAt: 1_600_000_001_000,
      params: { depth: '3' },
      experiment: 'delays',
    })
    const found = (await client.call('GET', `/api/v1/projects/${project}/experiments/7`)).json
    expect(found).toMatchObject({ name: 'delays', createdAt: 1_500_000_000_000 })
    const digests = (await client.call('POST', `${at}/digests`, { runs: [a, b] })).json.runs as any[]
    const points = [
      [0, 5, 0.5],
      [1, 6, null],
      [1, 7, 1.7976931348623157e308],
    ] as const
    const expected = createHash('sha256')
      .update(canonicalRun(run(a)))
      .update(canonicalSeries('loss', points))
    expect(digests.find((one) => one.run === a)).toEqual({
      run: a,
      params: 1,
      tags: 2,
      points: 3,
      digest: expected.digest('hex'),
    })
    expect(digests.find((one) => one.run === b).digest).toBe(
      createHash('sha256')
        .update(canonicalRun(run(b, { lifecycle: 'deleted' })))
        .digest('hex'),
    )
  })

  test('a batch that is sent again changes nothing and tells nobody again; a changed run is brought up to date', async () => {
    const { project, client, at, send } = await begin()
    const batch = { experiments: [experiment], runs: [run(a)], series: [loss], complete: [{ run: a, mark: 'one' }] }
    await send(batch)
    const first = (await client.call('POST', `${at}/digests`, { runs: [a] })).json
    expect((await send(batch)).json.experiments).toEqual([{ sourceId: '7', id: '7', made: false }])
    expect((await client.call('POST', `${at}/digests`, { runs: [a] })).json).toEqual(first)
    expect((await client.call('POST', `${at}/known`, { runs: [a, b] })).json).toEqual({ marks: { [a]: 'one' } })
    await world.settled(project)
    const { json } = await client.call('GET', `/api/v1/projects/${project}/events?limit=100`)
    const names = (json.events as { name: string }[]).map(({ name }) => name)
    expect(names.filter((name) => name === 'run.imported')).toHaveLength(1)
    expect(names.filter((name) => name === 'run.created' || name === 'run.finished')).toEqual([])
    await send({ runs: [run(a, { params: { depth: '4' }, status: 'FAILED' })] })
    const detail = (await client.call('GET', `/api/v1/projects/${project}/runs/${a}`)).json
    expect(detail).toMatchObject({ status: 'FAILED', params: { depth: '4' } })
  })

  test('an id or a name that the project has already is not overwritten: names are joined, other runs with the id are refused', async () => {
    const { project, client, send } = await begin()
    const mine = await client.call('POST', '/api/2.0/mlflow/experiments/create', { name: 'delays' })
    const { json } = await send({ experiments: [experiment, { ...experiment, id: '1', name: 'other' }] })
    expect(json.experiments).toEqual([
      { sourceId: '7', id: mine.json.experiment_id, made: false },
      { sourceId: '1', id: '2', made: true },
    ])
    await send({ runs: [run(a)] })
    const again = await send({ runs: [run(a, { startTime: 1 })] })
    expect(again.json.refused).toEqual([
      { what: `run ${a}`, why: `the project has another run with this id, in experiment ${mine.json.experiment_id}` },
    ])
    const elsewhere = await send({ runs: [run(b, { experiment: '99' })] })
    expect(elsewhere.json.refused[0].why).toContain('experiment 99')
    expect((await client.call('GET', `/api/v1/projects/${project}/runs/${b}`)).status).toBe(404)
    // The next experiment gets a free number.
    expect((await client.call('POST', '/api/2.0/mlflow/experiments/create', { name: 'next' })).json).toEqual({
      experiment_id: '3',
    })
  })

  test('what was removed for good lends neither id nor number, and nothing is brought into it while it goes', async () => {
    const { project, client, send } = await begin()
    await send({ experiments: [{ ...experiment, lifecycle: 'deleted' }], runs: [run(a, { lifecycle: 'deleted' })] })
    const { trash, tracking } = world.capabilities
    const maintainer = await world.as('maintainer', project)
    const remove = await maintainer.call('POST', `/api/v1/projects/${project}/trash/remove`, { experiments: ['7'] })
    expect(remove.status).toBe(202)
    const batch = { experiments: [experiment], runs: [run(b)] }
    // Either the removal still goes on and says so, or the name is free.
    await expect
      .poll(async () => (await send(batch)).json, { timeout: 10_000 })
      .toMatchObject({
        experiments: [{ sourceId: '7', id: '8', made: expect.any(Boolean) }],
      })
    await trash.expire()
    expect((await tracking.requireRun(client.scope, b)).experiment_id).toBe('8')
    expect((await client.call('GET', `/api/v1/projects/${project}/experiments/8`)).json).toMatchObject({
      name: 'delays',
    })
    const removed = { project_id: project, experiment_id: '8', number: 8, name: 'delays', removed_at: 1 }
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.insertInto('removed_experiment').values(removed).execute())
    expect(await send(batch)).toMatchObject({ status: 409, json: { code: 'TRACKING.EXPERIMENT_IS_REMOVED' } })
  })

  test('what comes deleted has its thirty days here, however old it is, and who exports finds the models', async () => {
    const { project, client, send } = await begin()
    const model = `m-${'c'.repeat(32)}`
    await send({
      experiments: [{ ...experiment, lifecycle: 'deleted' }],
      runs: [run(a, { lifecycle: 'deleted' })],
      loggedModels: [loggedModel(model)],
    })
    const listed = `/api/v1/projects/${project}/experiments/7/deleted-models`
    expect((await client.call('GET', listed)).json).toEqual({ models: [model], nextPageToken: null })
    expect((await client.call('GET', `${listed}?limit=1`)).json.nextPageToken).toBe(model)
    expect((await client.call('GET', `${listed}?page_token=${model}`)).json.models).toEqual([])
    expect((await client.call('GET', `${listed}?page_token=%00`)).status).toBe(400)
    const { trash, tracking } = world.capabilities
    const there = async () => [
      await tracking.requireRun(client.scope, a).then(
        () => 'run',
        () => undefined,
      ),
      await tracking.requireLoggedModel(client.scope, model, { allowDeleted: true }).then(
        () => 'model',
        () => undefined,
      ),
    ]
    world.time.now += 29 * dayMs
    await trash.expire()
    expect(await there()).toEqual(['run', 'model'])
    world.time.now += 2 * dayMs
    await trash.expire()
    expect(await there()).toEqual([undefined, undefined])
  })

  test('files are checked against their digest, kept for deleted runs too, and never leave the directory of their run', async () => {
    const { client, at, send } = await begin()
    await send({ experiments: [experiment], runs: [run(a, { lifecycle: 'deleted' })] })
    const bytes = Buffer.from('model')
    const digest = createHash('sha256').update(bytes).digest('hex')
    const put = (path: string, of = digest, owner = `run/${a}`) =>
      client.call('PUT', `${at}/file?owner=${owner}&path=${encodeURIComponent(path)}&digest=${of}`, bytes, raw)
    expect((await put('model/data.txt')).json).toEqual({ digest, size: 5 })
    expect((await put('model/data.txt', 'f'.repeat(64))).json.code).toBe('IMPORTS.DIGEST_DIFFERS')
    for (const path of ['../x', 'a/../../x', '/etc/passwd', 'a\\b', 'a\0b', 'a//b'])
      expect((await put(path)).json.code).toBe('TRACKING.BAD_ARTIFACT_PATH')
    expect((await put('model', digest)).json.code).toBe('TRACKING.ARTIFACT_IN_THE_WAY')
    expect((await put('x', digest, `run/${b}`)).json.code).toBe('IMPORTS.RUN_NOT_IMPORTED')
    const { json } = await client.call('POST', `${at}/files/list`, { owners: [`run/${a}`] })
    expect(json.files).toEqual([{ owner: `run/${a}`, path: 'model/data.txt', digest, size: 5 }])
  })

  test('models keep numbers, times, tags, stages and aliases; their files are those of the run', async () => {
    const { project, client, at, send } = await begin()
    await send({ experiments: [experiment], runs: [run(a)] })
    await client.call('PUT', `${at}/file?owner=run/${a}&path=model/weights.bin`, Buffer.from('w'), raw)
    const version = {
      version: 3,
      description: 'third',
      stage: 'Production',
      state: 'ready',
      source: `s3://bucket/${a}/artifacts/model`,
      run: a,
      runLink: '',
      loggedModel: null,
      createdAt: 1_550_000_000_000,
      updatedAt: 1_560_000_000_000,
      tags: { ok: 'yes' },
      files: { owner: 'run', id: a, path: 'model' },
    }
    const model = {
      name: 'delay',
      description: 'late?',
      createdAt: 1_540_000_000_000,
      updatedAt: 1_560_000_000_000,
      tags: { team: 'ops' },
      aliases: { champion: 3, latest: 3 },
      lastVersion: 5,
      versions: [version],
    }
    const sent = await send({ models: [model] })
    expect(sent.json.refused).toEqual([
      { what: 'alias "latest" of model "delay"', why: expect.stringContaining('reserved') },
    ])
    const there = (await client.call('GET', `/api/v1/projects/${project}/models/delay/versions/3`)).json
    expect(there).toMatchObject({
      description: 'third',
      createdAt: 1_550_000_000_000,
      run: a,
      tags: { ok: 'yes' },
      aliases: ['champion'],
    })
    const files = await client.call('GET', `/api/2.0/mlflow/model-versions/get?name=delay&version=3`)
    expect(files.json.model_version).toMatchObject({
      current_stage: 'Production',
      source: version.source,
      creation_timestamp: 1_550_000_000_000,
    })
    // Numbers that were used there are not used again here.
    await client.call('POST', '/api/2.0/mlflow/model-versions/create', {
      name: 'delay',
      source: `runs:/${a}/model`,
      run_id: a,
    })
    expect((await client.call('GET', `/api/v1/projects/${project}/models/delay/versions/6`)).status).toBe(200)
    const other = await send({ models: [{ ...model, aliases: {}, versions: [{ ...version, source: 'elsewhere' }] }] })
    expect(other.json.refused[0].why).toBe('the project has another version with this number')
  })

  test('what no database keeps and what is malformed is refused with its name, and nothing of the batch stays', async () => {
    const { project, client, send } = await begin()
    const nul = await send({ experiments: [experiment], runs: [run(a, { params: { bad: 'x\0y' } })] })
    expect([nul.status, nul.json.code]).toEqual([400, 'IMPORTS.NUL'])
    expect(nul.json.detail).toContain('"bad"')
    const uneven = await send({ experiments: [experiment], runs: [run(a)], series: [{ ...loss, values: [1] }] })
    expect(uneven.json.code).toBe('IMPORTS.UNEVEN_SERIES')
    const zeros = Array<number>(12_501).fill(0)
    const long = { ...loss, steps: zeros, timestamps: zeros, values: zeros }
    const many = await send({ experiments: [experiment], runs: [run(a)], series: [long, { ...long, key: 'auc' }] })
    expect(many.json.code).toBe('IMPORTS.TOO_MANY_POINTS')
    for (const bad of [
      { runs: [run('../../etc')] },
      { runs: [run(a, { startTime: 1e300 })] },
      { runs: [{ ...run(a), params: { depth: 3 } }] },
      { series: [{ ...loss, steps: [0.5, 1, 2] }] },
      { experiments: [{ ...experiment, name: 'x'.repeat(501) }] },
    ])
      expect((await send(bad)).status).toBe(400)
    expect((await client.call('GET', `/api/v1/projects/${project}/runs/${a}`)).status).toBe(404)
  })

  test('an open import is found again by its source; a finished one takes nothing more and shows its report', async () => {
    const { project, client, base, at, id, send } = await begin()
    const again = await client.call('POST', base, { kind: 'mlflow-server', source: 'http://peer:5000' })
    expect(again.json).toMatchObject({ id, state: 'open' })
    await send({ experiments: [experiment], runs: [run(a)], complete: [{ run: a, mark: 'm' }] })
    expect((await client.call('POST', `${at}/finish`, report)).json).toMatchObject({
      state: 'finished',
      runs: 1,
      report,
      experiments: [{ sourceId: '7', id: '7', name: 'delays' }],
    })
    expect((await send({ runs: [run(b)] })).json.code).toBe('IMPORTS.FINISHED')
    expect((await client.call('POST', `${at}/finish`, report)).json.code).toBe('IMPORTS.FINISHED')
    const next = await client.call('POST', base, { kind: 'mlflow-server', source: 'http://peer:5000' })
    expect(next.json.id).not.toBe(id)
    // What an earlier import brought is known to the next one.
    expect((await client.call('POST', `${base}/${next.json.id}/known`, { runs: [a] })).json.marks).toEqual({ [a]: 'm' })
    const list = (await client.call('GET', `${base}?limit=1`)).json
    expect(list.imports.map((one: { id: string }) => one.id)).toEqual([next.json.id])
    expect((await client.call('GET', `${base}?limit=1&page_token=${list.nextPageToken}`)).json.imports[0].id).toBe(id)
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', `${at}/batch`, {})).status).toBe(403)
    expect((await viewer.call('GET', at)).status).toBe(200)
  })

  test('too many batches at once are refused with 429 and when to come again, and nothing of them is taken', async () => {
    const { send } = await begin()
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => send({ experiments: [{ ...experiment, id: `${i + 10}`, name: `n${i}` }] })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers['retry-after']).toBe('1')
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true)
  })

  test('traces and evaluation datasets keep ids, times, spans and what was said of them, by digest; a change replaces all', async () => {
    const { project, client, at, send } = await begin()
    const sent = { experiments: [experiment], runs: [run(a)], traces: [trace()], evaluationSets: [set] }
    expect((await send(sent)).json.refused).toEqual([])
    const twice = record({ id: `dr-${'2'.repeat(32)}` })
    const { refused } = (await send({ evaluationRecords: [record(), twice] })).json
    expect(refused).toEqual([{ what: expect.stringContaining('dr-2222'), why: expect.stringContaining('same inputs') }])
    const digests = async () =>
      (await client.call('POST', `${at}/content-digests`, { traces: [traceId, 'tr-none'], evaluationSets: ['d-1'] }))
        .json
    const expected = {
      traces: { [traceId]: sha256(canonicalTrace(trace())) },
      evaluationSets: { 'd-1': sha256(canonicalEvaluationSet(set, [record()])) },
    }
    expect(await digests()).toEqual(expected)
    await send({ traces: [trace()] })
    expect(await digests()).toEqual(expected)

    const shown = (await client.call('GET', `/api/v1/projects/${project}/traces/${traceId}`)).json
    expect(shown.trace).toMatchObject({
      startedAt: 1_700_000_000_123,
      assessments: [{ id: 'a-1', valid: false, createdAt: 1_700_000_001_000, updatedAt: 1_700_000_002_000 }],
    })
    expect(shown.trace.tags).toMatchObject({
      'mlflow.artifactLocation': `mlflow-artifacts:/7/traces/${traceId}/artifacts`,
      'mlflow.trace.spansLocation': 'TRACKING_STORE',
    })
    expect(shown.spans[1].outputs).toHaveLength(100_000)
    const ofRun = (await client.call('GET', `/api/v1/projects/${project}/traces?run=${a}`)).json.traces
    expect(ofRun.map(({ id }: { id: string }) => id)).toEqual([traceId])

    const less = trace({ tags: {}, assessments: [], spans: [span('1'.repeat(16))] })
    await send({ traces: [less], evaluationSets: [set] })
    expect(await digests()).toEqual({
      traces: { [traceId]: sha256(canonicalTrace(less)) },
      evaluationSets: { 'd-1': sha256(canonicalEvaluationSet(set, [])) },
    })
  })

  test('tokens of a trace are counted from its spans where its source did not tell them, and the digest stays', async () => {
    const { project, client, at, send } = await begin()
    await send({ experiments: [experiment] })
    const used = (id: string, ...names: readonly [string, number][]) =>
      span(id, { attributes: names.map(([key, value]) => ({ key, value: { int_value: String(value) } })) })
    const spans = [
      used('1'.repeat(16), ['gen_ai.usage.input_tokens', 5], ['gen_ai.usage.output_tokens', 7]),
      used('2'.repeat(16), ['gen_ai.usage.input_tokens', 1], ['gen_ai.usage.output_tokens', 2]),
    ]
    const tokens = async () =>
      (await client.call('GET', `/api/v1/projects/${project}/traces/${traceId}`)).json.trace.metadata[
        'mlflow.trace.tokenUsage'
      ]
    const untold = trace({ runs: [], spans, metadata: {} })
    expect((await send({ traces: [untold] })).json.refused).toEqual([])
    expect(JSON.parse(await tokens())).toEqual({ input_tokens: 6, output_tokens: 9, total_tokens: 15 })
    const { json } = await client.call('POST', `${at}/content-digests`, { traces: [traceId] })
    expect(json.traces).toEqual({ [traceId]: sha256(canonicalTrace(untold)) })
    const kept = (await client.call('GET', `/api/v1/projects/${project}/traces/${traceId}`)).json.spans[0]
    expect(JSON.stringify(kept)).not.toContain('mlflow.chat.tokenUsage')

    await send({
      traces: [trace({ runs: [], spans, metadata: { 'mlflow.trace.tokenUsage': '{"total_tokens": 99}' } })],
    })
    expect(await tokens()).toBe('{"total_tokens": 99}')
  })

  test('a trace that is none, or not of this import, is named and not stored; another experiment keeps its own', async () => {
    const { project, at, client, send } = await begin()
    await send({ experiments: [experiment, { ...experiment, id: '8', name: 'others' }], traces: [trace()] })
    const other = `tr-${'d'.repeat(32)}`
    const { refused } = (
      await send({
        traces: [
          trace({ experiment: '8' }),
          trace({ id: other }),
          trace({ id: `tr-${'e'.repeat(32)}`, experiment: '9', spans: [] }),
          trace({ id: `tr-${'f'.repeat(32)}`, spans: [{ ...span('1'.repeat(16)), span_id: 'x' }] }),
        ],
      })
    ).json
    expect(refused.map(({ why }: { why: string }) => why)).toEqual([
      expect.stringContaining('another one with this id, in experiment 7'),
      expect.stringContaining(`belongs to ${traceId}`),
      expect.stringContaining('experiment 9 was not sent'),
      expect.stringContaining('not 8 bytes'),
    ])
    const { json } = await client.call('POST', `${at}/content-digests`, { traces: [traceId, other] })
    expect(json.traces).toEqual({ [traceId]: sha256(canonicalTrace(trace())) })
    const { status } = await send({ traces: [trace({ tags: { bad: 'a\0b' } })] })
    expect(status).toBe(400)
    await world.kernel.db.write
      .transaction()
      .execute((trx) => declarePersonal(trx, project, 'dataset:people', ['email']))
    const blind = await client.call('POST', `${at}/content-digests`, { traces: [traceId] })
    expect([blind.status, blind.json.code]).toEqual([403, 'TRACES.PERSONAL_DIGEST'])
    const maintainer = await world.as('maintainer', project)
    expect((await maintainer.call('POST', `${at}/content-digests`, { traces: [traceId] })).status).toBe(200)
  })
})
