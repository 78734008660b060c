import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const v2 = '/api/2.0/mlflow'

describeEachDatabase('the MLflow protocol', ({ world }) => {
  const setup = async (role: 'contributor' | 'viewer' = 'contributor') => {
    const project = await world.makeProject()
    const client = await world.as(role, project)
    const post = (path: string, body: unknown) => client.call('POST', `${v2}/${path}`, body)
    const get = (path: string, query: Record<string, string> | URLSearchParams = {}) =>
      client.call('GET', `${v2}/${path}?${new URLSearchParams(query)}`)
    const newRun = async (fields: object = {}) =>
      (await post('runs/create', { experiment_id: '0', start_time: 5, ...fields })).json.run
    return { project, client, post, get, newRun }
  }

  test('without a token a client is told how to sign in, in its own form', async () => {
    for (const prefix of ['/api/2.0', '/ajax-api/3.0']) {
      const answer = await world.app.inject({
        method: 'GET',
        url: `${prefix}/mlflow/experiments/get?experiment_id=0`,
        headers: { host: 'localhost' },
      })
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Basic realm="mlflow"')
      expect(answer.json()).toMatchObject({
        error_code: 'UNAUTHENTICATED',
        message: expect.stringMatching(/^You are not authenticated\. /),
      })
    }
    const { post, project } = await setup('viewer')
    expect(await post('runs/create', {})).toMatchObject({
      status: 403,
      json: { error_code: 'PERMISSION_DENIED', message: expect.stringMatching(/^Permission denied/) },
    })
    const token = (await world.as('contributor', project)).token
    const basic = await world.app.inject({
      method: 'GET',
      url: `${v2}/experiments/get?experiment_id=0`,
      headers: { host: 'localhost', authorization: `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}` },
    })
    expect(basic.statusCode).toBe(200)
  })

  test('version and server-info are what clients expect', async () => {
    const { client } = await setup()
    const version = await world.app.inject({ method: 'GET', url: '/version', headers: { host: 'localhost' } })
    expect(version.body).toMatch(/^3\.\d+\.\d+$/)
    expect((await client.call('GET', '/api/3.0/mlflow/server-info')).json).toMatchObject({
      store_type: 'SqlStore',
      workspaces_enabled: true,
      multipart_uploads_enabled: false,
    })
  })

  test('an experiment is made, found, renamed, deleted and restored', async () => {
    const { post, get } = await setup()
    const made = await post('experiments/create', { name: 'delays', tags: [{ key: 'team', value: 'ops' }] })
    expect(made).toMatchObject({ status: 200, json: { experiment_id: '1' } })
    expect(await post('experiments/create', { name: 'delays' })).toMatchObject({
      status: 400,
      json: { error_code: 'RESOURCE_ALREADY_EXISTS' },
    })
    expect((await get('experiments/get-by-name', { experiment_name: 'delays' })).json.experiment).toMatchObject({
      experiment_id: '1',
      artifact_location: 'mlflow-artifacts:/1',
      lifecycle_stage: 'active',
      tags: [{ key: 'team', value: 'ops' }],
      creation_time: world.time.now,
    })
    expect(await get('experiments/get-by-name', { experiment_name: 'none' })).toMatchObject({
      status: 404,
      json: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    })
    expect(await get('experiments/get', { experiment_id: '77' })).toMatchObject({
      status: 404,
      json: { message: 'No Experiment with id=77 exists' },
    })
    await post('experiments/update', { experiment_id: '1', new_name: 'late' })
    await post('experiments/set-experiment-tag', { experiment_id: '1', key: 'k', value: 'v' })
    await post('experiments/delete', { experiment_id: '1' })
    expect((await post('experiments/update', { experiment_id: '1', new_name: 'x' })).status).toBe(400)
    expect(
      (await post('experiments/search', { max_results: 10 })).json.experiments.map((e: { name: string }) => e.name),
    ).toEqual(['Default'])
    expect(
      (
        await post('experiments/search', {
          max_results: 10,
          view_type: 'DELETED_ONLY',
          filter: "tags.k = 'v' and name like 'l%'",
        })
      ).json.experiments,
    ).toHaveLength(1)
    await post('experiments/restore', { experiment_id: '1' })
    expect((await get('experiments/get', { experiment_id: '1' })).json.experiment).toMatchObject({
      name: 'late',
      lifecycle_stage: 'active',
    })
    expect(await post('experiments/create', { name: 'elsewhere', artifact_location: 'file:///etc' })).toMatchObject({
      status: 400,
      json: { error_code: 'INVALID_PARAMETER_VALUE' },
    })
  })

  test('a run is logged and read back', async () => {
    const { post, get, newRun } = await setup()
    const run = await newRun({ run_name: 'one', user_id: 'ann', tags: [{ key: 'a', value: 'b' }] })
    const id = run.info.run_id
    expect(run.info).toMatchObject({
      run_uuid: id,
      run_name: 'one',
      experiment_id: '0',
      user_id: 'ann',
      status: 'RUNNING',
      start_time: 5,
      artifact_uri: `mlflow-artifacts:/0/${id}/artifacts`,
      lifecycle_stage: 'active',
    })
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(
      await post('runs/log-metric', { run_uuid: id, key: 'auc', value: 0.1 + 0.2, timestamp: '17', step: '3' }),
    ).toMatchObject({ status: 200, json: {} })
    await post('runs/log-metric', { run_id: id, key: 'bad', value: 'NaN', timestamp: 1 })
    await post('runs/log-metric', { run_id: id, key: 'big', value: 'Infinity', timestamp: 1 })
    await post('runs/log-parameter', { run_id: id, key: 'long', value: 'x'.repeat(7000) })
    await post('runs/set-tag', { run_id: id, key: 'mlflow.runName', value: 'two' })
    await post('runs/log-batch', {
      run_id: id,
      metrics: [{ key: 'auc', value: 1, timestamp: 20, step: 2 }],
      params: [{ key: 'kind', value: '' }],
      tags: [{ key: 't', value: 'x"y' }],
    })
    const updated = await post('runs/update', { run_id: id, status: 'FINISHED', end_time: 30 })
    expect(updated.json.run_info).toMatchObject({ status: 'FINISHED', end_time: 30, run_name: 'two' })
    const { data, info } = (await get('runs/get', { run_id: id })).json.run
    expect(info.run_name).toBe('two')
    expect(data.metrics).toEqual([
      { key: 'auc', value: 0.1 + 0.2, timestamp: 17, step: 3 },
      { key: 'bad', value: 'NaN', timestamp: 1, step: 0 },
      { key: 'big', value: 1.7976931348623157e308, timestamp: 1, step: 0 },
    ])
    expect(data.params).toEqual([
      { key: 'kind', value: '' },
      { key: 'long', value: 'x'.repeat(6000) },
    ])
    expect(data.tags).toContainEqual({ key: 't', value: 'x"y' })
    const history = await get('metrics/get-history', { run_id: id, metric_key: 'auc' })
    expect(history.json).toEqual({
      metrics: [
        { key: 'auc', value: 0.1 + 0.2, timestamp: 17, step: 3 },
        { key: 'auc', value: 1, timestamp: 20, step: 2 },
      ],
    })
    await post('runs/delete', { run_id: id })
    expect(await post('runs/log-metric', { run_id: id, key: 'auc', value: 1, timestamp: 1 })).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining("must be in the 'active' state") },
    })
    await post('runs/restore', { run_id: id })
    expect((await post('runs/delete-tag', { run_id: id, key: 't' })).status).toBe(200)
    expect((await post('runs/delete-tag', { run_id: id, key: 't' })).status).toBe(404)
  })

  test.each([
    ['runs/log-metric', { run_id: 'x', value: 1, timestamp: 1 }, "Missing value for required parameter 'key'."],
    ['runs/log-metric', { run_id: 'x', key: 'a', timestamp: 1 }, "Missing value for required parameter 'value'."],
    [
      'runs/log-metric',
      { run_id: 'x', key: 'a', value: 'word', timestamp: 1 },
      `Invalid value "word" for parameter 'value' supplied`,
    ],
    [
      'runs/log-metric',
      { run_id: 'x', key: 'a', value: 1, timestamp: -1 },
      `Invalid value -1 for parameter 'timestamp' supplied`,
    ],
    [
      'runs/log-batch',
      { run_id: 'x', metrics: [{ key: '../up', value: 1, timestamp: 1 }] },
      `Invalid value "../up" for parameter 'metrics[0].name' supplied`,
    ],
    ['runs/log-batch', { run_id: 'x', metrics: 'text' }, `Invalid value "text" for parameter 'metrics' supplied`],
    [
      'runs/log-batch',
      { run_id: 'x', params: [{ value: '1' }] },
      "Missing value for required parameter 'params[0].key'.",
    ],
    [
      'runs/log-batch',
      { run_id: 'x', params: [{ key: 'a', value: 5 }] },
      `Invalid value 5 for parameter 'params[0].value' supplied`,
    ],
    ['runs/log-batch', { run_id: 'x', tags: [{ key: 'a\u0000', value: 'b' }] }, 'for parameter'],
    [
      'runs/log-batch',
      { run_id: 'x', params: Array.from({ length: 101 }, (_, i) => ({ key: `p${i}`, value: '' })) },
      'A batch logging request can contain at most 100 params',
    ],
    ['runs/log-parameter', { run_id: 'x', key: 'a'.repeat(251), value: '1' }, 'exceeds the maximum length of 250'],
    ['runs/log-parameter', { run_id: 'x', key: 'a\u202eb', value: '1' }, 'Names may only contain alphanumerics'],
    ['runs/log-parameter', { key: 'a', value: '1' }, "Missing value for required parameter 'run_id'."],
    ['runs/search', { experiment_ids: ['0'], max_results: 60_000 }, "for parameter 'max_results' supplied"],
    ['runs/search', { experiment_ids: ['0'], filter: "metrics.a = 'x'" }, 'Expected numeric value type for metric'],
    ['runs/search', { experiment_ids: ['0'], page_token: 'nonsense' }, 'Invalid page token'],
    ['runs/update', { run_id: 'x', status: 'DONE' }, `Invalid value "DONE" for parameter 'status' supplied`],
    ['experiments/create', { name: 5 }, `Invalid value 5 for parameter 'name' supplied`],
    ['logged-models', { experiment_id: '0', name: 'a/b' }, "Invalid model name ('a/b') provided"],
  ])('%s with %j is a clear 400', async (path, body, message) => {
    const { post } = await setup()
    expect(await post(path, body)).toMatchObject({
      status: 400,
      json: { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(message) },
    })
  })

  test('a body that is no JSON, or of another type, is a 400; one encoded twice is read', async () => {
    const { client } = await setup()
    const raw = (body: string, type?: string) =>
      client.call('POST', `${v2}/runs/create`, body, type ? { 'content-type': type } : {})
    expect(await raw('{', 'application/json')).toMatchObject({
      status: 400,
      json: { message: 'Bad Request. The body is not valid JSON.' },
    })
    expect((await raw('a=1', 'application/x-www-form-urlencoded')).status).toBe(400)
    expect(await raw(JSON.stringify(JSON.stringify({ run_name: 'twice' })), 'application/json')).toMatchObject({
      status: 200,
      json: { run: { info: { run_name: 'twice' } } },
    })
    expect(await client.call('POST', `${v2}/runs/nonsense`, {})).toMatchObject({ status: 404 })
  })

  test('search finds, orders, pages and gives what a client needs of each run', async () => {
    const { post, newRun } = await setup()
    for (let i = 0; i < 5; i += 1) {
      const id = (await newRun({ run_name: `r${i}`, start_time: i })).info.run_id
      await post('runs/log-batch', {
        run_id: id,
        metrics: [{ key: 'm', value: i, timestamp: 1 }],
        params: [{ key: 'p', value: String(i % 2) }],
      })
      await post('runs/log-inputs', {
        run_id: id,
        datasets: [
          {
            tags: [{ key: 'mlflow.data.context', value: 'train' }],
            dataset: { name: 'd', digest: String(i), source_type: 'local', source: '{}', schema: '{}' },
          },
        ],
      })
    }
    const search = async (fields: object) => (await post('runs/search', { experiment_ids: ['0'], ...fields })).json
    const all = await search({})
    expect(all.runs.map((r: any) => r.info.run_name)).toEqual(['r4', 'r3', 'r2', 'r1', 'r0'])
    expect(all.runs[0]).toMatchObject({
      data: { metrics: [{ key: 'm', value: 4 }], params: [{ key: 'p', value: '0' }] },
      inputs: {
        dataset_inputs: [
          { dataset: { name: 'd', digest: '4', schema: '{}' }, tags: [{ key: 'mlflow.data.context', value: 'train' }] },
        ],
      },
    })
    const page = await search({ max_results: 2, order_by: ['metrics.m ASC'] })
    const rest = await search({ max_results: 3, order_by: ['metrics.m ASC'], page_token: page.next_page_token })
    expect([...page.runs, ...rest.runs].map((r: any) => r.info.run_name)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4'])
    expect(rest.next_page_token).toBeUndefined()
    expect((await search({ filter: "datasets.digest IN ('1', '3') AND params.p = '1'" })).runs).toHaveLength(2)
    expect((await search({ experiment_ids: [] })).runs).toBeUndefined()
    expect((await post('experiments/search-datasets', { experiment_ids: ['0'] })).json.dataset_summaries).toHaveLength(
      5,
    )
  })

  test('artifacts go through the proxy', async () => {
    const { client, newRun, get, post } = await setup()
    const id = (await newRun()).info.run_id
    const base = '/api/2.0/mlflow-artifacts/artifacts'
    const put = (path: string, body: string | Uint8Array) =>
      client.call('PUT', `${base}/0/${id}/artifacts/${path}`, body, { 'content-type': 'application/octet-stream' })
    expect(await put('model/MLmodel', 'flavors: {}')).toMatchObject({ status: 200, json: {} })
    await put('a%20b/%C3%BC.json', '{}')
    await put('empty.txt', '')
    const list = async (path: string) =>
      (await client.call('GET', `${base}?path=${encodeURIComponent(path)}`)).json.files
    expect(await list(`0/${id}/artifacts`)).toEqual([
      { path: 'a b', is_dir: true },
      { path: 'empty.txt', is_dir: false },
      { path: 'model', is_dir: true },
    ])
    expect(await list(`0/${id}/artifacts/model`)).toEqual([{ path: 'MLmodel', is_dir: false, file_size: 11 }])
    expect((await get('artifacts/list', { run_id: id, path: 'a b' })).json).toEqual({
      root_uri: `mlflow-artifacts:/0/${id}/artifacts`,
      files: [{ path: 'a b/ü.json', is_dir: false, file_size: 2 }],
    })
    const file = await client.call('GET', `${base}/0/${id}/artifacts/model/MLmodel`)
    expect(file.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-length': '11',
    })
    expect(file.text).toBe('flavors: {}')
    expect(file.headers['content-disposition']).toMatch(/^attachment/)
    for (const path of [
      `0/${id}/artifacts/../../secret`,
      `0/${id}/artifacts/%2e%2e/%2e%2e/x`,
      `0/${id}/artifacts/..%2F..%2Fx`,
      `0/${id}/artifacts/%252e%252e/x`,
    ]) {
      const answer = await client.call('GET', `${base}/${path}`)
      expect([400, 404]).toContain(answer.status)
    }
    expect(await client.call('GET', `${base}/1/${id}/artifacts/model/MLmodel`)).toMatchObject({ status: 404 })
    expect((await client.call('DELETE', `${base}/0/${id}/artifacts/model`)).status).toBe(200)
    expect(await list(`0/${id}/artifacts/model`)).toEqual([])
    await post('runs/delete', { run_id: id })
    expect((await put('late.txt', 'x')).status).toBe(400)
    const stranger = await setup()
    expect((await stranger.client.call('GET', `${base}/0/${id}/artifacts/empty.txt`)).status).toBe(404)
    expect(
      (await stranger.client.call('PUT', `${base}/0/${id}/artifacts/x`, 'x', { 'content-type': 'text/plain' })).status,
    ).toBe(404)
  })

  test('an artifact comes in parts, through this server with the credentials of the caller, and is there when the whole was read', async () => {
    const { client, newRun } = await setup()
    const id = (await newRun()).info.run_id
    const mpu = '/api/2.0/mlflow-artifacts/mpu'
    const parts = [Buffer.alloc(1000, 'a'), Buffer.alloc(1000, 'b'), Buffer.from('end')]
    const at = `0/${id}/artifacts/model`
    const body = { path: '/elsewhere/weights.bin', num_parts: 3 }
    const made = (await client.call('POST', `${mpu}/create/${at}`, body)).json
    expect(made.credentials.map((one: { part_number: number }) => one.part_number)).toEqual([1, 2, 3])
    const pathOf = (number: number) => new URL(made.credentials[number - 1].url).pathname
    const { headers } = made.credentials[0]
    const octets = { 'content-type': 'application/octet-stream' }
    const sent: { part_number: number; etag: unknown }[] = []
    for (const number of [3, 1, 2]) {
      const answer = await client.call('PUT', pathOf(number), parts[number - 1], {
        ...octets,
        authorization: headers.Authorization,
      })
      expect(answer.status, answer.text).toBe(200)
      sent.push({ part_number: number, etag: answer.headers['etag'] })
    }
    const complete = (path: string, list: unknown, where = at) =>
      client.call('POST', `${mpu}/complete/${where}`, { path, upload_id: made.upload_id, parts: list })
    const changed = sent.map((part) => (part.part_number === 2 ? { ...part, etag: `"${'0'.repeat(64)}"` } : part))
    expect((await complete('weights.bin', changed)).status).toBe(409)
    expect((await complete('other.bin', sent)).status).toBe(404)
    expect((await complete('weights.bin', sent, `0/${id}/artifacts`)).status).toBe(404)
    const file = `/api/2.0/mlflow-artifacts/artifacts/${at}/weights.bin`
    expect((await client.call('GET', file)).status).toBe(404)
    // A second answer is the same: the client repeats a call whose answer it did not get.
    for (const _ of [1, 2]) expect((await complete('weights.bin', sent)).status).toBe(200)
    expect((await client.call('GET', file)).text).toBe(Buffer.concat(parts).toString())
    const signed = (await client.call('GET', `/api/2.0/mlflow-artifacts/presigned/${at}/weights.bin`)).json
    expect([new URL(signed.url).pathname, signed.file_size]).toEqual([file, 2003])

    const stranger = (await setup()).client
    expect((await stranger.call('PUT', pathOf(1), parts[0], octets)).status).toBe(404)
    expect((await stranger.call('POST', `${mpu}/create/${at}`, body)).status).toBe(404)
    expect((await stranger.call('GET', `/api/2.0/mlflow-artifacts/presigned/${at}/weights.bin`)).status).toBe(404)
    for (const where of [`0/${id}/artifacts/../../x`, `0/${id}/artifacts/..%2F..`, 'x'])
      expect([400, 404]).toContain((await client.call('POST', `${mpu}/create/${where}`, body)).status)
    expect((await client.call('POST', `${mpu}/create/${at}`, { path: '..', num_parts: 1 })).status).toBe(400)
    expect((await client.call('POST', `${mpu}/create/${at}`, { ...body, num_parts: 10_001 })).status).toBe(400)
    const other = (await client.call('POST', `${mpu}/create/${at}`, body)).json
    const abort = { path: 'weights.bin', upload_id: other.upload_id }
    expect((await client.call('POST', `${mpu}/abort/${at}`, abort)).status).toBe(200)
    expect((await client.call('PUT', new URL(other.credentials[0].url).pathname, parts[0], octets)).status).toBe(404)
  })

  test('logged models are made, finished, tagged, searched by metric and dataset', async () => {
    const { client, post, newRun } = await setup()
    const run = (await newRun()).info.run_id
    const made = (
      await post('logged-models', {
        experiment_id: '0',
        name: 'forest',
        source_run_id: run,
        params: [{ key: 'depth', value: '3' }],
        tags: [{ key: 't', value: '1' }],
      })
    ).json.model
    const id = made.info.model_id
    expect(made.info).toMatchObject({
      status: 'LOGGED_MODEL_PENDING',
      name: 'forest',
      source_run_id: run,
      artifact_uri: `mlflow-artifacts:/0/models/${id}/artifacts`,
    })
    expect(id).toMatch(/^m-[0-9a-f]{32}$/)
    await client.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/models/${id}/artifacts/MLmodel`, 'x', {
      'content-type': 'text/plain',
    })
    const done = await client.call('PATCH', `${v2}/logged-models/${id}`, { model_id: id, status: 'LOGGED_MODEL_READY' })
    expect(done.json.model.info.status).toBe('LOGGED_MODEL_READY')
    await client.call('PATCH', `${v2}/logged-models/${id}/tags`, { tags: [{ key: 't', value: '2' }] })
    await post('runs/log-batch', {
      run_id: run,
      metrics: [{ key: 'auc', value: 0.7, timestamp: 1, model_id: id, dataset_name: 'jan', dataset_digest: 'd1' }],
    })
    await post('runs/outputs', { run_id: run, models: [{ model_id: id, step: 0 }] })
    const search = async (fields: object) =>
      (await post('logged-models/search', { experiment_ids: ['0'], ...fields })).json.models
    expect(
      await search({
        filter: "metrics.auc > 0.6 and params.depth = '3' and tags.t = '2' and status = 'LOGGED_MODEL_READY'",
        datasets: [{ dataset_name: 'jan' }],
      }),
    ).toHaveLength(1)
    expect(await search({ filter: 'metrics.auc > 0.6', datasets: [{ dataset_name: 'feb' }] })).toBeUndefined()
    expect(
      (await search({ order_by: [{ field_name: 'metrics.auc', ascending: false }] }))[0].data.metrics,
    ).toMatchObject([{ key: 'auc', value: 0.7, dataset_name: 'jan', model_id: id, run_id: run }])
    expect((await client.call('GET', `${v2}/runs/get?run_id=${run}`)).json.run.outputs).toEqual({
      model_outputs: [{ model_id: id, step: 0 }],
    })
    await client.call('DELETE', `${v2}/logged-models/${id}`)
    expect((await client.call('GET', `${v2}/logged-models/${id}`)).status).toBe(404)
    expect((await client.call('GET', `${v2}/logged-models/${id}?allow_deleted=true`)).status).toBe(200)
  })

  test('a workspace header names another project that the principal may see', async () => {
    const [one, other] = [await world.makeProject(), await world.makeProject()]
    const admin = await world.as('instance-admin')
    const { json } = await admin.call(
      'POST',
      `${v2}/experiments/create`,
      { name: 'there' },
      { 'x-mlflow-workspace': other },
    )
    const client = await world.as('viewer', other)
    expect(
      (await client.call('GET', `${v2}/experiments/get?experiment_id=${json.experiment_id}`)).json.experiment.name,
    ).toBe('there')
    expect(
      (await client.call('GET', `${v2}/experiments/get?experiment_id=0`, undefined, { 'x-mlflow-workspace': one }))
        .status,
    ).toBe(404)
    expect(
      (await admin.call('GET', `${v2}/experiments/get?experiment_id=0`, undefined, { 'x-mlflow-workspace': 'nowhere' }))
        .status,
    ).toBe(404)
  })

  test('a chart of MLflow gets the same steps of each run, with both ends', async () => {
    const { post, newRun, get } = await setup()
    const [a, b] = [(await newRun()).info.run_id, (await newRun()).info.run_id]
    const log = (id: string, from: number, to: number) =>
      post('runs/log-batch', {
        run_id: id,
        metrics: Array.from({ length: to - from }, (_, i) => ({
          key: 'm',
          value: from + i,
          timestamp: from + i,
          step: from + i,
        })),
      })
    await log(a, 0, 1000)
    await log(b, 500, 900)
    const { metrics } = (
      await get(
        'metrics/get-history-bulk-interval',
        new URLSearchParams([
          ['run_ids', a],
          ['run_ids', b],
          ['metric_key', 'm'],
          ['max_results', '20'],
        ]),
      )
    ).json
    const steps = (id: string) => metrics.filter((m: any) => m.run_id === id).map((m: any) => m.step)
    expect(steps(a)).toEqual(expect.arrayContaining([0, 999]))
    expect(steps(b)).toEqual(expect.arrayContaining([500, 899]))
    expect(steps(a).length).toBeGreaterThan(15)
    expect(steps(a).length).toBeLessThan(30)
    expect(
      steps(b)
        .filter((s: number) => s !== 500 && s !== 899)
        .every((s: number) => steps(a).includes(s)),
    ).toBe(true)
  })

  test('what is not there says so with 501, which clients do not repeat', async () => {
    const { client } = await setup()
    expect(await client.call('POST', '/api/3.0/mlflow/scorer/invoke', {})).toMatchObject({
      status: 501,
      json: { error_code: 'NOT_IMPLEMENTED' },
    })
  })
})
