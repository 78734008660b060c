import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import { makeEvidence } from './evidence.ts'

const mlmodel = `flavors:
  onnx: {data: model.onnx, onnx_version: 1.20.0}
signature:
  inputs: '[{"type": "double", "name": "distance", "required": true}, {"type": "string", "name": "origin", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
`

describeEachDatabase('the card of a model version', ({ world }) => {
  test('it says from records what it is, what it was made from, how good it is, what is wrong with it, and how it is used', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const { scope } = client
    const { registry } = world.capabilities
    const api = `/api/v1/projects/${project}`
    const mlflow = async (path: string, body: object) => {
      const answer = await client.call('POST', `/api/2.0/mlflow/${path}`, body)
      if (answer.status !== 200) throw new Error(answer.text)
      return answer.json
    }
    const { run } = await mlflow('runs/create', {
      experiment_id: '0',
      run_name: 'train',
      start_time: 1,
      tags: [{ key: 'estimator_class', value: 'sklearn.ensemble.RandomForestClassifier' }],
    })
    const id = run.info.run_id as string
    await mlflow('runs/log-batch', {
      run_id: id,
      params: [{ key: 'max_depth', value: '7' }],
      metrics: [{ key: 'auc', value: 0.71, timestamp: 1, step: 0 }],
    })
    await client.call('POST', `${api}/datasets/flights/versions?format=csv`, Buffer.from('distance,late\n1,0\n2,1\n'), {
      'content-type': 'text/csv',
    })
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'run.finished',
        schema: 1,
        by: scope.principal.id,
        subject: urn(project, 'run', id),
        refs: [
          { rel: 'input', urn: urn(project, 'dataset', 'flights', 1), as: 'trained-on' },
          { rel: 'input', urn: urn(project, 'environment', 'e'.repeat(64)), as: 'environment' },
        ],
        data: {},
      }),
    )
    for (const [path, content] of [
      ['model/MLmodel', mlmodel],
      ['model/model.onnx', 'onnx bytes'],
      ['model/requirements.txt', 'scikit-learn==1.7.2\n'],
    ] as const)
      await world.capabilities.tracking.putArtifact(scope, { kind: 'run', id }, path, Buffer.from(content))
    await client.call('POST', `${api}/models/delay/versions`, { run: id, path: 'model', tags: { team: 'operations' } })
    await registry.attachEvidence(
      scope,
      'delay',
      1,
      makeEvidence({
        kind: 'evaluation',
        verdict: 'info',
        summary: 'roc-auc 0.71 on flights v1',
        at: 5,
        by: 'x',
        subjects: [urn(project, 'dataset', 'flights', 1)],
        data: { dataset: urn(project, 'dataset', 'flights', 1), metrics: [{ metric: 'roc-auc', value: 0.71 }] },
      }),
    )
    await registry.attachEvidence(
      scope,
      'delay',
      1,
      makeEvidence({
        kind: 'comparison',
        verdict: 'failed',
        summary: 'Slower flights are judged worse than before.',
        at: 5,
        by: 'x',
        subjects: [],
        data: { metric: 'roc-auc', candidate: { value: 0.71 } },
      }),
    )
    const happen = (name: string, subject: string, data: object, at: string) =>
      world.kernel.db.write.transaction().execute((trx) =>
        world.kernel.events.append(trx, {
          project,
          name,
          schema: 1,
          by: 'system:test',
          subject,
          refs: [{ rel: 'input', urn: urn(project, 'model', 'delay', 1), as: at }],
          data: data as Record<string, unknown>,
        }),
      )
    await happen('release.activated', urn(project, 'release', 'rel_1'), { deployment: 'arrival' }, 'deploys')
    await happen('alert.opened', urn(project, 'alert', 'alr_1'), { title: 'Log loss fell' }, 'about')
    await happen('alert.opened', urn(project, 'alert', 'alr_2'), { title: 'Over' }, 'about')
    // It is resolved under another version, as in life.
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'alert.resolved',
        schema: 1,
        by: 'system:test',
        subject: urn(project, 'alert', 'alr_2'),
        refs: [{ rel: 'about', urn: urn(project, 'model', 'delay', 2), as: 'about' }],
        data: {},
      }),
    )
    const url = `${api}/models/delay/versions/1`
    const noted = await client.call('PATCH', url, {
      notes: { knownIssues: 'Bad in fog.', usage: 'Only for domestic flights.' },
    })
    expect(noted.status, noted.text).toBe(200)
    await client.call('PATCH', url, { notes: { tradeOffs: 'Small rather than exact.' } })
    const viewer = await world.as('viewer', project)
    // Cards know of an event once it has its number.
    await world.kernel.sequencer.flush()
    const { status, json } = await viewer.call('GET', `${url}/card`)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      architecture: { estimator: 'sklearn.ensemble.RandomForestClassifier', format: 'ONNX', flavors: ['onnx'] },
      signature: { inputs: [{ name: 'distance' }, { name: 'origin' }] },
      trainingData: [{ urn: urn(project, 'dataset', 'flights', 1), as: 'trained-on' }],
      hyperparameters: { max_depth: '7' },
      dependencies: [{ file: 'requirements.txt', text: 'scikit-learn==1.7.2\n' }],
      runMetrics: { auc: 0.71 },
      evaluations: [
        { kind: 'evaluation', dataset: urn(project, 'dataset', 'flights', 1), metrics: { 'roc-auc': 0.71 } },
        { kind: 'comparison', metrics: { 'roc-auc': 0.71 } },
      ],
      knownIssues: [
        { text: 'Bad in fog.', source: 'written down' },
        { text: 'Slower flights are judged worse than before.', source: 'comparison' },
        { text: 'Log loss fell', source: 'open alert' },
      ],
      tradeOffs: [{ text: 'Small rather than exact.', source: 'written down' }, { source: 'comparison' }],
      usage: {
        text: 'Only for domestic flights.',
        python: expect.stringContaining('models:/delay/1'),
        curl: expect.stringContaining('{"inputs":{"distance":0,"origin":"text"}}'),
      },
      deployments: [{ name: 'arrival', state: 'serving' }],
    })
    expect(json.madeWith.map((one: { as: string }) => one.as)).toContain('environment')
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'release.activated',
        schema: 1,
        by: 'system:test',
        subject: urn(project, 'release', 'rel_2'),
        refs: [{ rel: 'input', urn: urn(project, 'model', 'delay', 2), as: 'deploys' }],
        data: { deployment: 'arrival' },
      }),
    )
    await world.kernel.sequencer.flush()
    expect((await viewer.call('GET', `${url}/card`)).json.deployments).toMatchObject([
      { name: 'arrival', state: 'replaced' },
    ])
    // Others of the project find it by its name, and a search by tag finds it too.
    await world.settled(project)
    const found = await viewer.call('GET', `/api/v1/search?q=delay`)
    expect(found.text).toContain(urn(project, 'model', 'delay'))
    const tagged = await viewer.call('GET', `${api}/models?filter=${encodeURIComponent("name ilike '%DEL%'")}`)
    expect(tagged.json.models).toHaveLength(1)
    const outsider = await world.as('viewer', await world.makeProject())
    expect((await outsider.call('GET', `${url}/card`)).status).toBe(404)
  })
})
