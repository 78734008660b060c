import { gzipSync } from 'node:zlib'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { declarePersonal } from '../../capabilities/access/index.ts'
import { bytesField, requestBytes, type SpanFixture } from './otlp-bytes.fixture.ts'

const v3 = '/api/3.0/mlflow'
const bomb = gzipSync(Buffer.alloc(70_000_000), { level: 1 })
const begin = 1_700_000_000_123_456_789n

describeEachDatabase('traces of MLflow', ({ world }) => {
  const setup = async (role: 'contributor' | 'viewer' = 'contributor') => {
    const project = await world.makeProject()
    const client = await world.as(role, project)
    const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
      client.call(method, `${v3}/${path}`, body)
    const send = (body: Buffer | string, headers: Record<string, string> = {}) =>
      world.app.inject({
        method: 'POST',
        url: '/v1/traces',
        headers: {
          host: 'localhost',
          authorization: `Bearer ${client.token}`,
          'content-type': 'application/x-protobuf',
          'x-mlflow-experiment-id': '0',
          ...headers,
        },
        payload: body,
      })
    const search = async (filter?: string, more: object = {}) =>
      call('POST', 'traces/search', {
        locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } }],
        ...(filter === undefined ? {} : { filter }),
        ...more,
      })
    const ids = async (filter?: string, more: object = {}): Promise<string[]> => {
      const answer = await search(filter, more)
      if (answer.status !== 200) throw new Error(answer.text)
      return (answer.json.traces as { trace_id: string }[]).map((one) => one.trace_id)
    }
    await call('GET', 'experiments/get?experiment_id=0')
    return { project, client, call, send, search, ids }
  }
  let last = 0
  const newTrace = (fields: Partial<SpanFixture> = {}): SpanFixture => {
    last += 1
    return {
      trace: last.toString(16).padStart(32, '0'),
      span: 'a1'.padStart(16, '0'),
      name: 'answer',
      start: begin + BigInt(last) * 1_000_000_000n,
      end: begin + BigInt(last) * 1_000_000_000n + 250_000_000n,
      code: 1,
      attributes: { 'mlflow.spanType': 'CHAIN', 'mlflow.spanInputs': { question: 'why' }, 'mlflow.spanOutputs': 42 },
      ...fields,
    }
  }
  const idOf = (span: SpanFixture) => `tr-${span.trace}`
  const told = (span: SpanFixture, more: object = {}) => ({
    trace: {
      trace_info: {
        trace_id: idOf(span),
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
        request_time: new Date(Number(span.start / 1_000_000n)).toISOString(),
        execution_duration: '1.5s',
        state: 'OK',
        trace_metadata: { 'mlflow.user': 'somebody' },
        tags: { 'mlflow.traceName': span.name },
        ...more,
      },
    },
  })

  test('spans come as protobuf, as JSON and packed, and are read back exactly as they came', async () => {
    const { send, call } = await setup()
    const root = newTrace()
    const child: SpanFixture = {
      ...root,
      span: 'b2'.padStart(16, '0'),
      parent: root.span,
      name: 'look up',
      start: root.start + 1n,
      code: 2,
      message: 'ValueError: bad',
      attributes: {
        n: 3,
        big: 9_007_199_254_740_993n,
        f: 1.5,
        yes: true,
        nothing: null,
        list: [1, 'a'],
        deep: { x: { y: ['z'] } },
      },
      exception: { 'exception.type': 'ValueError' },
    }
    expect((await send(requestBytes([child]))).statusCode).toBe(200)
    expect((await call('GET', `traces/${idOf(root)}`)).json.trace.trace_info).toMatchObject({ state: 'IN_PROGRESS' })
    const packed = await send(gzipSync(requestBytes([root])), { 'content-encoding': 'gzip' })
    expect([packed.statusCode, packed.headers['content-type'], packed.body]).toEqual([
      200,
      'application/x-protobuf',
      '',
    ])
    const answer = await call('GET', `traces/get?trace_id=${idOf(root)}`)
    expect(answer.json.trace.trace_info).toMatchObject({
      trace_id: idOf(root),
      state: 'OK',
      request_preview: '{"question":"why"}',
      response_preview: '42',
      execution_duration: '0.250s',
      tags: {
        'mlflow.trace.spansLocation': 'TRACKING_STORE',
        'mlflow.artifactLocation': `mlflow-artifacts:/0/traces/${idOf(root)}/artifacts`,
      },
    })
    expect(answer.text).toContain(`"start_time_unix_nano":${root.start}`)
    expect(answer.text).toContain('{"key":"big","value":{"int_value":9007199254740993}}')
    const [first, second] = answer.json.trace.spans
    expect(first).toMatchObject({ name: 'answer', span_id: Buffer.from(root.span, 'hex').toString('base64') })
    expect(second).toMatchObject({
      name: 'look up',
      parent_span_id: Buffer.from(root.span, 'hex').toString('base64'),
      status: { code: 'STATUS_CODE_ERROR', message: 'ValueError: bad' },
      events: [{ name: 'exception', attributes: [{ key: 'exception.type', value: { string_value: 'ValueError' } }] }],
    })
    expect(second.attributes).toEqual(
      expect.arrayContaining([
        { key: 'f', value: { double_value: 1.5 } },
        { key: 'nothing', value: {} },
        { key: 'list', value: { array_value: { values: [{ int_value: 1 }, { string_value: 'a' }] } } },
      ]),
    )
    const other = newTrace()
    const json = {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: other.trace,
                  spanId: other.span,
                  name: 'by JSON',
                  kind: 'SPAN_KIND_INTERNAL',
                  startTimeUnixNano: String(other.start),
                  endTimeUnixNano: String(other.end),
                  attributes: [
                    { key: 'deep', value: { kvlistValue: { values: [{ key: 'x', value: { intValue: '7' } }] } } },
                  ],
                  status: { code: 'STATUS_CODE_ERROR' },
                },
              ],
            },
          ],
        },
      ],
    }
    const sent = await send(JSON.stringify(json), { 'content-type': 'application/json; charset=utf-8' })
    expect([sent.statusCode, sent.body]).toEqual([200, '{}'])
    const { trace } = (await call('GET', `traces/get?trace_id=${idOf(other)}`)).json
    expect(trace.trace_info).toMatchObject({ state: 'ERROR', tags: { 'service.name': 'shop' } })
    expect(trace.spans[0].attributes[0].value.kvlist_value.values[0].value).toEqual({ int_value: 7 })
  })

  test('what is no OTLP is refused with the status that clients know, and stores nothing', async () => {
    const { send, ids, call, client } = await setup()
    const good = newTrace()
    const bad: [Buffer | string, Record<string, string>, number][] = [
      [requestBytes([good]), { 'content-type': 'text/plain' }, 400],
      [requestBytes([good]), { 'x-mlflow-experiment-id': '' }, 422],
      [requestBytes([good]), { 'x-mlflow-experiment-id': '77' }, 404],
      [requestBytes([good]), { 'x-mlflow-run-id': 'nobody' }, 404],
      [requestBytes([good]).subarray(0, -3), {}, 400],
      [Buffer.from([0xff, 0xff, 0xff]), {}, 400],
      [Buffer.alloc(0), {}, 400],
      ['{"resourceSpans": [1]}', { 'content-type': 'application/json' }, 400],
      ['nothing', { 'content-type': 'application/json' }, 400],
      ['plain', { 'content-encoding': 'gzip' }, 400],
      [requestBytes([good]), { 'content-encoding': 'br' }, 400],
      [bomb, { 'content-encoding': 'gzip' }, 413],
      [requestBytes([good, { ...good, span: '' }]), {}, 422],
      [requestBytes([{ ...good, trace: '00'.repeat(16) }]), {}, 422],
      [requestBytes([{ ...good, start: 2n ** 63n }]), {}, 422],
      [requestBytes([{ ...good, attributes: { deep: nested(70) } }]), {}, 400],
    ]
    for (const [body, headers, status] of bad) {
      const answer = await send(body, headers)
      expect([status, answer.statusCode, answer.body.includes('error_code')], answer.body).toEqual([
        status,
        status,
        true,
      ])
    }
    expect(await ids()).toEqual([])
    // A field that nobody knows yet is skipped.
    expect((await send(Buffer.concat([bytesField(99, 'new'), requestBytes([good])]))).statusCode).toBe(200)
    const reader = await world.as('viewer', (await setup()).project)
    expect((await reader.call('POST', '/v1/traces', '', { 'content-type': 'application/x-protobuf' })).status).toBe(403)
    await client.call('POST', '/api/2.0/mlflow/experiments/delete', { experiment_id: '0' })
    expect((await send(requestBytes([newTrace()]))).json().message).toMatch(/must be in the 'active' state/)
    expect((await call('POST', 'traces', told(newTrace()))).status).toBe(400)
  })

  test('what the client tells of a trace is joined with spans that came first, and holds against those that come later', async () => {
    const { send, call } = await setup()
    const root = newTrace()
    await send(requestBytes([{ ...root, attributes: { 'session.id': 's-1' } }]))
    const started = await call(
      'POST',
      'traces',
      told(root, { state: 'ERROR', client_request_id: 'r-9', request_preview: 'asked' }),
    )
    expect(started.json.trace.trace_info).toMatchObject({
      state: 'ERROR',
      execution_duration: '1.500s',
      client_request_id: 'r-9',
      request_preview: 'asked',
      tags: { 'mlflow.trace.spansLocation': 'TRACKING_STORE', 'mlflow.traceName': 'answer' },
      trace_metadata: { 'mlflow.user': 'somebody', 'mlflow.trace.session': 's-1' },
    })
    const late = await send(
      requestBytes([{ ...root, span: 'cc'.padStart(16, '0'), parent: root.span, start: root.start - 5_000_000_000n }]),
    )
    expect(late.statusCode).toBe(200)
    const { trace } = (await call('GET', `traces/get?trace_id=${idOf(root)}`)).json
    expect(trace.trace_info.request_time).toBe(started.json.trace.trace_info.request_time)
    expect(trace.spans).toHaveLength(2)
    // Told first, spans after.
    const other = newTrace()
    const first = await call(
      'POST',
      'traces',
      told(other, { trace_metadata: { 'mlflow.trace.sizeStats': '{"num_spans": 1}' } }),
    )
    expect(first.json.trace.trace_info.tags['mlflow.trace.spansLocation']).toBeUndefined()
    expect((await call('GET', `traces/batchGet?trace_ids=${idOf(other)}`)).json.traces).toEqual([])
    expect((await call('GET', `traces/get?trace_id=${idOf(other)}&allow_partial=true`)).json.trace.spans).toEqual([])
    await send(requestBytes([other]))
    const got = await call('GET', `traces/batchGet?trace_ids=${idOf(other)}&trace_ids=${idOf(root)}&trace_ids=tr-none`)
    expect(got.json.traces.map((one: any) => one.trace_info.trace_id)).toEqual([idOf(other), idOf(root)])
    expect((await call('GET', 'traces/tr-none')).json).toMatchObject({ error_code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  test('a filter finds what it says, an order sorts, and pages follow each other', async () => {
    const { send, call, ids, search, client } = await setup()
    const run = (await client.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })).json.run.info.run_id
    const a = newTrace({
      attributes: { 'mlflow.spanType': 'LLM', model: 'small', tokens: 12, 'mlflow.spanInputs': { q: 'Zürich' } },
    })
    const b = newTrace({ name: 'other', code: 2, attributes: { model: 'large', hot: true } })
    const c = newTrace({ name: 'third' })
    await send(requestBytes([a]), { 'x-mlflow-run-id': run })
    await send(requestBytes([b, c]))
    await call(
      'POST',
      'traces',
      told(a, { execution_duration: '0.1s', tags: { 'mlflow.traceName': 'alpha', 'my team': 'ops' } }),
    )
    await call('POST', 'traces', told(b, { state: 'ERROR', execution_duration: '3s', client_request_id: 'b-1' }))
    const [A, B, C] = [idOf(a), idOf(b), idOf(c)]
    const finds: [string, string[]][] = [
      ["status = 'OK'", [C, A]],
      ["trace.status != 'OK' AND attributes.execution_time_ms > 1000", [B]],
      ["name = 'alpha'", [A]],
      ["name LIKE 'al%' or client_request_id = 'b-1'", [B, A]],
      ["tags.`my team` = 'ops'", [A]],
      ['tag.`my team` IS NULL', [C, B]],
      ["metadata.`mlflow.user` = 'somebody'", [B, A]],
      [`run_id = '${run}'`, [A]],
      [`request_id IN ('${A}', '${C}')`, [C, A]],
      [`timestamp_ms >= ${b.start / 1_000_000n}`, [C, B]],
      ["span.name ILIKE 'OTHER'", [B]],
      ["name RLIKE '^al.*a$' or tags.`my team` RLIKE 'nothing'", [A]],
      ["span.type = 'LLM'", [A]],
      ["span.status = 'ERROR'", [B]],
      ["span.attributes.model = 'small'", [A]],
      ["span.attributes.tokens = '12'", [A]],
      ["span.attributes.hot = 'true'", [B]],
      ["span.attributes.model LIKE 'l%' and span.name = 'other'", [B]],
      ["span.attributes.model = 'small' and span.name = 'other'", []],
      ["span.content LIKE '%Zürich%'", [A]],
      ["text LIKE '%Zürich%'", [A]],
      ["not (status = 'OK')", [B]],
    ]
    for (const [filter, expected] of finds) expect([filter, await ids(filter)]).toEqual([filter, expected])
    expect(await ids(undefined, { order_by: ['execution_time_ms ASC'] })).toEqual([A, C, B])
    expect(await ids(undefined, { order_by: ['name DESC'] })).toEqual([B, A, C])
    expect(await ids(undefined, { order_by: ['timestamp ASC'] })).toEqual([A, B, C])
    for (const order of [undefined, ['name ASC'], ['execution_time DESC']]) {
      const seen: string[] = []
      for (let token: string | undefined, page = 0; page < 5; page += 1) {
        const answer = await search(undefined, {
          max_results: 1,
          ...(order ? { order_by: order } : {}),
          ...(token ? { page_token: token } : {}),
        })
        seen.push(...answer.json.traces.map((one: any) => one.trace_id))
        token = answer.json.next_page_token
        if (!token) break
      }
      expect(seen).toEqual(await ids(undefined, order ? { order_by: order } : {}))
    }
    const wrong: [object, RegExp][] = [
      [{ filter: 'status = OK' }, /Expected a quoted string value/],
      [{ filter: 'nonsense' }, /Invalid attribute key/],
      [{ filter: "foo.bar = 'x'" }, /Invalid entity type/],
      [{ filter: "status > 'OK'" }, /Invalid comparator/],
      [{ filter: "timestamp_ms = 'x'" }, /Expected a numeric value/],
      [{ filter: "span.content = 'x'" }, /Invalid comparator/],
      [{ filter: "name RLIKE '(('" }, /./],
      [{ filter: "span.size = 'x'" }, /Invalid span attribute/],
      [{ filter: "status = 'OK' ;" }, /multiple expressions/],
      [{ filter: "status = 'OK" }, /Invalid clause/],
      [{ order_by: ['tokens'] }, /Invalid order by key/],
      [{ max_results: 501 }, /at most 500/],
      [{ page_token: 'x' }, /Invalid page token/],
      [{ locations: [] }, /Missing value for required parameter 'locations'/],
    ]
    for (const [more, message] of wrong) {
      const answer = await search(undefined, more)
      expect([answer.status, answer.json.error_code, answer.json.message]).toEqual([
        400,
        'INVALID_PARAMETER_VALUE',
        expect.stringMatching(message),
      ])
    }
    const both = {
      experiment_ids: ['0'],
      filter_string1: "status = 'ERROR'",
      filter_string2: "client_request_id = 'b-1'",
    }
    expect((await call('POST', 'traces/calculate-filter-correlation', both)).json).toMatchObject({
      npmi: expect.closeTo(1),
      filter1_count: 1,
      filter2_count: 1,
      joint_count: 1,
      total_count: 3,
    })
    const never = { ...both, filter_string2: "client_request_id = 'nobody'" }
    expect((await call('POST', 'traces/calculate-filter-correlation', never)).json).toMatchObject({ npmi: 'NaN' })
  })

  test('tags are set and removed; those that say where the spans are stay', async () => {
    const { send, call, client } = await setup()
    const root = newTrace()
    await send(requestBytes([root]))
    const tags = async () => (await call('GET', `traces/${idOf(root)}`)).json.trace.trace_info.tags
    expect((await call('PATCH', `traces/${idOf(root)}/tags`, { key: 'team', value: 'x'.repeat(9000) })).json).toEqual(
      {},
    )
    expect((await tags()).team).toHaveLength(8000)
    const path = `/api/2.0/mlflow/traces/${idOf(root)}/tags`
    expect((await client.call('DELETE', path, { key: 'team' })).status).toBe(200)
    expect((await client.call('DELETE', path, { key: 'team' })).json).toMatchObject({
      error_code: 'RESOURCE_DOES_NOT_EXIST',
    })
    const fixed = { key: 'mlflow.trace.spansLocation', value: 'elsewhere' }
    expect((await client.call('PATCH', path, fixed)).json.message).toMatch(/immutable/)
    expect((await tags())['mlflow.trace.spansLocation']).toBe('TRACKING_STORE')
    expect((await call('PATCH', 'traces/tr-none/tags', { key: 'a', value: 'b' })).status).toBe(404)
  })

  test('an assessment is made, changed by its mask, overridden and removed, and searches see it', async () => {
    const { send, call, ids } = await setup()
    const root = newTrace()
    await send(requestBytes([root]))
    const at = `traces/${idOf(root)}/assessments`
    const assessment = (more: object) => ({
      assessment: {
        assessment_name: 'good',
        trace_id: idOf(root),
        source: { source_type: 'HUMAN', source_id: 'me' },
        ...more,
      },
    })
    const made = (
      await call('POST', at, assessment({ feedback: { value: true }, rationale: 'so', metadata: { a: '1' } }))
    ).json.assessment
    expect(made).toMatchObject({ assessment_id: expect.stringMatching(/^a-/), feedback: { value: true }, valid: true })
    const changed = await call('PATCH', `${at}/${made.assessment_id}`, {
      assessment: { feedback: { value: 'yes' }, rationale: 'not this', metadata: { b: '2' } },
      update_mask: 'feedback,metadata',
    })
    expect(changed.json.assessment).toMatchObject({
      feedback: { value: 'yes' },
      rationale: 'so',
      metadata: { a: '1', b: '2' },
    })
    expect(await ids("feedback.good = 'yes'")).toEqual([idOf(root)])
    expect(await ids("feedback.good = 'no'")).toEqual([])
    const over = (await call('POST', at, assessment({ feedback: { value: 0.25 }, overrides: made.assessment_id }))).json
      .assessment
    const read = async (id: string) => (await call('GET', `${at}/${id}`)).json.assessment
    expect((await read(made.assessment_id)).valid).toBe(false)
    expect(await ids("feedback.good = 'yes'")).toEqual([])
    expect(await ids('feedback.good < 0.5')).toEqual([idOf(root)])
    await call('DELETE', `${at}/${over.assessment_id}`)
    expect((await read(made.assessment_id)).valid).toBe(true)
    expect((await call('DELETE', `${at}/${over.assessment_id}`)).status).toBe(200)
    const expected = { expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '{"x":[1]}' } } }
    const wanted = (await call('POST', at, assessment({ assessment_name: 'truth', ...expected }))).json.assessment
    expect(wanted.expectation).toEqual(expected.expectation)
    expect((await call('GET', `traces/${idOf(root)}`)).json.trace.trace_info.assessments).toHaveLength(2)
    const wrong: [string, 'POST' | 'PATCH', object, number][] = [
      [at, 'POST', {}, 400],
      [at, 'POST', assessment({}), 400],
      [at, 'POST', assessment({ feedback: { value: 1 }, overrides: 'a-nobody' }), 404],
      ['traces/tr-none/assessments', 'POST', assessment({ feedback: { value: 1 } }), 404],
      [`${at}/a-nobody`, 'PATCH', { assessment: { rationale: 'x' }, update_mask: 'rationale' }, 404],
      [
        `${at}/${wanted.assessment_id}`,
        'PATCH',
        { assessment: { feedback: { value: 1 } }, update_mask: 'feedback' },
        400,
      ],
      [`${at}/${wanted.assessment_id}`, 'PATCH', { assessment: { rationale: 'x' }, update_mask: 'source' }, 400],
    ]
    for (const [path, method, body, status] of wrong)
      expect([path, (await call(method, path, body)).status]).toEqual([path, status])
  })

  test('traces are removed by id or by age, where an age of zero is one; they are linked to runs', async () => {
    const { send, call, ids, client } = await setup()
    const spans = [newTrace(), newTrace(), newTrace()]
    await send(requestBytes(spans))
    const [a, b, c] = spans.map(idOf)
    const remove = (body: object) => call('POST', 'traces/delete-traces', { experiment_id: '0', ...body })
    expect((await remove({})).json.message).toMatch(/must be specified, but not both/)
    expect((await remove({ max_timestamp_millis: 1, request_ids: [a] })).status).toBe(400)
    expect((await remove({ max_timestamp_millis: 1, max_traces: 0 })).status).toBe(400)
    expect((await remove({ max_timestamp_millis: 0 })).json).toEqual({ traces_deleted: 0 })
    const run = (await client.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })).json.run.info.run_id
    expect(
      (await client.call('POST', '/api/2.0/mlflow/traces/link-to-run', { run_id: run, trace_ids: [b, c] })).status,
    ).toBe(200)
    expect(await ids(`attribute.run_id = '${run}'`)).toEqual([c, b])
    const many = Array.from({ length: 101 }, () => a)
    expect((await call('POST', 'traces/link-to-run', { run_id: run, trace_ids: many })).json.message).toMatch(
      /more than 100 traces/,
    )
    expect((await remove({ request_ids: [a, 'tr-none'] })).json).toEqual({ traces_deleted: 1 })
    expect((await remove({ max_timestamp_millis: Number(begin / 1_000_000n) * 2, max_traces: 1 })).json).toEqual({
      traces_deleted: 1,
    })
    expect(await ids()).toEqual([c])
    expect((await remove({ max_timestamp_millis: Number((spans[2] as SpanFixture).start / 1_000_000n) })).json).toEqual(
      { traces_deleted: 1 },
    )
    expect((await call('GET', `traces/${c}`)).status).toBe(404)
  })

  test('an experiment that is removed for good takes its traces along', async () => {
    const { send, call, project, client } = await setup()
    const { experiment_id } = (await call('POST', 'experiments/create', { name: 'gone soon' })).json
    const large = newTrace({ attributes: { text: 'long '.repeat(40_000) } })
    await send(requestBytes([large, newTrace()]), { 'x-mlflow-experiment-id': experiment_id })
    const kept = newTrace()
    await send(requestBytes([kept]))
    await client.call('POST', '/api/2.0/mlflow/experiments/delete', { experiment_id })
    const { scope } = await world.as('maintainer', project)
    await world.capabilities.trash.remove(scope, { experiments: [experiment_id], runs: [] })
    await world.settled(project)
    const rows = await world.kernel.db.read.selectFrom('trace').select('id').where('project_id', '=', project).execute()
    expect(rows).toEqual([{ id: idOf(kept) }])
    const spans = world.kernel.db.read.selectFrom('trace_span').select('trace_id').where('project_id', '=', project)
    expect(await spans.execute()).toEqual([{ trace_id: idOf(kept) }])
  })

  test('a client before 3.0 begins a trace, ends it and finds it', async () => {
    const { client } = await setup()
    const v2 = '/api/2.0/mlflow/traces'
    const begun = await client.call('POST', v2, {
      experiment_id: '0',
      timestamp_ms: 1000,
      request_metadata: [{ key: 'm', value: '1' }],
      tags: [{ key: 'mlflow.traceName', value: 'old' }],
    })
    const id = begun.json.trace_info.request_id
    expect(begun.json.trace_info).toMatchObject({ status: 'IN_PROGRESS', timestamp_ms: 1000 })
    const ended = await client.call('PATCH', `${v2}/${id}`, { request_id: id, timestamp_ms: 1750, status: 'OK' })
    expect(ended.json.trace_info).toMatchObject({ status: 'OK', execution_time_ms: 750 })
    expect((await client.call('GET', `${v2}/${id}/info`)).json.trace_info.request_metadata).toEqual([
      { key: 'm', value: '1' },
    ])
    const found = await client.call('GET', `${v2}?experiment_ids=0&filter=${encodeURIComponent("name = 'old'")}`)
    expect(found.json.traces).toMatchObject([{ request_id: id, status: 'OK' }])
    // No calendar has this moment: it is kept, and breaks no list.
    const far = { experiment_id: '0', timestamp_ms: Number.MAX_SAFE_INTEGER }
    const odd = (await client.call('POST', v2, far)).json.trace_info.request_id
    await client.call('PATCH', `${v2}/${odd}`, { request_id: odd, timestamp_ms: -far.timestamp_ms, status: 'OK' })
    const newer = await client.call('GET', `/api/3.0/mlflow/traces/${odd}`)
    expect([newer.status, newer.json.trace?.trace_info?.request_time]).toEqual([200, '+275760-09-13T00:00:00Z'])
    const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } }]
    const all = await client.call('POST', '/api/3.0/mlflow/traces/search', { locations })
    expect([all.status, all.json.traces?.length]).toEqual([200, 2])
    const counted = await client.call('POST', '/api/3.0/mlflow/traces/metrics', {
      experiment_ids: ['0'],
      view_type: 'TRACES',
      metric_name: 'trace_count',
      aggregations: [{ aggregation_type: 'COUNT' }],
      time_interval_seconds: 60,
      start_time_ms: far.timestamp_ms - 60_000,
      end_time_ms: far.timestamp_ms,
    })
    expect([counted.status, counted.json.data_points?.[0]?.values]).toEqual([200, { COUNT: 1 }])
  })

  test('personal columns are masked in what spans hold, and cannot be searched for', async () => {
    const { send, call, ids, search, client, project } = await setup()
    const maintainer = await world.as('maintainer', project)
    await world.kernel.db.write
      .transaction()
      .execute((trx) => declarePersonal(trx, project, 'dataset:people', ['email']))
    const root = newTrace({
      attributes: {
        'mlflow.spanInputs': { email: 'me@home', n: [{ Email: 'me@home' }] },
        text: '{"email": "me@home"}',
        kept: 'yes',
      },
    })
    await send(requestBytes([root]))
    await call('POST', 'traces', told(root, { trace_metadata: { 'mlflow.traceInputs': '{"email": "me@home"...' } }))
    const masked = await call('GET', `traces/get?trace_id=${idOf(root)}`)
    expect(masked.text).toContain('"redacted"')
    expect(masked.text).toContain('kept')
    for (const text of [
      masked.text,
      (await search()).text,
      (await client.call('GET', `/api/v1/projects/${project}/traces/${idOf(root)}`)).text,
    ])
      expect(text).not.toContain('me@home')
    for (const filter of [
      "span.content LIKE '%me@%'",
      "span.attributes.text LIKE '%me@%'",
      "metadata.`mlflow.traceInputs` LIKE '%me@%'",
    ])
      expect([filter, (await search(filter)).status]).toEqual([filter, 403])
    expect(await ids("span.name = 'answer'")).toEqual([idOf(root)])
    const open = await maintainer.call('GET', `${v3}/traces/get?trace_id=${idOf(root)}`)
    expect(open.text).toContain('me@home')
  })

  test('a large span is content of the object store, comes back whole, and goes with its trace', async () => {
    const { send, call, project, client } = await setup()
    const text = 'long '.repeat(40_000)
    const root = newTrace({ attributes: { 'mlflow.spanInputs': { text }, kept: 'yes' } })
    await send(requestBytes([root]))
    const references = () =>
      world.kernel.db.read.selectFrom('blob_ref').select('digest').where('project_id', '=', project).execute()
    expect(await references()).toHaveLength(1)
    const { trace } = (await call('GET', `traces/get?trace_id=${idOf(root)}`)).json
    expect(trace.spans[0].attributes[0].value.kvlist_value.values[0].value.string_value).toBe(text)
    expect(
      (await client.call('GET', `/api/v1/projects/${project}/traces/${idOf(root)}`)).json.spans[0].inputs.text,
    ).toBe(text)
    await call('POST', 'traces/delete-traces', { experiment_id: '0', request_ids: [idOf(root)] })
    expect(await references()).toEqual([])
  })
})

const nested = (depth: number): object => (depth === 0 ? { end: 1 } : { in: nested(depth - 1) })
