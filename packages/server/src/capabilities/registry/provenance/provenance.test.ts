import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describeEachDatabase } from '@trivium/testing'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { beforeAll, expect, test } from 'vitest'
import { urn } from '../../../kernel/ids/index.ts'

const schema = (name: string): object =>
  JSON.parse(
    gunzipSync(readFileSync(new URL(`fixtures/${name}.schema.json.gz`, import.meta.url))).toString('utf8'),
  ) as object
const mlmodel = `flavors:
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}
  python_function: {loader_module: mlflow.sklearn}
signature:
  inputs: '[{"type": "double", "name": "distance", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
`
// pickle.dumps({'a': 1}) of Python, protocol 4
const pickled = Buffer.from('80049507000000000000007d948c0161944b01732e', 'hex')
const requirements =
  'scikit-learn==1.7.0 \\\n    --hash=sha256:' + 'ab'.repeat(32) + '\nNumPy==2.3.1 ; python_version >= "3"\n-e .\n'

/** Checks a document against the schema of CycloneDX; compiled once, for it is large. */
let compiled: ValidateFunction | undefined
const billSchema = (): ValidateFunction => {
  if (compiled) return compiled
  const ajv = new Ajv({ strict: false, validateFormats: true })
  const add = addFormats as unknown as (instance: Ajv) => void
  add(ajv)
  for (const format of ['idn-email', 'iri-reference']) ajv.addFormat(format, true)
  for (const name of ['spdx', 'jsf-0.82'])
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`)
  compiled = ajv.compile(schema('bom-1.6'))
  return compiled
}

describeEachDatabase('where a model version comes from', ({ world }) => {
  let place: Awaited<ReturnType<typeof setup>>
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const { scope } = client
    const run = await tracking.createRun(scope, { experiment: '0', name: 'train', user: '', startTime: 1000, tags: [] })
    const content = {
      MLmodel: mlmodel,
      'model.pkl': pickled,
      'requirements.txt': requirements,
      'notes.txt': 'Version 1',
    }
    for (const [path, bytes] of Object.entries(content))
      await tracking.putArtifact(scope, { kind: 'run', id: run.id }, `model/${path}`, Buffer.from(bytes))
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'run.finished',
        schema: 1,
        by: scope.principal.id,
        subject: urn(project, 'run', run.id),
        refs: [{ rel: 'input', urn: urn(project, 'dataset', 'flights of 2001', 1), as: 'trained-on' }],
        data: {},
      }),
    )
    const url = `/api/v1/projects/${project}/models/delay/versions`
    const made = await client.call('POST', url, {
      run: run.id,
      path: 'model',
      tags: { licence: 'MIT', 'trivium.unsafe': 'no' },
    })
    expect(made.status).toBe(201)
    await world.settled(project)
    return {
      project,
      client,
      scope,
      run,
      version: made.json,
      url: `${url}/1`,
      viewer: await world.as('viewer', project),
    }
  }
  beforeAll(async () => {
    place = await setup()
  })

  test('files that are pickles are named, and clients of MLflow see it as a tag that nobody changes', async () => {
    const { version, client, url } = place
    expect(version.unsafe).toEqual({ kind: 'pickle', files: [{ path: 'model.pkl', why: 'it holds a pickle' }] })
    expect(version.tags).toEqual({ licence: 'MIT', 'trivium.unsafe': 'pickle' })
    expect(await client.call('PATCH', url, { tags: { 'trivium.unsafe': null } })).toMatchObject({
      status: 400,
      json: { code: 'REGISTRY.TAG_KEPT' },
    })
  })

  test('the lineage in PROV-JSON names the run, who began it, and refers to nothing that it does not hold', async () => {
    const { client, url, run, scope, project } = place
    const { status, json } = await client.call('GET', `${url}/provenance`)
    expect(status).toBe(200)
    expect(json.prefix.here).toBe(`trivium://${project}/`)
    expect(json.activity[`here:run/${run.id}`]).toMatchObject({
      'prov:startTime': '1970-01-01T00:00:01.000Z',
      'prov:label': 'train',
    })
    expect(json.agent[`here:principal/${scope.principal.id}`]).toMatchObject({ 'prov:label': scope.principal.name })
    expect(Object.values(json.wasGeneratedBy)).toContainEqual(
      expect.objectContaining({ 'prov:entity': 'here:model/delay@1', 'prov:activity': `here:run/${run.id}` }),
    )
    expect(Object.values(json.wasAssociatedWith)).toContainEqual({
      'prov:activity': `here:run/${run.id}`,
      'prov:agent': `here:principal/${scope.principal.id}`,
    })
    expect(Object.values(json.used)).toContainEqual({
      'prov:activity': `here:run/${run.id}`,
      'prov:entity': 'here:dataset/flights%20of%202001@1',
      'prov:role': 'trained-on',
    })
    const known = new Set([json.entity, json.activity, json.agent].flatMap((one) => Object.keys(one)))
    const { prefix: _prefix, entity: _entity, activity: _activity, agent: _agent, ...relations } = json
    const named = Object.values(relations as Record<string, Record<string, Record<string, unknown>>>)
      .flatMap((records) => Object.values(records))
      .flatMap((one) => Object.entries(one))
      .filter(([key]) => key.startsWith('prov:') && key !== 'prov:role' && key !== 'prov:time')
    expect(named.length).toBeGreaterThan(2)
    for (const [, value] of named) expect(known).toContain(value)
    // Clients may say any time; one beyond the calendar is left out.
    const update = { run_id: run.id, status: 'FINISHED', end_time: 8_640_000_000_000_001 }
    expect((await client.call('POST', '/api/2.0/mlflow/runs/update', update)).status).toBe(200)
    const beyond = await client.call('GET', `${url}/provenance`)
    expect([beyond.status, beyond.json.activity?.[`here:run/${run.id}`]?.['prov:endTime']]).toEqual([200, undefined])
  })

  test('the bill of materials keeps to the schema of CycloneDX 1.6, with files, packages and their hashes', async () => {
    const { client, url, version } = place
    const check = billSchema()
    const { json } = await client.call('GET', `${url}/bom`)
    expect(check(json), JSON.stringify(check.errors)).toBe(true)
    expect(check({ ...json, components: [{ type: 'something' }] })).toBe(false)
    expect(json.metadata.component).toMatchObject({
      type: 'machine-learning-model',
      name: 'delay',
      hashes: [{ alg: 'SHA-256', content: version.artifactDigest }],
      licenses: [{ license: { name: 'MIT' } }],
      modelCard: { modelParameters: { inputs: [{ format: 'distance: double' }] } },
    })
    expect(json.components).toContainEqual(
      expect.objectContaining({
        type: 'file',
        name: 'model.pkl',
        hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(pickled).digest('hex') }],
        properties: expect.arrayContaining([{ name: 'trivium:unsafe', value: 'pickle' }]),
      }),
    )
    expect(json.components).toContainEqual({
      type: 'library',
      'bom-ref': 'pkg:pypi/scikit-learn@1.7.0',
      purl: 'pkg:pypi/scikit-learn@1.7.0',
      name: 'scikit-learn',
      version: '1.7.0',
      hashes: [{ alg: 'SHA-256', content: 'ab'.repeat(32) }],
    })
    expect(json.components).toContainEqual(expect.objectContaining({ purl: 'pkg:pypi/numpy@2.3.1' }))
    expect((await client.call('GET', `${url}/bom`)).json).toEqual(json)
  })

  test('a version is signed when it is registered, and what was swapped, changed or cut since is named', async () => {
    const { client, viewer, url, project } = place
    const { db, blobs } = world.kernel
    const verify = async () => (await viewer.call('POST', `${url}/verify`)).json
    const signature = (await viewer.call('GET', `${url}/signature`)).json
    expect(JSON.parse(signature.bundle).mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json')
    expect(signature.publicKeys[0].keyId).toBe(signature.keyId)
    expect(await verify()).toMatchObject({ intact: true, files: 4, keyId: signature.keyId, problems: [] })

    const row = await db.read
      .selectFrom('model_version')
      .select('files')
      .where('project_id', '=', project)
      .executeTakeFirstOrThrow()
    const files = JSON.parse(row.files) as Record<string, { digest: string; size: number }>
    const set = async (changed: unknown) =>
      db.write.transaction().execute((trx) =>
        trx
          .updateTable('model_version')
          .set({ files: JSON.stringify(changed) })
          .where('project_id', '=', project)
          .execute(),
      )
    // Another file in its place: the list says another digest than the signature.
    await set({ ...files, 'model.pkl': files['notes.txt'] })
    const swapped = await verify()
    expect(swapped.intact).toBe(false)
    expect(swapped.problems.map((one: { path: string; kind: string }) => [one.path, one.kind])).toEqual([
      [null, 'list'],
      ['model.pkl', 'changed'],
    ])
    await set(files)

    // One byte of the stored content.
    const { digest } = files['requirements.txt'] as { digest: string }
    await blobs.delete(project, digest)
    expect((await verify()).problems).toMatchObject([{ path: 'requirements.txt', kind: 'missing' }])
    await blobs.put(project, Buffer.from(requirements))

    // The signature itself: one that is whole, of other content.
    const stored = await db.read.selectFrom('model_signature').selectAll().where('project_id', '=', project).execute()
    const bundle = JSON.parse(stored[0]?.bundle ?? '') as { dsseEnvelope: { payload: string } }
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString()
    const other = payload.replace(digest, 'c'.repeat(64))
    bundle.dsseEnvelope.payload = Buffer.from(other).toString('base64')
    const write = async (text: string) =>
      db.write
        .transaction()
        .execute((trx) =>
          trx.updateTable('model_signature').set({ bundle: text }).where('project_id', '=', project).execute(),
        )
    await write(JSON.stringify(bundle))
    expect((await verify()).problems).toMatchObject([{ path: null, kind: 'signature' }])
    await write(stored[0]?.bundle ?? '')
    expect((await verify()).intact).toBe(true)

    // Another version has the same files, and its signature is about itself alone.
    const run = (await client.call('GET', url)).json.run as string
    const second = url.replace(/1$/, '2')
    const made = await client.call('POST', url.replace(/\/1$/, ''), { run, path: 'model' })
    expect(made.status).toBe(201)
    await write((await viewer.call('GET', `${second}/signature`)).json.bundle)
    expect((await verify()).problems).toMatchObject([
      { path: null, kind: 'signature', detail: expect.stringMatching(/^The signature is that of .*2/) },
    ])

    // One of an older server has none, until somebody who may write asks for it.
    await db.write
      .transaction()
      .execute((trx) => trx.deleteFrom('model_signature').where('project_id', '=', project).execute())
    expect(await client.call('GET', `${url}/signature`)).toMatchObject({
      status: 404,
      json: { code: 'REGISTRY.NOT_SIGNED' },
    })
    expect((await viewer.call('POST', `${url}/signature`)).status).toBe(403)
    expect((await client.call('POST', `${url}/signature`)).status).toBe(200)
    expect((await verify()).intact).toBe(true)
  })
})
