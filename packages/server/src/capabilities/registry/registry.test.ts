import type { Evidence } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { digestOf } from '../../kernel/ids/index.ts'
import type { Artifact, StepContext } from '../../kernel/ports/index.ts'
import { makeEvidence } from './evidence.ts'
import { approveStep, gateStep, registerStep } from './steps.ts'

const api = '/api/v1/projects'
const mlmodel = `flavors:
  onnx: {data: model.onnx, onnx_version: 1.20.0}
  python_function: {loader_module: mlflow.onnx}
signature:
  inputs: '[{"type": "double", "name": "distance", "required": true}, {"type": "string", "name": "origin", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
`

describeEachDatabase('the registry', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const { tracking, registry, inbox } = world.capabilities
    const { scope } = client
    const run = await tracking.createRun(scope, { experiment: '0', name: 'train', user: '', startTime: 1, tags: [] })
    for (const [path, content] of [
      ['model/MLmodel', mlmodel],
      ['model/model.onnx', 'onnx bytes'],
      ['model/conda.yaml', 'x'],
    ] as const) {
      await tracking.putArtifact(scope, { kind: 'run', id: run.id }, path, Buffer.from(content))
    }
    const register = async (model: string) =>
      registry.registerVersion(scope, {
        model,
        source: await registry.resolveSource(scope, `runs:/${run.id}/model`),
        sourceText: `runs:/${run.id}/model`,
      })
    const url = `${api}/${project}/models`
    return { project, client, scope, tracking, registry, inbox, run, register, url }
  }
  const evidence = (data: Record<string, unknown>, kind: Evidence['kind'] = 'evaluation'): Evidence =>
    makeEvidence({ kind, verdict: 'info', summary: 'measured', at: 5, by: 'someone', subjects: [], data })

  test('versions registered at once have consecutive numbers', async () => {
    const { register } = await setup()
    const made = await Promise.all(Array.from({ length: 8 }, () => register('delay')))
    expect(made.map((v) => v.version).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('a version knows its run, its files, its signature and its ONNX file, and keeps them', async () => {
    const { register, registry, scope, run, tracking, client, url, project } = await setup()
    await register('delay')
    const version = await registry.version(scope, 'delay', 1)
    expect(version).toMatchObject({
      urn: `trivium://${project}/model/delay@1`,
      run: run.id,
      flavors: ['onnx', 'python_function'],
      onnx: { path: 'model.onnx', size: 10 },
      approval: 'not-required',
      missing: [],
      gate: null,
      createdBy: scope.principal.id,
      createdByName: scope.principal.name,
      policy: { approval: 'none' },
      signature: {
        inputs: [
          { name: 'distance', type: 'double', required: true, shape: null },
          { name: 'origin', type: 'string', required: false, shape: null },
        ],
        outputs: [{ name: null, type: 'float32', required: true, shape: [-1, 2] }],
        params: [],
      },
    })
    expect(version.files.map((f) => f.path)).toEqual(['MLmodel', 'conda.yaml', 'model.onnx'])
    await tracking.deleteArtifacts(scope, { kind: 'run', id: run.id }, '')
    const file = await client.call('GET', `${url}/delay/versions/1/file?path=model.onnx`)
    expect(file).toMatchObject({ status: 200, text: 'onnx bytes' })
    expect(file.headers['content-disposition']).toMatch(/^attachment/)
    const refs = await world.kernel.db.read
      .selectFrom('blob_ref')
      .select('owner')
      .where('project_id', '=', project)
      .execute()
    expect(new Set(refs.map((r) => r.owner))).toEqual(new Set([`trivium://${project}/model/delay@1`]))
    expect((await client.call('GET', `${url}/delay/versions/1/file?path=__proto__`)).status).toBe(404)
  })

  test('a model or version that is not there is named in words that say where to look', async () => {
    const { register, client, url } = await setup()
    await register('delay')
    expect(await client.call('GET', `${url}/none`)).toMatchObject({
      status: 404,
      json: {
        code: 'REGISTRY.MODEL_NOT_FOUND',
        detail: expect.stringMatching(/^There is no model "none".*models list/),
      },
    })
    expect(await client.call('GET', `${url}/delay/versions/7`)).toMatchObject({
      status: 404,
      json: {
        detail:
          'The model "delay" has no version 7. Its page and the command trivium models show delay list its versions.',
      },
    })
  })

  test('what is no logged model is refused, and no foreign place is opened', async () => {
    const { registry, scope, run } = await setup()
    for (const source of [
      'file:///etc/passwd',
      '/etc/passwd',
      's3://bucket/model',
      'http://host/x',
      'runs:/../x',
      `runs:/${run.id}/../../x`,
      'models:/none@champion',
      'mlflow-artifacts:/1/../../x',
    ]) {
      await expect(registry.resolveSource(scope, source)).rejects.toMatchObject({ code: 'REGISTRY.BAD_SOURCE' })
    }
    await expect(registry.resolveSource(scope, `runs:/${run.id}/nothing`)).rejects.toMatchObject({
      code: 'REGISTRY.NO_FILES',
    })
    await expect(registry.resolveSource(scope, `runs:/${'0'.repeat(32)}/model`)).rejects.toMatchObject({ status: 404 })
    const stranger = await setup()
    await expect(stranger.registry.resolveSource(stranger.scope, `runs:/${run.id}/model`)).rejects.toMatchObject({
      status: 404,
    })
  })

  test('aliases move, and name versions for others', async () => {
    const { register, registry, scope, client, url, project } = await setup()
    await register('delay')
    await register('delay')
    await registry.setAlias(scope, 'delay', 'champion', 1)
    expect(await registry.resolve(scope, 'delay@champion')).toMatchObject({
      version: 1,
      urn: `trivium://${project}/model/delay@1`,
      artifact: { kind: 'model', value: { 'model.onnx': { size: 10 } } },
    })
    expect((await client.call('PUT', `${url}/delay/aliases/champion`, { version: 2 })).json.aliases).toEqual([
      { alias: 'champion', version: 2 },
    ])
    expect(await registry.resolve(scope, 'delay@2')).toMatchObject({ version: 2 })
    expect(await registry.resolve(scope, 'delay@none')).toBeUndefined()
    expect(await registry.resolve(scope, 'nothing@champion')).toBeUndefined()
    expect(await client.call('PUT', `${url}/delay/aliases/v2`, { version: 2 })).toMatchObject({
      status: 400,
      json: { code: 'REGISTRY.BAD_ALIAS' },
    })
    expect(await client.call('PUT', `${url}/delay/aliases/champion`, { version: 9 })).toMatchObject({ status: 404 })
    await world.settled(project)
    const { json } = await client.call('GET', `${api}/${project}/events?name=model.alias-set`)
    expect(json.events[0]).toMatchObject({
      subject: `trivium://${project}/model/delay@2`,
      data: { alias: 'champion', version: 2, before: 1 },
    })
    await client.call('DELETE', `${url}/delay/versions/2`)
    expect(await registry.resolve(scope, 'delay@champion')).toBeUndefined()
    expect((await register('delay')).version).toBe(3)
  })

  test('evidence is attached once, for ever, and only when it is whole', async () => {
    const { register, registry, scope, client, url, project } = await setup()
    await register('delay')
    const record = evidence({ auc: 0.6, nested: { b: 1, a: [null, 2] } })
    await registry.attachEvidence(scope, 'delay', 1, record)
    await registry.attachEvidence(scope, 'delay', 1, record)
    await expect(registry.attachEvidence(scope, 'delay', 1, { ...record, data: { auc: 0.9 } })).rejects.toMatchObject({
      code: 'REGISTRY.EVIDENCE_DIGEST',
    })
    await expect(registry.attachEvidence(scope, 'delay', 2, record)).rejects.toMatchObject({ status: 404 })
    expect((await client.call('GET', `${url}/delay/versions/1`)).json.evidence).toEqual([record])
    expect((await registry.verifyEvidence()).broken).toEqual([])
    expect((await registry.requireDeployable(scope, 'delay/1')).evidence).toEqual([digestOf(record)])
    await world.kernel.db.write
      .transaction()
      .execute((trx) =>
        sql`update model_evidence set record = replace(record, '0.6', '0.9') where project_id = ${project}`.execute(
          trx,
        ),
      )
    expect((await registry.verifyEvidence()).broken).toEqual([{ project, model: 'delay', version: 1, position: 1 }])
    await expect(registry.requireDeployable(scope, 'delay/1')).rejects.toMatchObject({
      status: 409,
      code: 'REGISTRY.EVIDENCE_BROKEN',
    })
  })

  test('a version is deployable once its policy is satisfied, and the refusal says what is missing', async () => {
    const { register, registry, scope, client, url, project } = await setup()
    await register('delay')
    expect(await registry.requireDeployable(scope, 'delay/1')).toMatchObject({
      model: 'delay',
      version: 1,
      onnxPath: 'model.onnx',
      tags: {},
    })
    expect((await client.call('PUT', `${url}/delay/policy`, { approval: 'required' })).status).toBe(403)
    const maintainer = await world.as('maintainer', project)
    expect((await maintainer.call('PUT', `${url}/delay/policy`, { approval: 'required' })).json.policy).toEqual({
      approval: 'required',
      productive: false,
      retraining: null,
    })
    await expect(registry.requireDeployable(scope, 'delay@1')).rejects.toMatchObject({
      status: 409,
      code: 'REGISTRY.NOT_DEPLOYABLE',
      message: expect.stringContaining('requires approval, and nobody was asked yet'),
    })

    const asked = (await client.call('POST', `${url}/delay/versions/1/approval-request`, {})).json
    expect((await client.call('POST', `${url}/delay/versions/1/approval-request`, {})).json).toEqual(asked)
    await expect(registry.requireDeployable(scope, 'delay@1')).rejects.toMatchObject({
      message: expect.stringContaining(`waits for approval in ${asked.urn}`),
    })

    const admin = await world.as('admin', project)
    const approver = await world.as('approver', project)
    const decision = `${api}/${project}/inbox/${asked.item}/decision`
    expect((await client.call('POST', decision, { option: 'approve' })).status).toBe(403)
    expect((await approver.call('POST', decision, { option: 'decline' })).status).toBe(400)
    expect((await approver.call('POST', decision, { option: 'approve', reason: 'looks right' })).status).toBe(200)
    expect((await admin.call('POST', decision, { option: 'decline', reason: 'no' })).status).toBe(409)
    await world.settled(project)
    const version = (await client.call('GET', `${url}/delay/versions/1`)).json
    expect(version).toMatchObject({
      approval: 'approved',
      approvalItem: asked.urn,
      missing: [],
      evidence: [{ kind: 'approval', verdict: 'passed', summary: expect.stringContaining('approved it: looks right') }],
    })
    const { json } = await client.call('GET', `${api}/${project}/events?name=model-version.approved`)
    expect(json.events).toHaveLength(1)
    expect(json.events[0]).toMatchObject({
      subject: `trivium://${project}/model/delay@1`,
      refs: [{ rel: 'input', urn: asked.urn, as: 'decided-in' }],
    })
    expect(await registry.requireDeployable(scope, 'delay@1')).toMatchObject({ version: 1 })
    expect((await client.call('POST', `${url}/delay/versions/1/approval-request`, {})).status).toBe(409)
  })

  test('nobody approves his own, and a declined version stays out', async () => {
    const { project } = await setup()
    const admin = await world.as('admin', project)
    const { registry, tracking } = world.capabilities
    const run = await tracking.createRun(admin.scope, {
      experiment: '0',
      name: 'own',
      user: '',
      startTime: 1,
      tags: [],
    })
    await tracking.putArtifact(admin.scope, { kind: 'run', id: run.id }, 'm/MLmodel', Buffer.from(mlmodel))
    await registry.registerVersion(admin.scope, {
      model: 'own',
      source: await registry.resolveSource(admin.scope, `runs:/${run.id}/m`),
      sourceText: 'x',
    })
    const { item, urn } = await registry.requestApproval(admin.scope, 'own', 1)
    const decision = `${api}/${project}/inbox/${item}/decision`
    expect(await admin.call('POST', decision, { option: 'approve' })).toMatchObject({ status: 403 })
    const approver = await world.as('approver', project)
    await approver.call('POST', decision, { option: 'decline', reason: 'too early' })
    await world.settled(project)
    await expect(registry.requireDeployable(admin.scope, 'own/1')).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining(`declined in ${urn}`),
    })
    expect((await registry.version(admin.scope, 'own', 1)).evidence[0]).toMatchObject({
      kind: 'approval',
      verdict: 'failed',
    })
    // Asking again is possible.
    expect((await registry.requestApproval(admin.scope, 'own', 1)).item).not.toBe(item)
  })

  const stepContext = (
    base: { scope: StepContext['scope']; project: string },
    inputs: Record<string, Artifact>,
    more: Partial<StepContext> = {},
  ): StepContext => ({
    scope: base.scope,
    project: base.project,
    runId: 'prn_1',
    runUrn: `trivium://${base.project}/pipeline-run/prn_1`,
    pipeline: 'train',
    step: 'register',
    attempt: 1,
    actKey: `prn_1/${more.step ?? 'register'}`,
    asOf: 1000,
    parameters: {},
    inputs,
    evidence: [],
    startedBy: base.scope.principal,
    signal: new AbortController().signal,
    log: () => {},
    progress: () => {},
    ...more,
  })
  const directory = async (project: string): Promise<Artifact> => {
    const files = {
      MLmodel: await world.kernel.blobs.put(project, Buffer.from(mlmodel)),
      'model.onnx': await world.kernel.blobs.put(project, Buffer.from('onnx bytes')),
    }
    return { kind: 'directory', digest: digestOf(files), value: files }
  }
  const compared = (low: number, high: number) =>
    evidence(
      {
        metric: 'log-loss',
        direction: 'lower-is-better',
        candidate: {},
        champion: {},
        difference: { value: (low + high) / 2, low, high },
        margin: 0.002,
        verdict: 'no clear change',
        acceptable: true,
        rows: 10,
        blocks: 7,
      },
      'comparison',
    )

  test('a pipeline registers a candidate, judges it and waits for a person', async () => {
    const base = await setup()
    const { registry, project, client, url } = base
    const input = await directory(project)
    const record = compared(-0.004, 0.001)
    const inputs = { model: input, run: { kind: 'value', digest: 'x', value: base.run.id } } as const
    const step = registerStep(registry)
    expect(step.check({})).toEqual(['register needs "model": the name of the registered model.'])
    expect(step.check({ model: 'delay', colour: 1 })[0]).toContain('knows no setting "colour"')
    const first = await step.run(stepContext(base, inputs, { evidence: [record] }), {
      model: 'delay',
      tags: { 'trivium.features': [{ view: 'recent' }] },
    })
    const again = await step.run(stepContext(base, inputs, { attempt: 2 }), { model: 'delay' })
    expect(first.outputs['model']).toMatchObject({
      kind: 'model',
      urn: `trivium://${project}/model/delay@1`,
      value: input.value,
    })
    expect(again.outputs['model']?.urn).toBe(first.outputs['model']?.urn)
    const version = await registry.version(base.scope, 'delay', 1)
    expect(version).toMatchObject({
      aliases: ['challenger'],
      run: base.run.id,
      pipelineRun: `trivium://${project}/pipeline-run/prn_1`,
      evidence: [record],
      tags: { 'trivium.features': '[{"view":"recent"}]' },
      onnx: { path: 'model.onnx' },
    })

    const model = first.outputs['model'] as Artifact
    const rules = { rules: [{ evidence: 'comparison', require: 'not worse', margin: 0.002 }] }
    const passed = await gateStep(registry).run(stepContext(base, { model }, { evidence: [record] }), rules)
    expect(passed.verdict).toMatchObject({
      passed: true,
      reason: expect.stringContaining('A loss of more than 0.002 is ruled out'),
    })
    const worse = compared(0.003, 0.01)
    const failed = await gateStep(registry).run(
      stepContext(
        base,
        { model, comparison: { kind: 'evidence', digest: 'y', value: worse } },
        { asOf: 2000, step: 'gate-2' },
      ),
      rules,
    )
    expect(failed.verdict?.passed).toBe(false)
    const judged = await registry.version(base.scope, 'delay', 1)
    expect(judged.gate).toBe('failed')
    expect(judged.evidence.map((e) => [e.kind, e.verdict])).toEqual([
      ['comparison', 'info'],
      ['gate', 'passed'],
      ['comparison', 'info'],
      ['gate', 'failed'],
    ])
    await expect(registry.requireDeployable(base.scope, 'delay@challenger')).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('The gate rejected it: The candidate is worse'),
    })

    const approve = approveStep(registry)
    expect((await approve.run(stepContext(base, { model }), {})).verdict).toEqual({
      passed: true,
      reason: 'The policy of delay asks for no approval.',
    })
    await registry.setPolicy(base.scope, 'delay', { approval: 'required' })
    const waiting = await approve.run(stepContext(base, { model }), {})
    expect(waiting.waitingFor).toMatch(/inbox\/inb_/)
    expect(waiting.verdict).toBeUndefined()
    const item = waiting.waitingFor?.split('/').at(-1)
    const shown = (await client.call('GET', `${api}/${project}/inbox/${item}`)).json
    expect(shown).toMatchObject({
      title: 'Approve delay v1',
      mayDecide: false,
      subject: model.urn,
      evidence: { gate: 'failed' },
      summary: expect.stringContaining('The gate rejected it'),
    })
    const approver = await world.as('approver', project)
    await approver.call('POST', `${api}/${project}/inbox/${item}/decision`, {
      option: 'approve',
      reason: 'known seasonal effect',
    })
    const resumed = await approve.run(stepContext(base, { model }, { waitedFor: waiting.waitingFor as string }), {})
    expect(resumed.verdict).toMatchObject({
      passed: true,
      reason: expect.stringContaining('approved it: known seasonal effect'),
    })
    // The next step does not have to wait until the registry's consumer has come to the decision.
    expect(await registry.requireDeployable(base.scope, 'delay@challenger')).toMatchObject({ version: 1 })
    await world.settled(project)
    const names = (await client.call('GET', `${api}/${project}/events?limit=100`)).json.events.map(
      (e: { name: string }) => e.name,
    )
    expect(names.filter((n: string) => n === 'gate.passed' || n === 'gate.rejected').toSorted()).toEqual([
      'gate.passed',
      'gate.rejected',
    ])
    expect((await client.call('GET', `${url}/delay/versions`)).json.versions).toHaveLength(1)
  })

  test('what a step does is done once, however often its server was killed before it was recorded, whatever happened since', async () => {
    const base = await setup()
    const { registry, project, scope, client } = base
    const record = compared(-0.004, 0.001)
    const first = await registerStep(registry).run(
      stepContext(base, { model: await directory(project) }, { evidence: [record] }),
      { model: 'once' },
    )
    await registry.registerVersion(scope, {
      model: 'once',
      source: await registry.resolveSource(scope, `runs:/${base.run.id}/model`),
      sourceText: 'by hand',
      alias: 'challenger',
    })
    const files = { 'model.onnx': await world.kernel.blobs.put(project, Buffer.from('trained once more')) }
    const other: Artifact = { kind: 'directory', digest: digestOf(files), value: files }
    const [again, more] = await Promise.all([
      registerStep(registry).run(stepContext(base, { model: other }, { attempt: 2 }), { model: 'once' }),
      registerStep(registry).run(stepContext(base, { model: other }, { attempt: 3 }), { model: 'once' }),
    ])
    const urn = first.outputs['model']?.urn
    expect([again.outputs['model']?.urn, more.outputs['model']?.urn]).toEqual([urn, urn])
    expect(again.outputs['model']).toEqual(first.outputs['model'])
    const model = await registry.model(scope, 'once')
    expect(model).toMatchObject({ versions: 2, aliases: [{ alias: 'challenger', version: 2 }] })
    // The same files under another step are another version.
    await registerStep(registry).run(stepContext(base, { model: await directory(project) }, { step: 'twice' }), {
      model: 'once',
    })
    expect((await registry.model(scope, 'once')).versions).toBe(3)

    const inputs = { model: first.outputs['model'] as Artifact }
    const rules = { rules: [{ evidence: 'comparison', require: 'not worse', margin: 0.002 }] }
    const judged = await gateStep(registry).run(stepContext(base, inputs, { step: 'gate' }), rules)
    await registry.attachEvidence(scope, 'once', 1, compared(0.003, 0.01))
    const still = await gateStep(registry).run(stepContext(base, inputs, { step: 'gate', attempt: 2 }), rules)
    expect(judged.verdict?.passed).toBe(true)
    expect(still).toEqual(judged)
    expect((await registry.version(scope, 'once', 1)).evidence.filter((e) => e.kind === 'gate')).toHaveLength(1)

    await registry.setPolicy(scope, 'once', { approval: 'required' })
    const approve = approveStep(registry)
    const asked = await approve.run(stepContext(base, inputs, { step: 'approve' }), {})
    const approver = await world.as('approver', project)
    const item = asked.waitingFor?.split('/').at(-1)
    await approver.call('POST', `${api}/${project}/inbox/${item}/decision`, { option: 'decline', reason: 'no' })
    // Its server was killed after it had asked; meanwhile somebody has answered.
    const back = await approve.run(stepContext(base, inputs, { step: 'approve', attempt: 2 }), {})
    expect(back.waitingFor ?? asked.waitingFor).toBe(asked.waitingFor)
    expect((await client.call('GET', `${api}/${project}/inbox?view=team`)).json.items).toEqual([])
    await world.settled(project)
    const names = (await client.call('GET', `${api}/${project}/events?limit=1000`)).json.events.map(
      (e: { name: string }) => e.name,
    )
    for (const [name, times] of [
      ['model-version.registered', 3],
      ['gate.passed', 1],
      ['gate.rejected', 0],
      ['inbox.opened', 1],
    ] as const)
      expect([name, names.filter((n: string) => n === name).length]).toEqual([name, times])
  })

  test('a step registers from the run that the training logged to', async () => {
    const base = await setup()
    const result = await registerStep(base.registry).run(
      stepContext(base, { run: { kind: 'value', digest: 'x', value: { run_id: base.run.id } } }),
      { model: 'from-run', alias: 'candidate' },
    )
    expect(result.outputs['version']?.value).toMatchObject({ model: 'from-run', version: 1 })
    expect(await base.registry.version(base.scope, 'from-run', 1)).toMatchObject({
      run: base.run.id,
      aliases: ['candidate'],
    })
    await expect(registerStep(base.registry).run(stepContext(base, {}), { model: 'x' })).rejects.toThrow(
      'needs an input "model"',
    )
  })

  test('models are listed, described, tagged and deleted over HTTP', async () => {
    const { client, url, register, project, run } = await setup()
    expect((await client.call('POST', url, { name: 'a/b' })).status).toBe(400)
    await client.call('POST', url, { name: 'zeta', description: 'd', tags: { team: 'ops' } })
    expect((await client.call('POST', url, { name: 'zeta' })).json.code).toBe('REGISTRY.MODEL_EXISTS')
    await register('alpha one')
    const list = (await client.call('GET', url)).json.models
    expect(list.map((m: { name: string }) => m.name)).toEqual(['alpha one', 'zeta'])
    expect(list[0]).toMatchObject({ versions: 1, latest: { version: 1, run: run.id } })
    // Page by page, each beginning behind the last name of the one before, whatever was added in between.
    const first = (await client.call('GET', `${url}?limit=1`)).json
    await client.call('POST', url, { name: 'Übung' })
    const pages = [first]
    while (pages.at(-1).nextPageToken !== null)
      pages.push((await client.call('GET', `${url}?limit=1&page_token=${pages.at(-1).nextPageToken}`)).json)
    expect(pages.map(({ models }) => models[0].name)).toEqual(['alpha one', 'zeta', 'Übung'])
    for (const token of [`${first.nextPageToken}x`, `x${first.nextPageToken}`, first.nextPageToken.split('.')[0]])
      expect((await client.call('GET', `${url}?limit=1&page_token=${token}`)).status).toBe(400)
    const other = `${url}?limit=1&page_token=${first.nextPageToken}&filter=${encodeURIComponent("name like 'z%'")}`
    expect((await client.call('GET', other)).status).toBe(400)
    expect(
      (await client.call('GET', `${url}?filter=${encodeURIComponent("tags.team = 'ops'")}`)).json.models,
    ).toHaveLength(1)
    expect((await client.call('GET', `${url}?filter=${encodeURIComponent("tags.team != 'ops'")}`)).json.models).toEqual(
      [],
    )
    expect(
      (await client.call('PATCH', `${url}/zeta`, { description: 'e', tags: { team: null, more: 'x' } })).json,
    ).toMatchObject({ description: 'e', tags: { more: 'x' } })
    expect(
      (await client.call('PATCH', `${url}/alpha%20one/versions/1`, { description: 'first', tags: { k: 'v' } })).json,
    ).toMatchObject({ description: 'first', tags: { k: 'v' } })
    expect(
      (await client.call('POST', `${url}/alpha%20one/versions`, { run: run.id, path: 'model', alias: 'champion' }))
        .json,
    ).toMatchObject({ version: 2, aliases: ['champion'] })
    expect(
      (await client.call('GET', `${api}/${project}/model-versions?run=${run.id}`)).json.versions.map(
        (v: { version: number }) => v.version,
      ),
    ).toEqual(expect.arrayContaining([2, 1]))
    await client.call('DELETE', `${url}/alpha%20one`)
    expect((await client.call('GET', `${url}/alpha%20one`)).status).toBe(404)
    expect((await register('alpha one')).version).toBe(3)
    const stranger = await setup()
    expect((await stranger.client.call('GET', `${url}/zeta`)).status).toBe(404)
  })
})
