import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import { endOfRun, savePipeline, startRun, stepOf } from '../pipelines/pipelines.fixture.ts'
import type { Serving } from './index.ts'
import { startServing } from './testing/serving-world.ts'

const fixtures = join(import.meta.dirname, '../../drivers/onnx/fixtures')

const definition = (note: string) => ({
  name: 'train',
  yaml: `name: train
description: ${note}
params: { run: "" }
steps:
  check: { kind: validate, in: { dataset: "dataset:days@latest" } }
  note: { run: "note:say", cache: never, in: { rows: steps.check.dataset } }
  register: { kind: register, in: { run: params.run }, needs: [note], with: { model: rain } }
`,
  files: { 'note.py': `def say(rows):\n    print("${note}")\n` },
})

describeEachDatabase('going back to the last working state', ({ world }) => {
  let serving: Serving
  beforeAll(() => {
    serving = startServing(world)
  })
  afterAll(() => serving.stop({ keepGateway: false }))

  /** Data, code, a version that a pipeline registers, deployed and champion. */
  const release = async (client: Client, file: string, note: string) => {
    const { scope } = client
    const { tracking, registry } = world.capabilities
    world.time.now += 1000
    const added = await client.call(
      'POST',
      `/api/v1/projects/${scope.project}/datasets/days/versions?format=csv`,
      Buffer.from(`day,rain\n1,${note.length}\n`),
      { 'content-type': 'text/csv' },
    )
    if (added.status >= 300) throw new Error(added.text)
    const run = await tracking.createRun(scope, { experiment: '0', name: note, user: '', startTime: 1, tags: [] })
    await tracking.putArtifact(
      scope,
      { kind: 'run', id: run.id },
      'model/model.onnx',
      await readFile(join(fixtures, file)),
    )
    const saved = await savePipeline(client, definition(note))
    if (saved.status !== 200) throw new Error(saved.text)
    const ended = await endOfRun(client, (await startRun(client, 'train', { run: run.id })).id)
    if (ended.state !== 'finished') throw new Error(ended.reason ?? '')
    const { version } = stepOf(ended, 'register').outputs.find((one) => one.name === 'version')?.value as {
      version: number
    }
    await serving.deploy(scope, { name: 'rain', model: `rain/${version}` })
    await registry.setAlias(scope, 'rain', 'champion', version)
    return version
  }
  const say = (project: string, name: string, releaseId: string) =>
    world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name,
        schema: 1,
        by: 'system:monitoring',
        subject: urn(project, 'monitor', 'watch'),
        refs: [{ rel: 'input', urn: urn(project, 'release', releaseId), as: 'release' }],
        data: { monitor: 'watch', kind: 'performance', features: [], results: [] },
      }),
    )

  test('model, configuration, champion, code and data go back in one action', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const { scope } = client
    await expect(serving.restore(scope, 'rain', {})).rejects.toMatchObject({ code: 'SERVING.DEPLOYMENT_NOT_FOUND' })
    await release(client, 'columns.onnx', 'first')
    await expect(serving.restorePoint(scope, 'rain')).rejects.toMatchObject({
      code: 'SERVING.NO_WORKING_STATE',
      message: expect.stringContaining('It never had another release.'),
    })
    await release(client, 'columns-2.onnx', 'second, which is wrong')
    const point = await serving.restorePoint(scope, 'rain')
    expect(point).toMatchObject({
      release: { number: 1, manifest: { model: 'rain', version: 1 } },
      passedOver: [],
      alias: { model: 'rain', alias: 'champion', from: 2, to: 1 },
      pipeline: { name: 'train', from: 1, newest: 2 },
      datasets: [{ name: 'days', version: 1 }],
    })
    const { deployment, pipelineVersion } = await serving.restore(scope, 'rain', { reason: 'wrong data' })
    expect(deployment.current).toMatchObject({ number: 1, manifest: { version: 1 } })
    expect(deployment.activations[0]).toMatchObject({ kind: 'rollback', reason: 'wrong data' })
    const { registry } = world.capabilities
    expect((await registry.requireDeployable(scope, 'rain@champion')).version).toBe(1)
    expect(pipelineVersion).toBe(3)
    const pipeline = (await client.call('GET', `/api/v1/projects/${project}/pipelines/train`)).json
    expect(pipeline).toMatchObject({ version: 3, description: 'first' })
    expect(pipeline.definition.steps[0].in).toEqual({ dataset: 'dataset:days@1' })
    // The restored pipeline runs: with the code and on the data of then.
    const again = await endOfRun(
      client,
      (await startRun(client, 'train', { run: (await registry.version(scope, 'rain', 1)).run })).id,
    )
    expect(stepOf(again, 'check').inputs[0]?.urn).toBe(urn(project, 'dataset', 'days', 1))
    const log = (await client.call('GET', `/api/v1/projects/${project}/pipeline-runs/${again.id}/steps/note/log`)).json
    expect(log.lines.map((line: { text: string }) => line.text)).toContain('first')
    await world.kernel.sequencer.flush()
    const events = await world.kernel.db.read
      .selectFrom('event')
      .select('refs')
      .where('project_id', '=', project)
      .where('name', '=', 'deployment.restored')
      .execute()
    expect(JSON.parse(events[0]?.refs ?? '[]').map((ref: { as: string }) => ref.as)).toEqual([
      'restored-release',
      'restored-pipeline',
      'restored-data',
    ])
  }, 60_000)

  test('a release that was rolled back, or that a monitor left degraded, is passed over; nothing changes where one part cannot be restored', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const { scope } = client
    await release(client, 'columns.onnx', 'good')
    await release(client, 'columns-2.onnx', 'rolled back')
    await serving.rollBack(scope, 'rain', {})
    await release(client, 'columns-2.onnx', 'degraded')
    await release(client, 'columns.onnx', 'recovered')
    const releases = await serving.releases(scope, 'rain')
    const id = (number: number) => releases.find((one) => one.number === number)?.id ?? ''
    await say(project, 'monitor.degraded', id(3))
    await say(project, 'monitor.degraded', id(1))
    await say(project, 'monitor.recovered', id(1))
    await world.kernel.sequencer.flush()
    const point = await serving.restorePoint(scope, 'rain')
    expect(point.passedOver).toEqual([{ number: 3, reason: 'Monitor watch left it degraded.' }])
    expect(point.release.number).toBe(1)
    const contributor = await world.as('contributor', project)
    const url = `/api/v1/projects/${project}/deployments/rain`
    expect((await contributor.call('POST', `${url}/restore`, {})).status).toBe(403)
    // The pipeline's files are gone: then the deployment does not move either.
    await world.kernel.db.write
      .transaction()
      .execute((trx) =>
        trx
          .updateTable('pipeline_version')
          .set({ yaml: 'name: train\nsteps: {}\n' })
          .where('project_id', '=', project)
          .where('version', '=', 1)
          .execute(),
      )
    await expect(serving.restore(scope, 'rain', {})).rejects.toThrow('needs at least one step')
    expect((await serving.get(scope, 'rain')).current?.number).toBe(4)
  }, 60_000)
})
