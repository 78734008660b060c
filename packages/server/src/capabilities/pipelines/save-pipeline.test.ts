import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createWorld, describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { runPipeline, savePipeline } from './pipelines.fixture.ts'

const root = join(import.meta.dirname, '../../../../..')

describeEachDatabase('the example', ({ world }) => {
  test('its pipeline is accepted with the kinds of step that this program has', async () => {
    const folder = join(root, 'examples/flight-delays/training')
    const client = await world.as('maintainer')
    const saved = await savePipeline(client, {
      name: 'train-arrival-delay',
      yaml: await readFile(join(folder, 'pipeline.yaml'), 'utf8'),
      files: {
        'train.py': await readFile(join(folder, 'train.py'), 'utf8'),
        'requirements.txt': await readFile(join(root, 'python/requirements.txt'), 'utf8'),
      },
    })
    expect(saved.json).toMatchObject({ name: 'train-arrival-delay', version: 1, created: true })
  })
})

test('without Python on the machine a step fails with what to install', async () => {
  const world = await createWorld({ configuration: { python: '/no/such/python' } })
  try {
    const run = await runPipeline(await world.as('maintainer'), {
      name: 'p',
      yaml: 'name: p\nsteps:\n  s: { run: "s:f", retry: 0 }\n',
      files: { 's.py': 'def f(): pass\n' },
    })
    expect(run.state).toBe('failed')
    expect(run.steps[0]?.attempts[0]?.error).toMatchObject({
      code: 'PYTHON.NOT_FOUND',
      message: expect.stringContaining('python3-venv'),
    })
  } finally {
    await world.close()
  }
})

describeEachDatabase('saving a pipeline', ({ world }) => {
  const yaml = (depth: number) =>
    `name: saved\nparams: { depth: ${depth} }\nsteps:\n  s: { run: "s:f", params: [depth] }\n`
  const files = { 's.py': 'def f(depth): pass\n' }

  test('equal content is the same version, other content is the next, and earlier ones stay as they were', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const first = (await savePipeline(client, { name: 'saved', yaml: yaml(1), files })).json
    expect((await savePipeline(client, { name: 'saved', yaml: `# a comment\n${yaml(1)}`, files })).json).toMatchObject({
      version: 1,
      created: false,
      digest: first.digest,
    })
    expect((await savePipeline(client, { name: 'saved', yaml: yaml(2), files })).json).toMatchObject({
      version: 2,
      created: true,
    })
    const url = `/api/v1/projects/${client.scope.project}/pipelines/saved`
    expect((await client.call('GET', `${url}?version=1`)).json).toMatchObject({
      version: 1,
      latestVersion: 2,
      yaml: yaml(1),
      digest: first.digest,
      files: { 's.py': { size: 19 } },
    })
    expect(
      (await client.call('GET', `${url}/versions`)).json.versions.map((one: { version: number }) => one.version),
    ).toEqual([2, 1])
    expect((await client.call('GET', `${url}?version=9`)).json).toMatchObject({ code: 'PIPELINES.VERSION_NOT_FOUND' })
  })

  test('a manifest whose content was not uploaded, another name and a wrong parameter are refused', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    const url = `/api/v1/projects/${client.scope.project}/pipelines`
    const missing = 'f'.repeat(64)
    expect(
      (await client.call('PUT', `${url}/saved`, { yaml: yaml(1), files: { 's.py': missing } })).json,
    ).toMatchObject({ code: 'PIPELINES.MISSING_FILES', detail: expect.stringContaining('s.py') })
    expect(
      (await client.call('POST', `/api/v1/projects/${client.scope.project}/blobs/missing`, { digests: [missing] }))
        .json,
    ).toEqual({ missing: [missing] })
    expect(
      (
        await client.call('PUT', `/api/v1/projects/${client.scope.project}/blobs/${missing}`, Buffer.from('other'), {
          'content-type': 'application/octet-stream',
        })
      ).json,
    ).toMatchObject({ code: 'BLOB.DIGEST_MISMATCH' })
    expect((await savePipeline(client, { name: 'other', yaml: yaml(1), files })).json).toMatchObject({
      code: 'PIPELINES.NOT_SAVED_AS',
    })
    await savePipeline(client, { name: 'saved', yaml: yaml(1), files })
    expect((await client.call('POST', `${url}/saved/runs`, { params: { deep: 1 } })).json).toMatchObject({
      code: 'PIPELINES.UNKNOWN_PARAMETER',
      detail: expect.stringContaining('It has: depth.'),
    })
    expect((await client.call('POST', `${url}/saved/runs`, { params: { depth: 'x' } })).json).toMatchObject({
      code: 'PIPELINES.BAD_PARAMETER',
    })
    const contributor = await world.as('contributor', client.scope.project)
    expect((await savePipeline(contributor, { name: 'saved', yaml: yaml(3), files })).status).toBe(403)
  })

  test('code is defined, started and repeated only with code:execute', async () => {
    const client = await world.as('maintainer', await world.makeProject())
    expect((await savePipeline(client, { name: 'saved', yaml: yaml(1), files })).status).toBe(200)
    const at = `/api/v1/projects/${client.scope.project}`
    const { id } = (await client.call('POST', `${at}/pipelines/saved/runs`, {})).json
    const { secret } = (
      await client.call('POST', `${at}/tokens`, {
        name: 'no code',
        permissions: ['pipeline:read', 'pipeline:write', 'pipeline:run', 'run:write'],
      })
    ).json
    const headers = { authorization: `Bearer ${secret}` }
    const without = {
      ...client,
      call: (...[method, url, body]: Parameters<typeof client.call>) => client.call(method, url, body, headers),
    }
    for (const answer of [
      await savePipeline(without, { name: 'saved', yaml: yaml(2), files }),
      await without.call('POST', `${at}/pipelines/saved/runs`, {}),
      await without.call('POST', `${at}/pipeline-runs/${id}/repeat`, {}),
    ])
      expect([answer.status, answer.json.detail]).toEqual([403, expect.stringContaining('code:execute')])
    const checks = "name: checks\nsteps:\n  check:\n    kind: validate\n    in: {dataset: 'dataset:rows@latest'}\n"
    expect((await savePipeline(without, { name: 'checks', yaml: checks })).status).toBe(200)
    expect((await without.call('POST', `${at}/pipelines/checks/runs`, {})).status).toBe(201)
  })
})
