import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'

const api = '/api/3.0/mlflow/datasets'

describeEachDatabase('evaluation datasets', ({ world }) => {
  let client: Client
  let experiment: string
  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) =>
    client.call(method, `${api}/${path}`, body)
  const make = async (name: string, more: object = {}) =>
    (await call('POST', 'create', { name, ...more })).json.dataset as Record<string, any>
  const put = (id: string, records: object[]) => call('POST', `${id}/records`, { records: JSON.stringify(records) })
  const recordsOf = async (id: string, query = '') =>
    JSON.parse((await call('GET', `${id}/records${query}`)).json.records)

  beforeAll(async () => {
    client = await world.as('contributor', await world.makeProject())
    experiment = (await client.call('POST', '/api/2.0/mlflow/experiments/create', { name: 'judged' })).json
      .experiment_id
  })

  test('records are told apart by their inputs, whatever the order of the keys, and merged', async () => {
    const { dataset_id: id } = await make('questions')
    const first = await put(id, [
      { inputs: { question: 'storms?', top: 3 }, expectations: { answer: 'yes' }, tags: { 'mlflow.user': 'ann' } },
      { inputs: { question: 'snow?' }, outputs: { answer: 'no' } },
    ])
    expect(first.json).toEqual({ inserted_count: 2, updated_count: 0 })
    world.time.now += 5
    const again = await put(id, [
      { inputs: { top: 3, question: 'storms?' }, expectations: { source: 'radar' } },
      { inputs: { top: 3, question: 'storms?' }, outputs: null },
      { inputs: { question: 'rain?' }, source: { source_type: 'TRACE', source_data: { trace_id: 'tr-1' } } },
    ])
    expect(again.json).toEqual({ inserted_count: 1, updated_count: 2 })
    const records = await recordsOf(id)
    const storms = records.find((one: any) => one.inputs.question === 'storms?')
    expect(storms).toMatchObject({
      expectations: { answer: 'yes', source: 'radar' },
      created_by: 'ann',
      tags: { 'mlflow.user': 'ann' },
    })
    expect([storms.outputs, storms.last_update_time - storms.created_time]).toEqual([undefined, 5])
    expect(records.find((one: any) => one.inputs.question === 'rain?')).toMatchObject({
      source_id: 'tr-1',
      source_type: 'TRACE',
    })
    const { dataset } = (await call('GET', id)).json
    expect([JSON.parse(dataset.profile), JSON.parse(dataset.schema).inputs]).toEqual([
      { num_records: 3 },
      { question: 'string', top: 'integer' },
    ])
    const gone = await call('DELETE', `${id}/records`, { dataset_record_ids: [storms.dataset_record_id, 'dr-none'] })
    expect(gone.json).toEqual({ deleted_count: 1 })
    expect(JSON.parse((await call('GET', id)).json.dataset.profile)).toEqual({ num_records: 2 })
  })

  test('pages of records go on behind the last one, and a bad token is told so', async () => {
    const { dataset_id: id } = await make('many')
    await put(
      id,
      Array.from({ length: 450 }, (_, i) => ({ inputs: { i } })),
    )
    const seen: number[] = []
    let token = ''
    for (let page = 0; page < 5; page += 1) {
      const { json } = await call('GET', `${id}/records?max_results=200&page_token=${encodeURIComponent(token)}`)
      seen.push(...JSON.parse(json.records).map((one: any) => one.inputs.i))
      token = json.next_page_token ?? ''
      if (token === '') break
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, i) => i))
    expect((await call('GET', `${id}/records?page_token=bad`)).status).toBe(400)
  })

  test('they are found by name, tag, experiment and time, in any order, page by page', async () => {
    for (const [i, name] of ['alpha', 'beta', 'gamma'].entries()) {
      world.time.now += 10
      const tags = JSON.stringify({ team: i === 0 ? 'ops' : 'data', 'mlflow.user': 'bob' })
      await make(name, { tags, ...(i < 2 ? { experiment_ids: [experiment] } : {}) })
    }
    const names = async (body: object) =>
      (await call('POST', 'search', body)).json.datasets?.map((one: any) => one.name) ?? []
    expect(await names({ experiment_ids: [experiment] })).toEqual(['beta', 'alpha'])
    expect(await names({ filter_string: "tags.team = 'data'", order_by: ['name'] })).toEqual(['beta', 'gamma'])
    expect(await names({ filter_string: "name LIKE '%amm%' OR name = 'alpha'", order_by: ['name DESC'] })).toEqual([
      'gamma',
      'alpha',
    ])
    expect(await names({ filter_string: `created_time >= ${world.time.now} AND created_by = 'bob'` })).toEqual([
      'gamma',
    ])
    const page = (
      await call('POST', 'search', { filter_string: "created_by = 'bob'", order_by: ['name'], max_results: 2 })
    ).json
    expect(
      await names({
        filter_string: "created_by = 'bob'",
        order_by: ['name'],
        max_results: 2,
        page_token: page.next_page_token,
      }),
    ).toEqual(['gamma'])
    for (const filter_string of ["nonsense = 'x'", 'metrics.a > 1', 'name = '])
      expect([filter_string, (await call('POST', 'search', { filter_string })).status]).toEqual([filter_string, 400])
  })

  test('tags and experiments come and go, and removing is for good', async () => {
    const { dataset_id: id } = await make('kept', { experiment_ids: ['0'] })
    await call('PATCH', `${id}/tags`, { tags: JSON.stringify({ a: 1, b: 'two', none: null }) })
    await call('DELETE', `${id}/tags/b`)
    expect(JSON.parse((await call('GET', id)).json.dataset.tags)).toEqual({ a: '1' })
    await call('POST', `${id}/add-experiments`, { experiment_ids: [experiment] })
    expect((await call('GET', `${id}/experiment-ids`)).json.experiment_ids).toEqual(['0', experiment])
    await call('POST', `${id}/remove-experiments`, { experiment_ids: ['0', 'never'] })
    expect((await call('GET', `${id}/experiment-ids`)).json.experiment_ids).toEqual([experiment])
    expect((await call('POST', `${id}/add-experiments`, { experiment_ids: ['999'] })).status).toBe(404)
    await put(id, [{ inputs: {} }])
    expect((await call('DELETE', id)).status).toBe(200)
    expect((await call('DELETE', id)).status).toBe(200)
    for (const path of [id, `${id}/records`, `${id}/experiment-ids`])
      expect([path, (await call('GET', path)).json.error_code]).toEqual([path, 'RESOURCE_DOES_NOT_EXIST'])
    const left = await world.kernel.db.read
      .selectFrom('evaluation_set_record')
      .select('id')
      .where('set_id', '=', id)
      .execute()
    expect(left).toEqual([])
  })

  test('an experiment that is removed for good is left by its evaluation datasets', async () => {
    const { experiment_id: doomed } = (
      await client.call('POST', '/api/2.0/mlflow/experiments/create', { name: 'doomed' })
    ).json
    const { dataset_id: id } = await make('stays', { experiment_ids: [doomed] })
    await client.call('POST', '/api/2.0/mlflow/experiments/delete', { experiment_id: doomed })
    const keeper = await world.as('maintainer', client.scope.project)
    await world.capabilities.trash.remove(keeper.scope, { experiments: [doomed], runs: [] })
    await world.settled(client.scope.project)
    expect((await call('GET', `${id}/experiment-ids`)).json).toEqual({})
  })

  test('what is wrong with a record is told with its number, and nothing of its request is stored', async () => {
    const { dataset_id: id } = await make('strict')
    for (const [records, words] of [
      ['{', 'not JSON'],
      ['{}', 'has to be a list'],
      ['[{"inputs":{}},7]', 'records[1] is no object'],
      ['[{"inputs":[]}]', 'records[0] has inputs that are no object'],
      ['[{"inputs":{},"source":{"source_type":"MOON"}}]', 'source_type'],
      [JSON.stringify([{ inputs: { text: 'x'.repeat(1_000_001) } }]), 'more than 1000000 characters'],
      [JSON.stringify([{ inputs: { text: 'a\u0000b' } }]), 'NUL'],
      [JSON.stringify(Array.from({ length: 10_001 }, (_, i) => ({ inputs: { i } }))), 'more than 10000'],
    ] as const) {
      const { status, json } = await call('POST', `${id}/records`, { records })
      expect([status, json.message]).toEqual([400, expect.stringContaining(words)])
    }
    expect(await recordsOf(id)).toEqual([])
    const odd = await put(id, [{ inputs: JSON.parse('{"__proto__": 1, "constructor": "x"}') as object }])
    expect(odd.json.inserted_count).toBe(1)
    expect(JSON.parse((await call('GET', id)).json.dataset.schema).inputs).toEqual(
      JSON.parse('{"__proto__":"integer","constructor":"string"}'),
    )
    expect((await call('POST', 'create', { name: '' })).status).toBe(400)
    expect((await call('POST', 'create', { name: 'x', tags: '[]' })).status).toBe(400)
  })

  test('values under personal names read redacted for who may not see them, and no other project sees anything', async () => {
    const project = client.scope.project
    await world.kernel.db.write
      .transaction()
      .execute((trx) =>
        trx
          .insertInto('personal_column')
          .values({ project_id: project, declared_by: 'test', name: 'passenger', subject_column: null })
          .execute(),
      )
    const { dataset_id: id } = await make('people')
    const passenger = 'Ann Example'
    await put(id, [
      {
        inputs: { passenger, seat: '4A' },
        outputs: { passenger },
        expectations: { passenger },
        tags: { passenger },
        source: { source_type: 'HUMAN', source_data: { passenger } },
      },
    ])
    const viewer = await world.as('viewer', project)
    const text = (await viewer.call('GET', `${api}/${id}/records`)).text
    expect([text.includes('Ann'), text.includes('redacted'), text.includes('4A')]).toEqual([false, true, true])
    const keeper = await world.as('maintainer', project)
    expect((await keeper.call('GET', `${api}/${id}/records`)).text).toContain('Ann Example')
    const stranger = await world.as('admin', await world.makeProject())
    for (const [method, path] of [
      ['GET', id],
      ['GET', `${id}/records`],
      ['PATCH', `${id}/tags`],
    ] as const)
      expect([
        path,
        (await stranger.call(method, `${api}/${path}`, method === 'GET' ? undefined : { tags: '{"a":"b"}' })).status,
      ]).toEqual([path, 404])
    await stranger.call('DELETE', `${api}/${id}`)
    expect((await call('GET', id)).status).toBe(200)
    expect((await viewer.call('POST', `${api}/create`, { name: 'no' })).status).toBe(403)
  })
})
