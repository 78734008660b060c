import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import expected from '../../../drivers/onnx/fixtures/expected.json' with { type: 'json' }
import type { StepContext } from '../../../kernel/ports/index.ts'
import { judgeGate } from '../gate.ts'
import { parityStep } from './parity-step.ts'

const fixtures = join(import.meta.dirname, '../../../drivers/onnx/fixtures')
/** What scikit-learn itself gave for the rows, and what it was converted to, in one table. */
const rows = expected.columns.rows.map((row, index) => ({
  ...row,
  sklearn: expected.columns.probabilities[index]?.[1] ?? 0,
  other: expected['columns-2'].probabilities[index]?.[1] ?? 0,
}))
const names = Object.keys(rows[0] ?? {}) as (keyof (typeof rows)[number])[]
const csv = [names.join(','), ...rows.map((row) => names.map((name) => row[name]).join(','))].join('\n')

/** A model of Python without a package: it gives what scikit-learn gave, and says which columns it takes. */
const mlmodel = `flavors:
  python_function: {loader_module: remembered, code: code, data: answers.json}
signature:
  inputs: '[{"type": "string", "name": "origin"}, {"type": "double", "name": "distance"}, {"type": "long", "name": "hour"}, {"type": "double", "name": "recent_delay"}]'
`
const loader = `import json

class Remembered:
    def __init__(self, answers):
        self.answers = answers

    def predict(self, rows):
        return [self.answers[f"{distance:.6f}"][1] for distance in rows["distance"]]

    def predict_proba(self, rows):
        return [self.answers[f"{distance:.6f}"] for distance in rows["distance"]]

def _load_pyfunc(path):
    return Remembered(json.load(open(path)))
`
/** Swaps what it gave for a link to a file of the server once it is written. */
const sly = `import atexit, os

def swap():
    os.remove('../out/outputs.ndjson')
    os.symlink('/etc/hostname', '../out/outputs.ndjson')

atexit.register(swap)
${loader}`
const answers = JSON.stringify(
  Object.fromEntries(
    expected.columns.rows.map((row, index) => [row.distance.toFixed(6), expected.columns.probabilities[index]]),
  ),
)

