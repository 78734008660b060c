import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gitTags } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import expected from '../../../drivers/onnx/fixtures/expected.json' with { type: 'json' }
import { makeEvidence } from '../../registry/evidence.ts'
import type { Serving } from '../index.ts'
import { registerModel, startServing } from '../testing/serving-world.ts'

const run = promisify(execFile)
const fixtures = join(import.meta.dirname, '../../../drivers/onnx/fixtures')
const [row] = expected.columns.rows
const hour = 3_600_000

describeEachDatabase('what became of the versions of a model', ({ world }) => {
  let serving: Serving
  beforeAll(() => {
    serving = startServing(world)
  })
  afterAll(() => serving.stop({ keepGateway: false }))

  test('its page names deployments, callers and people, and the calls on it work as they stand', async () => {
    const maintainer = await world.as('maintainer')
    const { scope } = maintainer
    const onnx = await readFile(join(fixtures, 'columns.onnx'))
    // With a quote in a text, which every language writes in its own way.
    const logged = { ...row, origin: 'L\'Aquila "AAL" \\ é' }
    await registerModel(world, scope, 'delay', {
      'model.onnx': onnx,
      'serving_input_example.json': JSON.stringify({
        dataframe_split: { columns: Object.keys(logged), data: [Object.values(logged)] },
      }),
    })
    await maintainer.call('PATCH', '/api/v1/projects/default/models/delay', { tags: { owner: 'the operations team' } })
    const made = (await maintainer.call('GET', '/api/v1/projects/default/models/delay/versions/1')).json.run
    const tags = { [gitTags.commit]: 'c0ffee1', [gitTags.repository]: 'https://ann:secret@github.com/acme/delays.git' }
    await maintainer.call('PATCH', `/api/v1/projects/default/runs/${made}`, { tags })
    await serving.deploy(scope, { name: 'arrival', model: 'delay/1' })
    const viewer = await world.as('viewer')
    const url = '/api/v1/projects/default/models/delay/hand-over'
    const { json: before } = await viewer.call('GET', url)
    expect(before).toMatchObject({
      version: 1,
      because: 'deployed',
      deployments: [{ name: 'arrival', state: 'serving', version: 1 }],
      callers: [],
      code: { commit: 'c0ffee1', repository: 'https://github.com/acme/delays.git' },
      example: { deployment: 'arrival', source: 'input example', inputs: logged },
    })
    expect(before.contacts[0]).toEqual({ name: 'the operations team', why: 'owns it' })
    expect(before.contacts[1].why).toBe('registered v1, deployed v1')
    expect(before.unwritten.map((one: { part: string }) => one.part)).toEqual([
      'what it is',
      'what it is for, and for what not',
      'known issues',
      'trade-offs',
    ])

    const address = serving.gatewayAddress()
    const options = {
      env: { ...process.env, TRIVIUM_URL: `http://${address?.host}:${address?.port}`, TRIVIUM_TOKEN: maintainer.token },
    }
    const [curl, python, node] = await Promise.all([
      run('sh', ['-c', before.example.curl], options),
      run('python3', ['-c', before.example.python], options),
      run(
        process.execPath,
        ['--no-warnings', '--input-type=module-typescript', '-e', before.example.typescript],
        options,
      ),
    ])
    const wanted = JSON.parse(curl.stdout).predictions[0].outputs.probabilities_1 as number
    expect(wanted).toBeGreaterThan(0)
    for (const { stdout } of [python, node])
      expect(Number(/probabilities_1'?: ([\d.e-]+)/.exec(stdout)?.[1])).toBeCloseTo(wanted, 6)

    await serving.callers.keep()
    const { json: after } = await viewer.call('GET', url)
    expect(after.callers).toEqual([
      {
        principal: maintainer.principal.id,
        name: expect.any(String),
        kind: expect.any(String),
        deployment: 'arrival',
        versions: [1],
        requests: 3,
        predictions: 3,
        firstAt: expect.any(Number),
        lastAt: expect.any(Number),
      },
    ])
    // What the gateway tells twice is counted once.
    await serving.callers.keep()
    expect((await viewer.call('GET', url)).json.callers[0].requests).toBe(3)
    expect((await viewer.call('GET', `${url}?version=7`)).status).toBe(404)
    const stranger = await world.as('viewer', await world.makeProject())
    expect((await stranger.call('GET', url)).status).toBe(404)
  })

  test('versions that were not chosen say why: gate, review, a later one; and how long each stage took', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const approver = await world.as('approver', project)
    const { scope } = client
    const { registry } = world.capabilities
    const onnx = await readFile(join(fixtures, 'columns.onnx'))
    for (let version = 1; version <= 5; version += 1) await registerModel(world, scope, 'rain', { 'model.onnx': onnx })
    const gate = (version: number, verdict: 'passed' | 'failed', summary: string) =>
      registry.recordGate(
        scope,
        'rain',
        version,
        makeEvidence({
          kind: 'gate',
          verdict,
          summary,
          at: 5,
          by: scope.principal.id,
          subjects: [],
          data: { version },
        }),
        `key-${version}`,
      )
    await gate(1, 'failed', 'log-loss is worse.')
    const review = async (version: number, option: string, reason: string) => {
      const { item } = await registry.requestApproval(scope, 'rain', version)
      const answer = await approver.call('POST', `/api/v1/projects/${project}/inbox/${item}/decision`, {
        option,
        reason,
      })
      expect(answer.status, answer.text).toBe(200)
      await world.settled(project)
    }
    await review(2, 'decline', 'too slow in winter')
    await registry.setAlias(scope, 'rain', 'challenger', 3)
    await registry.setAlias(scope, 'rain', 'challenger', 4, { reason: 'smaller' })
    await review(4, 'approve', '')
    await registry.setAlias(scope, 'rain', 'champion', 4)
    await serving.deploy(scope, { name: 'rain-prod', model: 'rain/4' })
    await world.settled(project)

    const url = `/api/v1/projects/${project}/models/rain/candidates`
    const { json } = await client.call('GET', url)
    expect(json.candidates.map((one: { version: number; outcome: string }) => [one.version, one.outcome])).toEqual([
      [5, 'unjudged'],
      [3, 'superseded'],
      [2, 'declined'],
      [1, 'rejected'],
    ])
    const texts = json.candidates.map((one: { reasons: { text: string }[] }) => one.reasons.map(({ text }) => text))
    expect(texts[1]).toEqual(['v4 took challenger from it: smaller', 'v4, which came after it, is champion.'])
    expect(texts[2][0]).toMatch(/declined it: too slow in winter$/)
    expect(texts[3][0]).toBe('log-loss is worse.')
    const first = (await client.call('GET', `${url}?limit=2`)).json
    expect(first.candidates.map((one: { version: number }) => one.version)).toEqual([5])
    const rest = (await client.call('GET', `${url}?limit=2&page_token=${first.nextPageToken}`)).json
    expect(rest.candidates.map((one: { version: number }) => one.version)).toEqual([3, 2])

    // Hours between, as they would be in life.
    const { db } = world.kernel
    const start = 1_700_000_000_000
    await db.write.transaction().execute(async (trx) => {
      await trx
        .updateTable('model_version')
        .set((e) => ({ created_at: e.lit(start) }))
        .where('project_id', '=', project)
        .execute()
      await trx
        .updateTable('inbox_item')
        .set({ opened_at: start + hour, decided_at: start + 3 * hour })
        .where('project_id', '=', project)
        .execute()
      await trx
        .updateTable('deployment_activation')
        .set({ at: start + 4 * hour })
        .where('project_id', '=', project)
        .execute()
    })
    await registry.requestApproval(scope, 'rain', 5)
    await serving.deploy(scope, { name: 'rain-prod', model: 'rain/3' })
    await db.write.transaction().execute((trx) =>
      trx
        .updateTable('deployment_activation')
        .set({ at: start + 10 * hour })
        .where('project_id', '=', project)
        .where('seq', '=', 2)
        .execute(),
    )
    const cycles = (await client.call('GET', `/api/v1/projects/${project}/release-cycles?model=rain`)).json
    const four = cycles.versions.find((one: { version: number }) => one.version === 4)
    expect(four).toMatchObject({
      registeredAt: start,
      askedAt: start + hour,
      approvedAt: start + 3 * hour,
      deployedAt: start + 4 * hour,
      replacedAt: start + 10 * hour,
      waitingFor: null,
    })
    const stage = (name: string) => cycles.stages.find((one: { stage: string }) => one.stage === name)
    expect(stage('registered-approved')).toMatchObject({ n: 1, median: 3 * hour, low: null, longest: 3 * hour })
    expect(stage('asked-approved').median).toBe(2 * hour)
    expect(stage('registered-deployed')).toMatchObject({ n: 2, median: 7 * hour })
    expect(stage('deployed-replaced').median).toBe(6 * hour)
    expect(cycles.waiting.map((one: { version: number; waitingFor: string }) => [one.version, one.waitingFor])).toEqual(
      [[5, 'approval']],
    )
    const all = (await client.call('GET', `/api/v1/projects/${project}/release-cycles`)).json
    expect(all.models.map((one: { model: string; versions: number }) => [one.model, one.versions])).toEqual([
      ['rain', 5],
    ])
    expect((await client.call('GET', `/api/v1/projects/${project}/release-cycles?model=none`)).status).toBe(404)
  })
})
