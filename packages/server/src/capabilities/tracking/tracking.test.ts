import { describeEachDatabase } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { parseArtifactUri, parseProxyPath } from './artifact-path.ts'
import { foldPoints, storedValue } from './fold-points.ts'
import { sampleRows } from './metric-series-thread.ts'
import { parseRange } from './send-artifact.ts'

const api = '/api/v1/projects'

describeEachDatabase('tracking', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const experiment = await tracking.createExperiment(client.scope, { name: 'delays', tags: [] })
    const run = (name: string, tags: { key: string; value: string }[] = []) =>
      tracking.createRun(client.scope, {
        experiment: experiment.id,
        name,
        user: 'ann',
        startTime: world.time.now,
        tags,
      })
    return { project, client, tracking, experiment, run, scope: client.scope }
  }
  const metric = (key: string, value: number, step = 0, timestamp = 1000 + step) => ({ key, value, step, timestamp })

  test('the latest value of a metric is that of the greatest step, time and value, whatever the order of arrival', async () => {
    const { tracking, scope, run } = await setup()
    const { id } = await run('one')
    await tracking.logBatch(scope, id, {
      params: [],
      tags: [],
      metrics: [metric('auc', 0.7, 5), metric('auc', 0.9, 2)],
    })
    await tracking.logBatch(scope, id, {
      params: [],
      tags: [],
      metrics: [metric('auc', 0.1, 3), metric('loss', Number.NaN), metric('top', Number.POSITIVE_INFINITY)],
    })
    const detail = await tracking.runDetail(scope, id)
    expect(detail.metrics).toEqual([
      { key: 'auc', last: 0.7, step: 5, timestamp: 1005, min: 0.1, max: 0.9, count: 3, nanCount: 0 },
      { key: 'loss', last: null, step: 0, timestamp: 1000, min: null, max: null, count: 1, nanCount: 1 },
      {
        key: 'top',
        last: Number.MAX_VALUE,
        step: 0,
        timestamp: 1000,
        min: Number.MAX_VALUE,
        max: Number.MAX_VALUE,
        count: 1,
        nanCount: 0,
      },
    ])
  })

  test('a run or experiment that is not there is named in words that say where to look', async () => {
    const { client, project } = await setup()
    const missing = 'f'.repeat(32)
    expect(await client.call('GET', `${api}/${project}/runs/${missing}`)).toMatchObject({
      status: 404,
      json: { detail: expect.stringMatching(/^There is no run f+ in this project\. .*page of its experiment/) },
    })
    expect(await client.call('GET', `${api}/${project}/experiments/77`)).toMatchObject({
      status: 404,
      json: { detail: expect.stringMatching(/^There is no experiment 77 in this project\. .*experiments list/) },
    })
  })

  test('a batch that is sent again changes nothing', async () => {
    const { tracking, scope, run } = await setup()
    const { id } = await run('again')
    const batch = {
      params: [{ key: 'kind', value: 'forest' }],
      tags: [{ key: 'team', value: 'ops' }],
      metrics: Array.from({ length: 50 }, (_, i) => metric('loss', 1 / (i + 1), i)),
    }
    await tracking.logBatch(scope, id, batch)
    const before = await tracking.runDetail(scope, id)
    await tracking.logBatch(scope, id, batch)
    await tracking.logBatch(scope, id, { ...batch, metrics: [...batch.metrics.slice(40), metric('loss', 0.001, 50)] })
    const after = await tracking.runDetail(scope, id)
    expect(before.metrics[0]).toMatchObject({ count: 50, last: 1 / 50 })
    expect(after.metrics[0]).toMatchObject({ count: 51, last: 0.001, step: 50 })
    expect(after.params).toEqual({ kind: 'forest' })
  })

  test('a batch is logged whole or not at all', async () => {
    const { tracking, scope, run } = await setup()
    const { id } = await run('atomic')
    await tracking.logBatch(scope, id, { params: [{ key: 'kind', value: 'forest' }], tags: [], metrics: [] })
    await expect(
      tracking.logBatch(scope, id, {
        params: [
          { key: 'depth', value: '3' },
          { key: 'kind', value: 'linear' },
        ],
        tags: [{ key: 'team', value: 'ops' }],
        metrics: [metric('auc', 1)],
      }),
    ).rejects.toMatchObject({
      code: 'TRACKING.PARAM_CHANGED',
      message: expect.stringContaining(
        `Changing param values is not allowed. Param with key='kind' was already logged with value='forest' for run ID='${id}'`,
      ),
    })
    const detail = await tracking.runDetail(scope, id)
    expect(detail).toMatchObject({ params: { kind: 'forest' }, metrics: [] })
    expect(detail.tags['team']).toBeUndefined()
  })

  test('hundreds of metrics in a batch keep their own numbers, known and new ones mixed', async () => {
    const { tracking, scope, run } = await setup()
    const { id } = await run('wide')
    const batch = (from: number, to: number, step: number) =>
      tracking.logBatch(scope, id, {
        params: [],
        tags: [],
        metrics: Array.from({ length: to - from }, (_, i) => metric(`m${from + i}`, from + i + step / 10, step)),
      })
    await batch(0, 300, 0)
    await batch(0, 300, 1)
    await batch(200, 400, 2)
    const metrics = new Map((await tracking.runDetail(scope, id)).metrics.map((m) => [m.key, m]))
    expect(metrics.size).toBe(400)
    expect(metrics.get('m5')).toMatchObject({ last: 5.1, min: 5, max: 5.1, count: 2, step: 1 })
    expect(metrics.get('m250')).toMatchObject({ last: 250.2, count: 3 })
    expect(metrics.get('m399')).toMatchObject({ last: 399.2, count: 1 })
  })

  test('many callers log at once and every point counts', async () => {
    const { tracking, scope, run } = await setup()
    const runs = await Promise.all([run('a'), run('b'), run('c')])
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        tracking.logBatch(scope, runs[i % 3]?.id ?? '', {
          params: [],
          tags: [],
          metrics: Array.from({ length: 20 }, (_, k) => metric(`m${k}`, i, i)),
        }),
      ),
    )
    for (const { id } of runs) {
      const { metrics } = await tracking.runDetail(scope, id)
      expect(metrics).toHaveLength(20)
      expect(metrics.every((m) => m.count === 10 && m.last === m.step)).toBe(true)
    }
  })

  test('experiments have decimal ids without gaps, a Default with id 0, and one name each', async () => {
    const { tracking, scope } = await setup()
    const made = await Promise.all(['x', 'y', 'z'].map((name) => tracking.createExperiment(scope, { name, tags: [] })))
    expect(made.map((e) => Number(e.id)).toSorted((a, b) => a - b)).toEqual([2, 3, 4])
    expect(await tracking.requireExperiment(scope, '0')).toMatchObject({ name: 'Default' })
    await expect(tracking.createExperiment(scope, { name: 'x', tags: [] })).rejects.toMatchObject({
      code: 'TRACKING.EXPERIMENT_EXISTS',
    })
    await tracking.setExperimentLifecycle(scope, made[0]?.id ?? '', 'deleted')
    await expect(tracking.createExperiment(scope, { name: 'x', tags: [] })).rejects.toMatchObject({
      code: 'TRACKING.EXPERIMENT_EXISTS',
    })
    await expect(
      tracking.createRun(scope, { experiment: made[0]?.id ?? '', user: '', startTime: 0, tags: [] }),
    ).rejects.toMatchObject({ code: 'TRACKING.EXPERIMENT_NOT_ACTIVE' })
  })

  test('an experiment is read by its name, or else by its id, also where the one is like the other', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const at = `/api/v1/projects/${project}/experiments`
    const { json: first } = await client.call('POST', at, { name: 'first / one' })
    const { json: second } = await client.call('POST', at, { name: first.id })
    const idOf = async (reference: string) =>
      (await client.call('GET', `${at}/${encodeURIComponent(reference)}`)).json.id
    expect([await idOf('first / one'), await idOf(first.id), await idOf(second.id)]).toEqual([
      first.id,
      second.id,
      second.id,
    ])
    expect((await client.call('GET', `${at}/nothing`)).status).toBe(404)
  })

  test('a run is found again through another project by nobody', async () => {
    const { run, client } = await setup()
    const other = await setup()
    const { id } = await run('mine')
    await expect(other.tracking.runDetail(other.scope, id)).rejects.toMatchObject({ code: 'TRACKING.RUN_NOT_FOUND' })
    expect((await client.call('GET', `${api}/${other.project}/runs/${id}`)).status).toBe(404)
  })

  test('the events of a run name its commit, environment, pipeline run and dataset versions', async () => {
    const { tracking, scope, project, client } = await setup()
    const run = await tracking.createRun(scope, {
      experiment: '1',
      user: '',
      startTime: 1,
      tags: [
        { key: 'mlflow.source.git.commit', value: 'abc123' },
        { key: 'trivium.environment', value: 'e'.repeat(64) },
        { key: 'trivium.pipelineRun', value: 'prn_1' },
      ],
    })
    await tracking.logInputs(scope, run.id, {
      models: [],
      datasets: [
        {
          name: 'flights',
          digest: 'd1',
          sourceType: 'local',
          source: `{"uri": "trivium://${project}/dataset/flights@3"}`,
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
        },
        {
          name: 'foreign',
          digest: 'd2',
          sourceType: 'local',
          source: 'trivium://elsewhere/dataset/flights@3',
          tags: [],
        },
      ],
    })
    await tracking.updateRun(scope, run.id, { status: 'FINISHED', endTime: 5 })
    await world.settled(project)
    const { json } = await client.call('GET', `${api}/${project}/events?name=run.finished`)
    expect(json.events).toHaveLength(1)
    expect(json.events[0]).toMatchObject({
      subject: `trivium://${project}/run/${run.id}`,
      refs: [
        { rel: 'input', urn: `trivium://${project}/pipeline-run/prn_1`, as: 'started-by' },
        { rel: 'input', urn: `trivium://${project}/dataset/flights@3`, as: 'trained-on' },
        { rel: 'input', urn: `trivium://${project}/commit/abc123`, as: 'code' },
        { rel: 'input', urn: `trivium://${project}/environment/${'e'.repeat(64)}`, as: 'environment' },
      ],
    })
    const detail = await tracking.runDetail(scope, run.id)
    expect(detail.inputs.map((i) => i.urn)).toEqual([`trivium://${project}/dataset/flights@3`, null])
    expect(detail.madeFrom).toHaveLength(4)
  })

  test('runs are searched over HTTP with a filter, an order, chosen columns, a total and pages', async () => {
    const { tracking, scope, run, client, project } = await setup()
    for (let i = 0; i < 7; i += 1) {
      const { id } = await run(`run-${i}`)
      await tracking.logBatch(scope, id, {
        params: [{ key: 'kind', value: i % 2 === 0 ? 'forest' : 'linear' }],
        tags: [{ key: 'team', value: `t${i}` }],
        metrics: i === 6 ? [] : [metric('auc', i === 3 ? Number.NaN : i / 10), metric('other metric', i)],
      })
    }
    const search = async (query: Record<string, string>) =>
      (await client.call('GET', `${api}/${project}/runs?${new URLSearchParams(query)}`)).json
    const names = async (query: Record<string, string>) =>
      (await search(query)).runs.map((r: { name: string }) => r.name)
    expect(await names({ order_by: 'metrics.auc desc' })).toEqual([
      'run-5',
      'run-4',
      'run-2',
      'run-1',
      'run-0',
      'run-3',
      'run-6',
    ])
    expect(await names({ order_by: 'metrics.auc' })).toEqual([
      'run-0',
      'run-1',
      'run-2',
      'run-4',
      'run-5',
      'run-3',
      'run-6',
    ])
    expect(await names({ filter: "metrics.auc > 0.1 and params.kind = 'forest'", order_by: 'run_name' })).toEqual([
      'run-2',
      'run-4',
    ])
    expect(
      await names({
        filter: "(metrics.auc < 0.1 or metrics.`other metric` = 5) and not tags.team like 'T%'",
        order_by: 'run_name',
      }),
    ).toEqual(['run-0', 'run-5'])
    expect(
      await names({ filter: "tags.team ILIKE 'T_' and params.kind in ('linear')", order_by: 'tags.team desc' }),
    ).toEqual(['run-5', 'run-3', 'run-1'])
    expect(await names({ filter: 'params.missing is null and max(metrics.auc) >= 0.5' })).toEqual(['run-5'])
    const first = await search({ order_by: 'run_name', limit: '3', columns: 'metrics.auc,tags.team' })
    expect(first).toMatchObject({
      total: 7,
      runs: [{ name: 'run-0', metrics: { auc: 0 }, params: {}, tags: { team: 't0' } }, { metrics: { auc: 0.1 } }, {}],
    })
    const second = await search({ order_by: 'run_name', limit: '3', page_token: first.nextPageToken })
    expect(second.runs.map((r: { name: string }) => r.name)).toEqual(['run-3', 'run-4', 'run-5'])
    expect(second.runs[0].metrics).toEqual({ auc: null, 'other metric': 3 })
    const wrong = await client.call('GET', `${api}/${project}/runs?filter=${encodeURIComponent('metrics.auc > ')}`)
    expect(wrong).toMatchObject({ status: 400, json: { code: 'TRACKING.BAD_FILTER' } })
    expect(
      (await client.call('GET', `${api}/${project}/runs?page_token=${first.nextPageToken}&limit=3`)).json.code,
    ).toBe('TRACKING.BAD_PAGE_TOKEN')
  })

  test('two runs are compared: what differs, what only one has, in the order in which people count', async () => {
    const { tracking, scope, run, client, project } = await setup()
    const [a, b] = [await run('a'), await run('b')]
    await tracking.logBatch(scope, a.id, {
      params: [
        { key: 'kind', value: 'x' },
        { key: 'depth_10', value: '7' },
        { key: 'depth_2', value: '3' },
      ],
      tags: [],
      metrics: [metric('auc', 0.5)],
    })
    await tracking.logBatch(scope, b.id, {
      params: [{ key: 'kind', value: 'x' }],
      tags: [],
      metrics: [metric('auc', 0.6)],
    })
    const { json } = await client.call('GET', `${api}/${project}/run-comparison?runs=${a.id},${b.id}`)
    expect(json.params).toEqual([
      { key: 'depth_2', differs: true, values: ['3', null] },
      { key: 'depth_10', differs: true, values: ['7', null] },
      { key: 'kind', differs: false, values: ['x', 'x'] },
    ])
    expect(json.metrics[0]).toMatchObject({ key: 'auc', differs: true, values: [{ last: 0.5 }, { last: 0.6 }] })
    expect((await client.call('GET', `${api}/${project}/run-comparison?runs=${a.id}`)).status).toBe(400)
  })

  test('repeats with other seeds judge a comparison; the same seed again, other data and other settings do not count', async () => {
    const { tracking, scope, run, client, project } = await setup()
    const log = async (name: string, params: Record<string, string>, auc: number, finished = true) => {
      const { id } = await run(name)
      const pairs = Object.entries(params).map(([key, value]) => ({ key, value }))
      await tracking.logBatch(scope, id, {
        params: pairs,
        tags: [],
        metrics: [metric('auc', auc), metric('size', auc)],
      })
      if (finished) await tracking.updateRun(scope, id, { status: 'FINISHED', endTime: world.time.now })
      return id
    }
    const small = [0.66, 0.668, 0.664]
    const large = [0.69, 0.698, 0.693]
    const a: string[] = []
    const b: string[] = []
    for (const [at, auc] of small.entries()) a.push(await log(`a${at}`, { depth: '3', seed: `${at}` }, auc))
    for (const [at, auc] of large.entries()) b.push(await log(`b${at}`, { depth: '9', seed: `${at}` }, auc))
    await log('again', { depth: '9', seed: '0' }, 0.1)
    await log('running', { depth: '9', seed: '8' }, 0.1, false)
    await log('other', { depth: '9', seed: '9', extra: 'x' }, 0.1)
    const url = `${api}/${project}/run-comparison?runs=${a[0]},${b[0]}`
    const { json } = await client.call('GET', url)
    expect(json.repeats.map((some: { name: string }[]) => some.map(({ name }) => name).toSorted())).toEqual([
      ['a0', 'a1', 'a2'],
      ['b0', 'b1', 'b2'],
    ])
    expect(json).toMatchObject({ seeds: ['seed'], comparisons: 2 })
    expect(json.metrics[0]).toMatchObject({
      key: 'auc',
      direction: 'higher-is-better',
      directionFrom: 'name',
      judgements: [null, { verdict: 'better', reason: '3 runs against 3' }],
    })
    expect(json.metrics[0].judgements[1].difference).toBeCloseTo(0.0297, 4)
    expect(json.metrics[1]).toMatchObject({
      key: 'size',
      direction: null,
      judgements: [null, { p: expect.any(Number) }],
    })
    const chosen = (await client.call('GET', `${url}&lower=size`)).json.metrics[1]
    expect(chosen).toMatchObject({ directionFrom: 'choice', judgements: [null, { verdict: 'worse' }] })
    expect((await client.call('GET', `${url}&lower=size&higher=size`)).json.detail).toContain(
      'named in higher and in lower',
    )
    const alone = (
      await client.call('GET', `${api}/${project}/run-comparison?runs=${a[0]},${await log('c', { depth: '1' }, 0.5)}`)
    ).json
    expect(alone.metrics[0].judgements[1]).toMatchObject({ verdict: 'cannot judge yet', low: null })
  })

  test('runs are grouped by parameters and tags, with mean and spread of those that have ended', async () => {
    const { tracking, scope, run, client, project, experiment } = await setup()
    for (const [at, [kind, auc]] of (
      [
        ['x', 0.6],
        ['x', 0.7],
        ['y', 0.9],
        [undefined, 0.1],
        ['x', 0.99],
      ] as const
    ).entries()) {
      const { id } = await run(`run-${at}`, [{ key: 'team', value: 'ops' }])
      await tracking.logBatch(scope, id, {
        params: kind === undefined ? [] : [{ key: 'kind', value: kind }],
        tags: [],
        metrics: [metric('auc', auc), metric('broken', Number.NaN)],
      })
      if (at < 4) await tracking.updateRun(scope, id, { status: 'FINISHED' })
    }
    const url = `${api}/${project}/run-groups?experiment=${experiment.id}`
    const { json } = await client.call('GET', `${url}&by=params.kind,tags.team&metrics=metrics.auc,metrics.broken`)
    expect(json).toMatchObject({ total: 3, runs: 5 })
    expect(
      json.groups.map((g: { values: unknown; runs: number; running: number }) => [g.values, g.runs, g.running]),
    ).toEqual([
      [['x', 'ops'], 3, 1],
      [['y', 'ops'], 1, 0],
      [[null, 'ops'], 1, 0],
    ])
    expect(Object.keys(json.groups[0].metrics)).toEqual(['auc'])
    expect(json.groups[0].metrics.auc).toMatchObject({ n: 2, min: 0.6, max: 0.7 })
    expect(json.groups[0].metrics.auc.mean).toBeCloseTo(0.65, 12)
    expect(json.groups[0].metrics.auc.sd).toBeCloseTo(0.0707, 4)
    expect(json.groups[1].metrics.auc).toMatchObject({ n: 1, sd: null, low: null })
    const filtered = await client.call(
      'GET',
      `${url}&by=params.kind&filter=${encodeURIComponent('metrics.auc > 0.65')}`,
    )
    expect(filtered.json.groups.map((g: { runs: number }) => g.runs)).toEqual([2, 1])
    for (const by of ['metrics.auc', 'kind', 'params.a,params.b,params.c,params.d', 'params.*'])
      expect((await client.call('GET', `${url}&by=${by}`)).status, by).toBe(400)
  })

  test('curves are thinned with their extremes and ends kept', async () => {
    const { tracking, scope, run, client, project } = await setup()
    const { id } = await run('long')
    for (let start = 0; start < 6000; start += 1000) {
      await tracking.logBatch(scope, id, {
        params: [],
        tags: [],
        metrics: Array.from({ length: 1000 }, (_, i) =>
          metric('loss', start + i === 4321 ? 99 : start + i === 77 ? -5 : Math.sin((start + i) / 500), start + i),
        ),
      })
    }
    const { json } = await client.call('GET', `${api}/${project}/metric-series?runs=${id}&keys=loss,missing&points=320`)
    const [{ points, total }] = json.series
    expect(total).toBe(6000)
    expect(points.length).toBeLessThanOrEqual(320)
    expect(points.length).toBeGreaterThan(200)
    expect(points[0].slice(0, 2)).toEqual([0, 1000])
    expect(points.at(-1)[0]).toBe(5999)
    expect(points).toContainEqual([4321, 5321, 99])
    expect(points).toContainEqual([77, 1077, -5])
    const near = (
      await client.call('GET', `${api}/${project}/metric-series?runs=${id}&keys=loss&from_step=4300&to_step=4330`)
    ).json.series[0]
    expect(near.points).toHaveLength(31)
  })

  test('live points go out on the volatile channel', async () => {
    const { tracking, scope, run, project } = await setup()
    const { id } = await run('live')
    const seen: unknown[] = []
    const stop = world.kernel.volatile.subscribe(project, (message) => void seen.push(message))
    await tracking.logBatch(scope, id, { params: [], tags: [], metrics: [metric('auc', Number.NaN, 3)] })
    stop()
    expect(seen).toEqual([
      { channel: 'run.metrics', payload: { run: id, points: [{ key: 'auc', step: 3, timestamp: 1003, value: null }] } },
    ])
  })

  test('artifacts are listed, downloaded as attachments by range, replaced and deleted with their references', async () => {
    const { tracking, scope, run, client, project } = await setup()
    const { id } = await run('files')
    const owner = { kind: 'run', id } as const
    await tracking.putArtifact(scope, owner, 'model/data/weights.bin', Buffer.from('0123456789'))
    await tracking.putArtifact(scope, owner, 'model/MLmodel', Buffer.from('flavors: {}'))
    await tracking.putArtifact(scope, owner, 'page.html', Buffer.from('<script>1</script>'))
    const list = async (query: string) =>
      (await client.call('GET', `${api}/${project}/runs/${id}/artifacts?${query}`)).json.entries
    expect(await list('')).toMatchObject([
      { path: 'model', isDirectory: true, size: 21 },
      { path: 'page.html', isDirectory: false, size: 18 },
    ])
    expect((await list('path=model&recursive=true')).map((e: { path: string }) => e.path)).toEqual([
      'model/MLmodel',
      'model/data',
      'model/data/weights.bin',
    ])
    const file = (path: string, headers?: Record<string, string>) =>
      client.call(
        'GET',
        `${api}/${project}/runs/${id}/artifacts/file?path=${encodeURIComponent(path)}`,
        undefined,
        headers,
      )
    const page = await file('page.html')
    expect(page.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
    })
    expect(page.headers['content-disposition']).toMatch(/^attachment; filename="page.html"/)
    expect(await file('model/data/weights.bin', { range: 'bytes=2-4' })).toMatchObject({ status: 206, text: '234' })
    expect(await file('model/data/weights.bin', { range: 'bytes=20-' })).toMatchObject({ status: 416 })
    expect((await file('model')).status).toBe(400)
    expect((await file('../admin-token')).json.code).toBe('TRACKING.BAD_ARTIFACT_PATH')
    const refs = () =>
      world.kernel.db.read.selectFrom('blob_ref').select('digest').where('project_id', '=', project).execute()
    expect(await refs()).toHaveLength(3)
    await tracking.putArtifact(scope, owner, 'page.html', Buffer.from('other'))
    expect(await refs()).toHaveLength(3)
    await expect(tracking.putArtifact(scope, owner, 'model', Buffer.from(''))).rejects.toMatchObject({
      code: 'TRACKING.ARTIFACT_IN_THE_WAY',
    })
    await expect(tracking.putArtifact(scope, owner, 'page.html/x', Buffer.from(''))).rejects.toMatchObject({
      code: 'TRACKING.ARTIFACT_IN_THE_WAY',
    })
    await tracking.deleteArtifacts(scope, owner, 'model')
    expect(await refs()).toHaveLength(1)
    expect((await tracking.runDetail(scope, id)).artifacts).toEqual({ files: 1, bytes: 5 })
  })

  test('notes, tags and names change over HTTP; the trash takes runs and gives them back', async () => {
    const { run, client, project, experiment } = await setup()
    const { id } = await run('old', [{ key: 'gone', value: '1' }])
    const url = `${api}/${project}/runs/${id}`
    const { json } = await client.call('PATCH', url, { name: 'new', note: '# note', tags: { team: 'ops', gone: null } })
    expect(json).toMatchObject({ name: 'new', note: '# note', tags: { 'mlflow.runName': 'new', team: 'ops' } })
    expect(json.tags.gone).toBeUndefined()
    expect((await client.call('DELETE', url)).json.lifecycle).toBe('deleted')
    expect((await client.call('PATCH', url, { note: 'x' })).json.code).toBe('TRACKING.RUN_NOT_ACTIVE')
    expect((await client.call('GET', `${api}/${project}/runs?view=deleted`)).json.total).toBe(1)
    expect((await client.call('POST', `${url}/restore`)).json.lifecycle).toBe('active')
    const experiments = (await client.call('GET', `${api}/${project}/experiments`)).json.experiments
    expect(experiments[0]).toMatchObject({ id: experiment.id, name: 'delays', runs: 1, running: 1 })
    expect((await client.call('PATCH', url, { note: 'a\u0000b' })).status).toBeLessThan(500)
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('PATCH', url, { note: 'x' })).status).toBe(403)
    expect((await viewer.call('GET', url)).status).toBe(200)
  })
})