describeEachDatabase('a converted model beside its original', ({ world }) => {
  test('recorded outputs of scikit-learn, an ONNX and a Python original are compared on the same rows, and what differs keeps it from being deployed', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const { tracking, registry } = world.capabilities
    const api = `/api/v1/projects/${project}`
    const sent = await client.call('POST', `${api}/datasets/flights/versions?format=csv`, Buffer.from(csv), {
      'content-type': 'text/csv',
    })
    expect(sent.status, sent.text).toBe(200)
    const register = async (model: string, files: Record<string, Buffer | string>) => {
      const run = await tracking.createRun(client.scope, {
        experiment: '0',
        name: model,
        user: '',
        startTime: 1,
        tags: [],
      })
      for (const [path, content] of Object.entries(files))
        await tracking.putArtifact(client.scope, { kind: 'run', id: run.id }, `model/${path}`, Buffer.from(content))
      const made = await client.call('POST', `${api}/models/${model}/versions`, { run: run.id, path: 'model' })
      expect(made.status, made.text).toBe(201)
    }
    const onnx = await readFile(join(fixtures, 'columns.onnx'))
    await register('late', { 'model.onnx': onnx })
    await register('late', { 'model.onnx': await readFile(join(fixtures, 'columns-2.onnx')) })
    await register('python', { MLmodel: mlmodel, 'code/remembered.py': loader, 'answers.json': answers })
    const dataset = { name: 'flights' }
    const compare = (version: number, body: object) =>
      client.call('POST', `${api}/models/late/versions/${version}/parity`, { dataset, ...body })

    const same = await compare(1, { recorded: { probabilities_1: 'sklearn' } })
    expect(same.status, same.text).toBe(200)
    expect(same.json).toMatchObject({
      kind: 'parity',
      verdict: 'passed',
      data: { ran: 'recorded', rows: 5, of: 5, beyond: 0, share: 0, low: 0, original: null },
    })
    // Five rows say little: up to two of five could differ.
    expect(same.json.data.high).toBeCloseTo(0.4345, 3)
    expect(same.json.data.columns[0].largestAbsolute).toBeLessThan(1e-6)

    // The difference of two real models, computed here from what scikit-learn gave.
    const differ = await compare(1, {
      recorded: { probabilities_1: 'other' },
      tolerance: { absolute: 0.005, relative: 0 },
    })
    const wanted = rows.map((row) => Math.abs(row.sklearn - row.other))
    expect(differ.json).toMatchObject({
      verdict: 'failed',
      data: { beyond: wanted.filter((one) => one > 0.005).length },
    })
    expect(differ.json.data.columns[0].largestAbsolute).toBeCloseTo(Math.max(...wanted), 6)
    expect(differ.json.data.columns[0].meanAbsolute).toBeCloseTo(wanted.reduce((a, b) => a + b) / 5, 6)
    expect(differ.json.data.worst[0]).toMatchObject({
      row: wanted.indexOf(Math.max(...wanted)),
      column: 'probabilities_1',
    })
    expect(
      (await compare(1, { recorded: { probabilities_1: 'other' }, tolerance: { absolute: 0.005, share: 1 } })).json
        .verdict,
    ).toBe('passed')

    const other = await compare(2, { original: 'late/1' })
    expect(other.json).toMatchObject({ verdict: 'failed', data: { ran: 'onnx', beyond: 5 } })
    expect(other.json.data.columns.map((one: { converted: string }) => one.converted)).toEqual([
      'label',
      'probabilities_0',
      'probabilities_1',
    ])
    await expect(registry.requireDeployable(client.scope, 'late/2')).rejects.toThrow(
      /Its parity test failed: It differs/,
    )
    await expect(registry.requireDeployable(client.scope, 'late/1')).resolves.toMatchObject({ version: 1 })

    const python = await compare(1, { original: 'python/1', method: 'predict_proba' })
    expect(python.status, python.text).toBe(200)
    expect(python.json).toMatchObject({ verdict: 'passed', data: { ran: 'python', beyond: 0, rows: 5 } })
    expect(python.json.data.columns).toHaveLength(2)
    const one = await compare(1, { original: 'python/1', outputs: { probabilities_1: 'prediction' }, rows: 3 })
    expect(one.json.data).toMatchObject({ rows: 3, of: 5, beyond: 0 })

    // Whoever may not run code does not do it by comparing; and a model that leaves a link leads nowhere.
    const grants = new Map(
      [...client.scope.principal.grants].map(([of, all]) => [
        of,
        new Set([...all].filter((one) => one !== 'code:execute')),
      ]),
    )
    const bare = { ...client.scope, principal: { ...client.scope.principal, grants } }
    await expect(registry.testParity(bare, 'late', 1, { original: 'python/1', dataset })).rejects.toThrow(
      /code:execute/,
    )
    const recorded = { probabilities_1: 'sklearn' }
    for (const [permission, source] of [
      ['dataset:read', { dataset }],
      ['prediction:read', { predictions: { deployment: 'late' } }],
    ] as const) {
      const few = new Map([[project, new Set(client.scope.principal.grants.get(project))]])
      few.get(project)?.delete(permission)
      const scope = { ...client.scope, principal: { ...client.scope.principal, grants: few } }
      await expect(registry.testParity(scope, 'late', 1, { recorded, ...source })).rejects.toThrow(permission)
    }
    await register('python', { MLmodel: mlmodel, 'code/remembered.py': sly, 'answers.json': answers })
    const linked = await compare(1, { original: 'python/2', outputs: { probabilities_1: 'prediction' } })
    expect([linked.status, linked.json.detail]).toEqual([422, expect.stringContaining('left no file of outputs')])

    // The same as a step of a pipeline.
    const step = parityStep(registry)
    expect(step.check({ absolute: -1, far: 1 })).toHaveLength(2)
    const context = {
      scope: client.scope,
      step: 'parity',
      inputs: {
        model: { kind: 'model', digest: '', urn: `trivium://${project}/model/late@1` },
        dataset: { kind: 'dataset', digest: '', urn: `trivium://${project}/dataset/flights@1` },
      },
      log: () => {},
    } as unknown as StepContext
    const stepped = await step.run(context, { recorded: { probabilities_1: 'sklearn' }, absolute: 1e-9 })
    expect(stepped.evidence?.[0]).toMatchObject({
      kind: 'parity',
      data: { tolerance: { absolute: 1e-9, relative: 1e-4 } },
    })

    // A gate can ask for it, and takes no version that nobody compared.
    const rule = [{ evidence: 'parity' as const, require: 'passed' as const }]
    const { evidence } = await registry.version(client.scope, 'late', 2)
    expect(judgeGate(rule, evidence)).toMatchObject({
      passed: false,
      reason: expect.stringContaining('It differs from late v1'),
    })
    expect(judgeGate(rule, []).reason).toBe('There is no parity evidence to judge.')

    for (const [body, words] of [
      [{ recorded: { nothing: 'sklearn' } }, 'The outputs of the converted model are label'],
      [{ recorded: { probabilities_1: 'none' } }, 'no column "none"'],
      [{}, 'either "original" or "recorded"'],
      [{ original: 'late/2', predictions: { deployment: 'x' } }, 'either "dataset" or "predictions"'],
    ] as const) {
      const refused = await compare(1, body)
      expect([refused.status, refused.json.code]).toEqual([422, 'REGISTRY.BAD_PARITY'])
      expect(refused.json.detail).toContain(words)
    }
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', `${api}/models/late/versions/1/parity`, {})).status).toBe(403)
  })
})
