import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComparisonData, EvaluationEvidenceData } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import type { Artifact, StepResult } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { evaluateStep } from './index.ts'

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name)
interface Numbers {
  metrics: Record<string, number>
  slices: Record<string, Record<string, number>>
}
const expected = JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as { rows: number; days: number } & Record<
  'full' | 'plain' | 'blind',
  Numbers
> & { regression: Record<string, number> }
const csv = readFileSync(fixture('rows.csv'), 'utf8')
const all = Object.keys(expected.full.metrics)

describeEachDatabase('evaluation', ({ world, once }) => {
  const setUp = async (rows = csv) => {
    const project = await world.makeProject()
    const contributor = await world.as('contributor', project)
    const added = await contributor.call(
      'POST',
      `/api/v1/projects/${project}/datasets/flights/versions?format=csv&event_time=at`,
      rows,
      { 'content-type': 'text/csv' },
    )
    expect(added.status).toBe(200)
    return { project, contributor, scope: contributor.scope }
  }
  const model = async (project: string, name: string): Promise<Artifact> => {
    const { digest, size } = await world.kernel.blobs.put(project, await readFile(fixture(name)))
    return { kind: 'file', digest, size }
  }
  const dataset = (project: string, version = 1, name = 'flights'): Artifact => ({
    kind: 'dataset',
    digest: 'd'.repeat(64),
    urn: urn(project, 'dataset', name, version),
  })
  const lines: string[] = []
  const run = (
    scope: Scope,
    inputs: Record<string, Artifact>,
    settings: Record<string, unknown>,
    signal = new AbortController().signal,
  ): Promise<StepResult> =>
    evaluateStep(world.capabilities.evaluations).run(
      {
        scope,
        project: scope.project,
        runId: 'prn_1',
        runUrn: urn(scope.project, 'pipeline-run', 'prn_1'),
        pipeline: 'train',
        step: 'evaluate',
        attempt: 1,
        actKey: 'prn_1/evaluate',
        asOf: Date.UTC(2001, 1, 11),
        parameters: {},
        inputs,
        evidence: [],
        startedBy: scope.principal,
        signal,
        log: (line) => lines.push(line),
        progress: () => {},
      },
      settings,
    )
  const evidence = <T>(result: StepResult, kind: 'evaluation' | 'comparison'): T =>
    result.evidence?.find((one) => one.kind === kind)?.data as T
  const evaluated = async (name: string, settings: Record<string, unknown> = {}) => {
    const { project, contributor, scope } = await setUp()
    const result = await run(
      scope,
      { model: await model(project, name), dataset: dataset(project) },
      { label: 'late', ...settings },
    )
    const id = result.outputs['evaluation']?.urn?.split('/').at(-1) ?? ''
    const { json } = await contributor.call('GET', `/api/v1/projects/${project}/evaluations/${id}`)
    return { project, contributor, scope, result, json }
  }

  test('every metric equals what scikit-learn computes, whole and by slice, with an interval around it', async () => {
    const { project, contributor, result, json } = await evaluated('full.onnx', { metrics: all, slices: ['origin'] })
    const { metrics, rows, blocks } = evidence<EvaluationEvidenceData>(result, 'evaluation')
    expect([rows, blocks]).toEqual([expected.rows, expected.days])
    for (const { metric, value, low, high } of metrics) {
      expect({ metric, value }).toEqual({
        metric,
        value: expect.closeTo(expected.full.metrics[metric] ?? Number.NaN, 5),
      })
      expect(low).toBeLessThan(value ?? 0)
      expect(high).toBeGreaterThan(value ?? 0)
    }
    expect(json.slices[0].slices.map((slice: { value: string }) => slice.value)).toEqual(['ATL', 'JFK', 'ORD', 'SFO'])
    // Declared personal, they are counted on and named no more to who may not see them.
    const maintainer = await world.as('maintainer', project)
    await maintainer.call('PUT', `/api/v1/projects/${project}/datasets/flights`, { personal: ['origin'] })
    const path = `/api/v1/projects/${project}/evaluations/${json.id}`
    const values = async (client: typeof contributor) =>
      (await client.call('GET', path)).json.slices[0].slices.map((slice: { value: string }) => slice.value)
    expect([await values(contributor), await values(maintainer)]).toEqual([
      Array(4).fill('redacted'),
      ['ATL', 'JFK', 'ORD', 'SFO'],
    ])
    for (const slice of json.slices[0].slices) {
      const known = expected.full.slices[slice.value] ?? {}
      expect(slice.rows).toBe(known['rows'])
      for (const { metric, value } of slice.metrics)
        expect({ metric, value }).toEqual({ metric, value: expect.closeTo(known[metric] ?? Number.NaN, 5) })
    }
    const promised = json.calibration.reduce((sum: number, bin: { count: number }) => sum + bin.count, 0)
    expect(promised).toBe(expected.rows)
    expect(json.comparison).toMatchObject({ verdict: 'first model', acceptable: true, champion: null })
    expect(json.comparison.summary).toMatch(
      /^First model, nothing to compare with: log loss|^First model, nothing to compare with: AUC/,
    )
  })

  once('a regression is found by its label and measured in its own metrics', async () => {
    const { json } = await evaluated('regression.onnx', { label: 'delay', features: ['hour', 'recent_delay'] })
    expect(json.task).toBe('regression')
    for (const { metric, value } of json.metrics)
      expect({ metric, value }).toEqual({ metric, value: expect.closeTo(expected.regression[metric] ?? Number.NaN, 3) })
    expect(json.calibration).toEqual([])
  })

  for (const [candidate, champion, verdict, acceptable, word] of [
    ['full.onnx', 'plain.onnx', 'better', true, 'passed'],
    ['blind.onnx', 'full.onnx', 'worse', false, 'failed'],
    ['plain.onnx', 'plain.onnx', 'no clear change', true, 'passed'],
  ] as const) {
    once(`${candidate} against champion ${champion} is judged "${verdict}"`, async () => {
      const { project, scope } = await setUp()
      const inputs = {
        model: await model(project, candidate),
        champion: { ...(await model(project, champion)), urn: urn(project, 'model', 'delay', 3) },
        dataset: dataset(project),
      }
      const result = await run(scope, inputs, { label: 'late', compare: { metric: 'logLoss', margin: 0.002 } })
      const data = evidence<ComparisonData>(result, 'comparison')
      expect(data).toMatchObject({
        metric: 'log-loss',
        direction: 'lower-is-better',
        verdict,
        acceptable,
        margin: 0.002,
        rows: expected.rows,
        blocks: 10,
      })
      const name = (file: string) => expected[file.replace('.onnx', '') as 'full'].metrics['log-loss'] ?? Number.NaN
      expect(data.candidate.value).toBeCloseTo(name(candidate), 5)
      expect(data.champion?.value).toBeCloseTo(name(champion), 5)
      expect(data.difference?.value).toBeCloseTo(name(candidate) - name(champion), 5)
      const said = result.evidence?.find((one) => one.kind === 'comparison')
      expect(said?.verdict).toBe(word)
      expect(said?.summary).toContain(`of the champion delay v3 on 2,400 rows of 10 days`)
      expect(said?.summary).toContain(verdict)
    })
  }

  once('the interval of the paired difference is narrower than either interval', async () => {
    const { project, scope } = await setUp()
    const inputs = {
      model: await model(project, 'full.onnx'),
      champion: await model(project, 'plain.onnx'),
      dataset: dataset(project),
    }
    const { candidate, difference } = evidence<ComparisonData>(
      await run(scope, inputs, { label: 'late' }),
      'comparison',
    )
    const width = ({ low, high }: { low: number | null; high: number | null }) => (high ?? 0) - (low ?? 0)
    expect(width(difference ?? candidate)).toBeLessThan(width(candidate))
  })

  once('with rows of fewer than five days nothing is judged', async () => {
    const { project, scope } = await setUp()
    const inputs = {
      model: await model(project, 'full.onnx'),
      champion: await model(project, 'plain.onnx'),
      dataset: dataset(project),
    }
    const result = await run(scope, inputs, { label: 'late', where: `"at" < timestamp '2001-02-04'` })
    expect(evidence<ComparisonData>(result, 'comparison')).toMatchObject({
      verdict: 'cannot judge yet',
      acceptable: false,
      blocks: 3,
    })
    expect(result.evidence?.find((one) => one.kind === 'comparison')).toMatchObject({ verdict: 'failed' })
    expect(result.evidence?.at(-1)?.summary).toContain('cannot judge yet, 3 days of 5')
  })

  once('rows without a label are left out and counted', async () => {
    const rows = csv
      .split('\n')
      .map((line, index) => (index > 0 && index <= 400 ? line.replace(/,[01],(?=[^,]*$)/, ',,') : line))
    const { project, scope } = await setUp(rows.join('\n'))
    const result = await run(
      scope,
      { model: await model(project, 'full.onnx'), dataset: dataset(project) },
      { label: 'late' },
    )
    expect(evidence<EvaluationEvidenceData>(result, 'evaluation')).toMatchObject({ rows: 2000, unlabelled: 400 })
    expect(lines.at(-4)).toContain('400 without a label are left out')
  })

  test('the same evaluation twice is one record; another setting is another', async () => {
    const { project, contributor, scope } = await setUp()
    const inputs = { model: await model(project, 'full.onnx'), dataset: dataset(project) }
    const one = await run(scope, inputs, { label: 'late' })
    const two = await run(scope, inputs, { label: 'late' })
    const three = await run(scope, inputs, { label: 'late', where: 'distance > 1000' })
    expect(two.outputs['evaluation']).toEqual(one.outputs['evaluation'])
    expect(three.outputs['evaluation']?.urn).not.toBe(one.outputs['evaluation']?.urn)
    const { json } = await contributor.call(
      'GET',
      `/api/v1/projects/${project}/evaluations?dataset=flights&model=${inputs.model.digest}`,
    )
    expect(json.evaluations).toHaveLength(2)
    const page = await contributor.call('GET', `/api/v1/projects/${project}/evaluations?limit=1`)
    const next = await contributor.call(
      'GET',
      `/api/v1/projects/${project}/evaluations?limit=1&page_token=${page.json.nextPageToken}`,
    )
    expect([page.json.evaluations[0].id, next.json.evaluations[0].id]).toEqual(
      json.evaluations.map((e: { id: string }) => e.id),
    )
    await world.settled(project)
    const events = await contributor.call('GET', `/api/v1/projects/${project}/events?name=evaluation.finished`)
    expect(events.json.events).toHaveLength(2)
    expect(events.json.events[0].refs).toContainEqual({
      rel: 'input',
      urn: urn(project, 'dataset', 'flights', 1),
      as: 'evaluated-on',
    })
  })

  test('two evaluations of the same rows compare row by row as champion and candidate would; of other rows they do not', async () => {
    const { project, contributor, scope } = await setUp()
    const full = await model(project, 'full.onnx')
    const plain = await model(project, 'plain.onnx')
    const idOf = (result: StepResult) => result.outputs['evaluation']?.urn?.split('/').at(-1) ?? ''
    const one = await run(scope, { model: full, champion: plain, dataset: dataset(project) }, { label: 'late' })
    const two = idOf(await run(scope, { model: plain, dataset: dataset(project) }, { label: 'late' }))
    const url = `/api/v1/projects/${project}/evaluations/${idOf(one)}/comparison`
    const { json } = await contributor.call('GET', `${url}?with=${two}`)
    const { difference, verdict } = evidence<ComparisonData>(one, 'comparison')
    expect(json).toMatchObject({ difference, verdict })
    const fewer = idOf(
      await run(scope, { model: plain, dataset: dataset(project) }, { label: 'late', where: 'hour > 6' }),
    )
    const refused = await contributor.call('GET', `${url}?with=${fewer}`)
    expect([refused.status, refused.json.code]).toEqual([409, 'EVALUATION.DIFFERENT_ROWS'])
  })

  test('each use of the same rows is counted, once a model, and too many are warned of', async () => {
    const { project, contributor, scope } = await setUp()
    const judge = async (name: string, settings = {}) => {
      const result = await run(
        scope,
        { model: await model(project, name), dataset: dataset(project) },
        { label: 'late', ...settings },
      )
      const id = result.outputs['evaluation']?.urn?.split('/').at(-1) ?? ''
      return { id, ...(await contributor.call('GET', `/api/v1/projects/${project}/evaluations/${id}`)).json }
    }
    const first = await judge('full.onnx')
    expect(first.testSetReuse).toEqual({ models: 1, warning: null })
    expect(first.dataset).toMatchObject({ version: 1 })
    // The same model once more is no further use of the rows; other rows are another set.
    expect((await judge('full.onnx', { metrics: ['roc-auc'] })).testSetReuse.models).toBe(1)
    const second = await judge('plain.onnx')
    expect(second.testSetReuse.models).toBe(2)
    expect((await judge('blind.onnx', { where: "origin <> 'JFK'" })).testSetReuse.models).toBe(1)
    const { db } = world.kernel
    const row = await db.read.selectFrom('evaluation').selectAll().where('id', '=', first.id).executeTakeFirstOrThrow()
    await db.write.transaction().execute((trx) =>
      trx
        .insertInto('evaluation')
        .values(
          Array.from({ length: 4 }, (_, i) => ({
            ...row,
            id: `${second.id}${i}`,
            digest: `${i}`,
            model_digest: `other-${i}`,
          })),
        )
        .execute(),
    )
    lines.length = 0
    const last = await judge('blind.onnx')
    expect(last.testSetReuse).toEqual({
      models: 7,
      warning: expect.stringMatching(
        /^These rows have judged 7 models\. The best of so many looks better than it is, by about [\d.]+ in /,
      ),
    })
    expect(lines).toContain(last.testSetReuse.warning)
    // What was known then stays what it was.
    expect(
      (await contributor.call('GET', `/api/v1/projects/${project}/evaluations/${first.id}`)).json.testSetReuse.models,
    ).toBe(1)
  })

  test('rows of the time that a model was trained on are refused, for the candidate and later for it as champion', async () => {
    const { project, contributor, scope } = await setUp()
    const full = await model(project, 'full.onnx')
    const training = dataset(project)
    const inputs = { model: full, dataset: dataset(project), training }
    await expect(run(scope, inputs, { label: 'late' })).rejects.toMatchObject({
      code: 'EVALUATION.TRAINED_ON_THESE_ROWS',
      message: expect.stringMatching(
        /^The candidate was trained on flights v1, which holds 2001-02-01 00:03 to .*allowOverlap: true/,
      ),
    })
    const allowed = await run(scope, inputs, { label: 'late', allowOverlap: true, slices: ['origin'] })
    expect(allowed.evidence).toHaveLength(2)
    // What it says about its training rows is kept: here they are the rows that it was evaluated on.
    const id = allowed.outputs['evaluation']?.urn?.split('/').at(-1) ?? ''
    const { trainingPredictions: trained, calibration } = (
      await contributor.call('GET', `/api/v1/projects/${project}/evaluations/${id}`)
    ).json
    expect(trained).toMatchObject({ dataset: training.urn, rows: expected.rows, profile: { count: expected.rows } })
    const sum = calibration.reduce((total: number, bin: any) => total + bin.count * bin.meanScore, 0)
    expect(trained.profile.mean).toBeCloseTo(sum / expected.rows, 6)
    expect(trained.slices.map((one: any) => one.column)).toContain('origin')
    for (const slice of trained.slices)
      expect(slice.counts.reduce((total: number, n: number) => total + n, 0)).toBe(slice.rows)
    const later = { model: await model(project, 'plain.onnx'), champion: full, dataset: dataset(project) }
    await expect(run(scope, later, { label: 'late' })).rejects.toMatchObject({
      message: expect.stringContaining('The champion was trained on flights v1'),
    })
  })

  test('a champion that the graph says was trained on these rows is refused', async () => {
    const { project, scope } = await setUp()
    const version = urn(project, 'model', 'delay', 1)
    const madeBy = urn(project, 'run', '0'.repeat(32))
    const { kernel } = world
    await kernel.db.write.transaction().execute(async (trx) => {
      const event = { project, schema: 1, by: scope.principal.id, data: {} }
      const rows = { rel: 'input' as const, urn: urn(project, 'dataset', 'flights', 1), as: 'trained-on' }
      await kernel.events.append(trx, { ...event, name: 'run.inputs-logged', subject: madeBy, refs: [rows] })
      const run = { rel: 'input' as const, urn: madeBy, as: 'made-by' }
      await kernel.events.append(trx, { ...event, name: 'model-version.registered', subject: version, refs: [run] })
    })
    await world.settled(project)
    const inputs = {
      model: await model(project, 'full.onnx'),
      champion: { ...(await model(project, 'plain.onnx')), urn: version },
      dataset: dataset(project),
    }
    await expect(run(scope, inputs, { label: 'late' })).rejects.toMatchObject({
      code: 'EVALUATION.TRAINED_ON_THESE_ROWS',
      message: expect.stringContaining('The champion (delay v1) was trained on flights v1'),
    })
  })

  test('what is wrong with model, columns, label or output is said by name', async () => {
    const { project, scope } = await setUp()
    const inputs = { model: await model(project, 'full.onnx'), dataset: dataset(project) }
    const because = async (settings: Record<string, unknown>, other: Record<string, Artifact> = {}) =>
      run(scope, { ...inputs, ...other }, { label: 'late', ...settings }).then(
        () => 'nothing',
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      )
    const text = await world.kernel.blobs.put(project, Buffer.from('I am no model.'))
    expect(await because({}, { model: { kind: 'file', ...text } })).toContain('MODEL.NOT_READABLE')
    expect(
      await because(
        {},
        { model: { kind: 'directory', digest: 'a'.repeat(64), value: { 'model.pkl': text, MLmodel: text } } },
      ),
    ).toContain('EVALUATION.NO_MODEL_FILE: The candidate has no ONNX file. It holds MLmodel, model.pkl.')
    expect(await because({ label: 'was_late' })).toContain(
      'EVALUATION.COLUMN_MISSING: Label "was_late" is no column of dataset flights v1. It has: at, origin,',
    )
    expect(await because({ label: 'origin' })).toContain('EVALUATION.LABEL_UNUSABLE: Label "origin" is string')
    expect(await because({ prediction: 'probability' })).toContain(
      'EVALUATION.NO_SUCH_OUTPUT: The candidate has no output "probability". It gives label, probabilities[0], probabilities[1].',
    )
    expect(await because({ slices: ['airline'] })).toContain('Slice "airline" is no column')
    expect(await because({ where: 'hour > 99' })).toContain('EVALUATION.NO_ROWS')
    expect(await because({ where: 'hour >' })).toContain('TABLES.QUERY_FAILED')
    expect(await because({ where: `hour > (select count(*) from read_csv('/etc/hosts'))` })).toContain(
      'TABLES.FORBIDDEN',
    )
    expect(await because({ label: 'delay', metrics: ['log-loss'] })).toContain('has other values than 0 and 1')
    expect(await because({ blocks: 'hour' })).toContain('EVALUATION.NOT_A_TIME')
    expect(await because({}, { model: await model(project, 'regression.onnx') })).toContain(
      'EVALUATION.FEATURES_NEEDED',
    )
    const bare = csv.split('\n').map((line) =>
      line
        .split(',')
        .filter((_, column) => column !== 1)
        .join(','),
    )
    const other = await setUp(bare.join('\n'))
    await expect(
      run(
        other.scope,
        { model: await model(other.project, 'full.onnx'), dataset: dataset(other.project) },
        { label: 'late' },
      ),
    ).rejects.toThrow(/input "origin" is no column of dataset flights v1/)
  })

  once(
    'a model in a directory is found beside other files, and its signature names the columns of one tensor',
    async () => {
      const { project, scope } = await setUp()
      const file = await model(project, 'regression.onnx')
      const inputs = JSON.stringify([
        { type: 'long', name: 'hour' },
        { type: 'double', name: 'recent_delay' },
      ])
      const description = await world.kernel.blobs.put(
        project,
        Buffer.from(`flavors: {}\nsignature:\n  inputs: '${inputs}'\n`),
      )
      const directory: Artifact = {
        kind: 'directory',
        digest: 'b'.repeat(64),
        value: {
          MLmodel: description,
          'model.onnx': { digest: file.digest, size: file.size },
          'requirements.txt': description,
        },
      }
      const result = await run(
        scope,
        { model: directory, dataset: dataset(project) },
        { label: 'delay', metrics: ['mae'] },
      )
      const [metric] = evidence<EvaluationEvidenceData>(result, 'evaluation').metrics
      expect(metric?.value).toBeCloseTo(expected.regression['mean-absolute-error'] ?? 0, 3)
    },
  )

  test('a project cannot read the evaluations of another', async () => {
    const { result } = await evaluated('plain.onnx')
    const stranger = await world.makeProject()
    const id = result.outputs['evaluation']?.urn?.split('/').at(-1) ?? ''
    const viewer = await world.as('viewer', stranger)
    const answer = await viewer.call('GET', `/api/v1/projects/${stranger}/evaluations/${id}`)
    expect([answer.status, answer.json.code]).toEqual([404, 'EVALUATION.NOT_FOUND'])
  })
})

test('settings are checked when a pipeline is saved', () => {
  const { check } = evaluateStep(undefined as never) as {
    check(this: void, settings: Record<string, unknown>): string[]
  }
  expect(
    check({ label: 'late', metrics: ['auc', 'log-loss'], slices: ['origin', { column: 'hour', top: 5 }] }),
  ).toEqual([])
  expect(check({ metrics: ['accuracies'], margins: 1 })).toEqual([
    expect.stringMatching(/^evaluate knows no setting "margins"; it takes label,/),
    'evaluate needs "label": the column that holds what really happened.',
    expect.stringMatching(/^There is no metric "accuracies"/),
  ])
  expect(check({ label: 'late', compare: { metric: 'auc', margin: -1 } })[0]).toContain('margin of zero or more')
})