describe('the parts of tracking', () => {
  test('infinities become the greatest numbers, NaN a flag', () => {
    expect(storedValue(Number.NEGATIVE_INFINITY)).toEqual({ value: -Number.MAX_VALUE, isNan: 0 })
    expect(storedValue(Number.NaN)).toEqual({ value: 0, isNan: 1 })
    expect(foldPoints(undefined, [{ key: 'a', value: 0.1 + 0.2, isNan: 0, step: 0, timestamp: 0 }]).last_text).toBe(
      '0.30000000000000004',
    )
  })

  test('sampling keeps ends, lows and highs', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ value: i === 500 ? 50 : i === 501 ? -50 : 0, i }))
    const kept = sampleRows(rows, 20)
    expect(kept.length).toBeLessThanOrEqual(20)
    expect(kept.map((r) => r.i)).toEqual(expect.arrayContaining([0, 500, 501, 999]))
    expect(kept.map((r) => r.i)).toEqual(kept.map((r) => r.i).toSorted((a, b) => a - b))
  })

  test('proxy paths name a run or a model and nothing above', () => {
    expect(parseProxyPath('1/abc/artifacts/model/MLmodel')).toEqual({
      experiment: '1',
      owner: { kind: 'run', id: 'abc' },
      path: 'model/MLmodel',
    })
    expect(parseProxyPath('1/models/m-1/artifacts')).toEqual({
      experiment: '1',
      owner: { kind: 'logged-model', id: 'm-1' },
      path: '',
    })
    for (const bad of [
      '1/abc/artifacts/../../x',
      '1/abc',
      '',
      '../abc/artifacts',
      '1/abc/artifacts/a//b',
      '1/a%2Fb/artifacts',
      '1/abc/artifacts/a\\b',
    ])
      expect(() => parseProxyPath(bad)).toThrow(/Invalid path/)
    expect(parseArtifactUri('mlflow-artifacts:/1/abc/artifacts/model')?.path).toBe('model')
    for (const foreign of [
      'file:///etc',
      's3://bucket/x',
      'mlflow-artifacts:/1/abc/artifacts/x?y',
      'mlflow-artifacts:/1/../x',
    ])
      expect(parseArtifactUri(foreign)).toBeUndefined()
  })

  test('ranges of bytes', () => {
    expect(parseRange('bytes=-3', 10)).toEqual({ start: 7, end: 9 })
    expect(parseRange('bytes=5-', 10)).toEqual({ start: 5, end: 9 })
    expect(parseRange('bytes=10-', 10)).toBe('outside')
    expect(parseRange('bytes=1-2,4-5', 10)).toBeUndefined()
  })
})
