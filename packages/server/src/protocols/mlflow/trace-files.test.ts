import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { declarePersonal } from '../../capabilities/access/index.ts'

const proxy = '/api/2.0/mlflow-artifacts/artifacts'
const id = `tr-${'7'.padStart(32, '0')}`

describeEachDatabase('files of traces', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } }
    const body = { trace: { trace_info: { trace_id: id, trace_location: location, state: 'OK' } } }
    const { tags } = (await client.call('POST', '/api/3.0/mlflow/traces', body)).json.trace.trace_info
    const place = (tags['mlflow.artifactLocation'] as string).replace('mlflow-artifacts:', '')
    return { project, client, at: `${proxy}${place}`, place: place.slice(1) }
  }
  const spans = JSON.stringify({ spans: [{ name: 'answer', attributes: { email: 'me@home' } }] })

  test('spans and attachments that clients put at the place that a trace names are listed, read back and removed with it', async () => {
    const { client, at, place, project } = await setup()
    expect((await client.call('PUT', `${at}/traces.json`, spans)).status).toBe(200)
    expect((await client.call('PUT', `${at}/attachments/picture-1`, 'bytes')).status).toBe(200)
    const list = (path: string) => client.call('GET', `${proxy}?path=${path}`)
    expect((await list(place)).json.files).toMatchObject([
      { path: 'attachments', is_dir: true },
      { path: 'traces.json', is_dir: false, file_size: spans.length },
    ])
    const read = await client.call('GET', `${at}/traces.json`)
    expect([read.status, read.text]).toEqual([200, spans])
    for (const prefix of ['/ajax-api/2.0', '/ajax-api/3.0']) {
      const file = await client.call('GET', `${prefix}/mlflow/get-trace-artifact?request_id=${id}&path=picture-1`)
      expect([file.text, file.headers['content-disposition']]).toEqual(['bytes', expect.stringContaining('attachment')])
    }
    expect((await client.call('GET', `/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${id}`)).text).toBe(spans)
    await client.call('DELETE', `${at}/traces.json`)
    expect((await client.call('GET', `${at}/traces.json`)).status).toBe(404)
    await client.call('POST', '/api/3.0/mlflow/traces/delete-traces', { experiment_id: '0', request_ids: [id] })
    const { db } = world.kernel
    for (const table of ['blob_ref', 'artifact_file'] as const)
      expect(await db.read.selectFrom(table).select('digest').where('project_id', '=', project).execute()).toEqual([])
  })

  test('no path leads out of a trace, to one of another experiment, or to one that is not there', async () => {
    const { client, at } = await setup()
    const put = (path: string) => client.call('PUT', path, 'x')
    for (const path of [
      `${at}/..%2f..%2fout`,
      `${at}/a%5cb`,
      `${at}/a//b`,
      at,
      at.replace('/0/', '/1/'),
      `${at.replace('/0/', '/1/')}/x`,
      at.replace('000007', '000008').concat('/x'),
    ])
      expect([path, (await put(path)).status]).toEqual([
        path,
        expect.toSatisfy((status: number) => status >= 400 && status < 500),
      ])
    expect(
      (await client.call('GET', `/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${id}&path=../x`)).status,
    ).toBe(400)
  })

  test('who may not see personal columns reads no file of a trace, and only who may write puts one there', async () => {
    const { client, at, project } = await setup()
    await client.call('PUT', `${at}/traces.json`, spans)
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('GET', `${at}/traces.json`)).status).toBe(200)
    expect((await viewer.call('PUT', `${at}/x`, 'x')).status).toBe(403)
    await world.kernel.db.write
      .transaction()
      .execute((trx) => declarePersonal(trx, project, 'dataset:people', ['email']))
    expect((await viewer.call('GET', `${at}/traces.json`)).status).toBe(403)
    expect((await viewer.call('GET', `/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${id}`)).status).toBe(403)
  })
})
