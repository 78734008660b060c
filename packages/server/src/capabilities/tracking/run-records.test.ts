import { gitTags } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { addConsole } from './run-console.ts'
import { compareSources, readRunSources } from './run-sources.ts'

describeEachDatabase('what a run leaves besides its metrics', ({ world }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const at = `/api/v1/projects/${project}`
    const start = async (body: object) => client.call('POST', `${at}/runs`, { experiment: 'late flights', ...body })
    return { project, client, at, start }
  }
  const line = (text: string, stream = 'stdout') => ({ at: 1000, stream, text })

  test('a run is started in an experiment that its name makes, and says how it ended', async () => {
    const { client, at, start } = await setup()
    const { status, json: run } = await start({
      name: 'first',
      params: { depth: '3' },
      tags: { 'trivium.group': 'folds' },
    })
    expect([status, run.experiment, run.status, run.params, run.tags['trivium.group']]).toEqual([
      201,
      'late flights',
      'RUNNING',
      { depth: '3' },
      'folds',
    ])
    const { json: child } = await start({ parent: run.id })
    expect([child.experimentId, child.parent]).toEqual([run.experimentId, run.id])
    expect((await start({ parent: 'f'.repeat(32) })).status).toBe(404)
    const both = await Promise.all([start({ experiment: 'new' }), start({ experiment: 'new' })])
    expect(new Set(both.map((one) => one.json.experimentId)).size).toBe(1)
    // A sweep that begins many experiments at once: each has a number of its own.
    const many = await Promise.all(Array.from({ length: 25 }, (_, i) => start({ experiment: `fold ${i}` })))
    expect(many.map((one) => one.status)).toEqual(many.map(() => 201))
    expect(new Set(many.map((one) => one.json.experimentId)).size).toBe(25)
    const { json: ended } = await client.call('POST', `${at}/runs/${run.id}/end`, { status: 'FAILED' })
    expect([ended.status, ended.endedAt]).toEqual(['FAILED', world.time.now])
  })

  test('what the steps of a pipeline run log is nested in the run of the experiment file that started it, and in no other', async () => {
    const { client, start, at } = await setup()
    const { tracking } = world.capabilities
    const { json: outside } = await start({ tags: { 'trivium.pipelineRun': 'prn_1' } })
    const { json: above } = await start({ tags: { 'trivium.experimentFile': 'deeper.yaml' } })
    const marked = await client.call('PATCH', `${at}/runs/${above.id}`, { tags: { 'trivium.pipelineRun': 'prn_1' } })
    expect(marked.json.pipelineRun).toBe(`trivium://${client.scope.project}/pipeline-run/prn_1`)
    const inside = (run: string, tags: { key: string; value: string }[] = []) =>
      tracking.createRun(
        { ...client.scope, principal: { ...client.scope.principal, run } },
        { experiment: above.experimentId, user: 'ann', startTime: 1, tags },
      )
    expect((await inside('prn_1')).parent_id).toBe(above.id)
    expect((await inside('prn_2')).parent_id).toBeNull()
    const own = await inside('prn_1', [{ key: 'mlflow.parentRunId', value: outside.id }])
    expect(own.parent_id).toBe(outside.id)
    expect((await client.call('GET', `${at}/runs/${above.id}`)).json.children).toHaveLength(1)
  })

  test('lines of the console are kept once, whatever is sent again, and a gap is refused', async () => {
    const { client, at, start, project } = await setup()
    const { json: run } = await start({})
    const console = `${at}/runs/${run.id}/console`
    const add = (first: number, ...texts: string[]) =>
      client.call('POST', console, { first, lines: texts.map((text) => line(text)) })
    const heard: unknown[] = []
    const deaf = world.kernel.volatile.subscribe(project, (message) => heard.push(message))
    expect((await add(0, 'a', 'b')).json).toEqual({ next: 2, full: false })
    expect((await add(1, 'B', 'c\u0000\u001b[31m')).json).toEqual({ next: 3, full: false })
    expect((await add(0, 'a')).json).toEqual({ next: 3, full: false })
    deaf()
    expect(heard).toHaveLength(2)
    expect(await add(5, 'far')).toMatchObject({ status: 409, json: { code: 'TRACKING.CONSOLE_GAP', next: 3 } })
    const { json } = await client.call('GET', console)
    expect(json).toMatchObject({ first: 0, total: 3, full: false })
    expect(json.lines.map((one: { text: string }) => one.text)).toEqual(['a', 'b', 'c\u0000\u001b[31m'])
    expect((await client.call('GET', `${console}?last=1`)).json).toMatchObject({
      first: 2,
      lines: [{ stream: 'stdout' }],
    })
    const text = await client.call('GET', `${console}/text`)
    expect(text.text).toBe('a\nb\nc\u0000\u001b[31m\n')
    expect(text.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-disposition': expect.stringContaining('attachment'),
    })
    const { project: elsewhere } = await setup()
    const stranger = await world.as('admin', elsewhere)
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/text'],
      ['POST', ''],
    ] as const) {
      const body = method === 'POST' ? { first: 3, lines: [line('theirs')] } : undefined
      const there = `/api/v1/projects/${elsewhere}/runs/${run.id}/console${path}`
      expect([method, path, (await stranger.call(method, there, body)).status]).toEqual([method, path, 404])
    }
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', console, { first: 3, lines: [line('mine')] })).status).toBe(403)
    await client.call('DELETE', `${at}/runs/${run.id}`)
    expect((await add(3, 'late')).status).toBeGreaterThanOrEqual(400)
  })

  test('a long console is read from any line, and one that is full says so in its last line and stays as it is', async () => {
    const { client, at, start } = await setup()
    const { json: run } = await start({})
    const { scope } = client
    const lines = Array.from({ length: 900 }, (_, i) => line(`${i} ${'x'.repeat(90)}`) as never)
    for (let first = 0; first < 900; first += 300)
      await addConsole(world.kernel, scope, run.id, { first, lines: lines.slice(first, first + 300) }, 82_000)
    const console = `${at}/runs/${run.id}/console`
    const all = await client.call('GET', `${console}?limit=10000`)
    const kept = all.json.total
    expect(kept).toBeGreaterThan(850)
    expect(kept).toBeLessThan(900)
    expect(all.json.full).toBe(true)
    expect(all.json.lines.at(-1)).toMatchObject({ stream: 'system', text: /full/ })
    expect(all.json.lines.slice(0, -1).map((one: { text: string }) => Number.parseInt(one.text, 10))).toEqual(
      Array.from({ length: kept - 1 }, (_, i) => i),
    )
    const part = await client.call('GET', `${console}?from=700&limit=2`)
    expect(part.json.lines.map((one: { text: string }) => Number.parseInt(one.text, 10))).toEqual([700, 701])
    expect(
      await addConsole(world.kernel, scope, run.id, { first: kept, lines: [line('late') as never] }, 82_000),
    ).toEqual({
      next: kept,
      full: true,
    })
  })

  test('archived runs are left out of tables and groups, found where they are asked for, and MLflow sees no difference', async () => {
    const { client, at, start, project } = await setup()
    const ids: string[] = []
    let experiment = ''
    for (const name of ['one', 'two', 'three']) {
      const { json } = await start({ name, params: { kind: 'forest' } })
      ids.push(json.id)
      experiment = json.experimentId
    }
    const archive = (runs: string[], archived: boolean) => client.call('POST', `${at}/run-archive`, { runs, archived })
    const names = async (view: string) =>
      (await client.call('GET', `${at}/runs?order_by=run_name${view}`)).json.runs.map((r: { name: string }) => r.name)
    expect((await archive(ids.slice(0, 2), true)).json).toEqual({ changed: 2 })
    expect((await archive(ids.slice(0, 1), true)).json).toEqual({ changed: 0 })
    expect([await names(''), await names('&view=archived'), await names('&view=all')]).toEqual([
      ['three'],
      ['one', 'two'],
      ['one', 'three', 'two'],
    ])
    const groups = await client.call('GET', `${at}/run-groups?by=params.kind`)
    expect(groups.json.groups).toMatchObject([{ runs: 1 }])
    const found = await client.call('POST', '/api/2.0/mlflow/runs/search', { experiment_ids: [experiment] })
    expect(found.json.runs, found.text).toHaveLength(3)
    expect((await archive([ids[1] as string, 'f'.repeat(32)], false)).status).toBe(404)
    expect((await archive(ids, false)).json).toEqual({ changed: 2 })
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', `${at}/run-archive`, { runs: ids, archived: true })).status).toBe(403)
    await world.settled(project)
    const { json } = await client.call(
      'GET',
      `${at}/events?subject=${encodeURIComponent(`trivium://${project}/run/${ids[0]}`)}`,
    )
    expect(json.events.map((event: { name: string }) => event.name)).toEqual(
      expect.arrayContaining(['run.archived', 'run.unarchived']),
    )
  })

  test('an artifact that lies elsewhere is noted once, and files that are no reference are told', async () => {
    const { client, at, start } = await setup()
    const { id } = (await start({})).json
    const url = `${at}/runs/${id}/references`
    const one = { name: 'weights.bin', uri: 's3://bucket/weights.bin', sha256: 'ab'.repeat(32), size: 12 }
    expect(await client.call('POST', url, one)).toMatchObject({ status: 201, json: one })
    expect((await client.call('POST', url, one)).status).toBe(201)
    const taken = await client.call('POST', url, { ...one, sha256: 'cd'.repeat(32) })
    expect([taken.status, taken.json.code]).toEqual([409, 'TRACKING.REFERENCE_TAKEN'])
    for (const wrong of [
      { ...one, name: '../x' },
      { ...one, name: 'a/b' },
      { ...one, sha256: 'AB' },
      { ...one, uri: 'no address' },
      { ...one, uri: 'https://ann:secret@host.example/a' },
    ])
      expect((await client.call('POST', url, wrong)).status).toBe(400)
    const file = (path: string, text: string) =>
      world.capabilities.tracking.putArtifact(
        client.scope,
        { kind: 'run', id },
        `trivium/references/${path}`,
        Buffer.from(text),
      )
    await file('other.json', JSON.stringify(one))
    await file('broken.json', '{')
    expect((await client.call('GET', url)).json).toEqual({
      references: [{ ...one, addedAt: expect.any(Number) }],
      problems: expect.arrayContaining([
        'trivium/references/broken.json is no reference to an artifact.',
        'trivium/references/other.json is no reference to an artifact.',
      ]),
    })
    const elsewhere = await world.as('contributor', await world.makeProject())
    expect((await elsewhere.call('GET', url.replace(at, `/api/v1/projects/${elsewhere.scope.project}`))).status).toBe(
      404,
    )
  })

  test('what two runs were started from is compared: files, packages and configuration, whatever a client wrote', async () => {
    const { client, at, start } = await setup()
    const { tracking } = world.capabilities
    const code = (files: Record<string, string>) => ({
      commit: 'c0ffee',
      branch: null,
      repository: null,
      patch: '',
      command: ['python', 'train.py'],
      files: Object.entries(files).map(([path, text]) => ({ path, text })),
      leftOut: 0,
    })
    const configuration = (depth: number) => ({
      file: 'deep.yaml',
      text: '',
      base: null,
      hypothesis: 'deeper is better',
      resolved: { params: { depth, rate: 0.1 } },
      changes: [],
    })
    const put = async (run: string, files: Record<string, string>) => {
      for (const [path, text] of Object.entries(files))
        await tracking.putArtifact(client.scope, { kind: 'run', id: run }, `trivium/${path}`, Buffer.from(text))
    }
    const repository = 'git@gitlab.com:acme/delays.git'
    const tags = { [gitTags.commit]: 'f00d', [gitTags.repository]: repository }
    const [one, other, bare] = [(await start({})).json.id, (await start({ tags })).json.id, (await start({})).json.id]
    await put(one, {
      'code.json': JSON.stringify(code({ 'train.py': 'a', 'same.py': 's', 'old.py': 'o' })),
      'requirements.txt': '# python 3.11.4 on linux\nNumPy==1.26\nours @ file:///src\nsix==1.16\n',
      'experiment.json': JSON.stringify(configuration(3)),
      'notebook.ipynb': JSON.stringify({
        cells: [
          { cell_type: 'code', execution_count: 1, source: ['x = 1\n', 'x'], metadata: {} },
          { cell_type: 'markdown', source: 'no code' },
          { cell_type: 'code', execution_count: 2, source: '1/0', metadata: { trivium: { failed: true } } },
        ],
      }),
    })
    await put(other, {
      'code.json': JSON.stringify(code({ 'train.py': 'b', 'same.py': 's', 'new.py': 'n' })),
      'requirements.txt': 'numpy==2.1 ; python_version > "3"\nsix==1.16 \\\n  --hash=sha256:00\n',
      'experiment.json': JSON.stringify(configuration(9)),
    })
    const sources = await client.call('GET', `${at}/runs/${one}/sources`)
    expect(sources.json).toMatchObject({
      python: '3.11.4',
      packages: { numpy: '1.26', ours: 'file:///src', six: '1.16' },
      cells: [
        { number: 1, source: 'x = 1\nx', failed: false },
        { number: 2, source: '1/0', failed: true },
      ],
      problems: [],
    })
    const compared = await client.call('GET', `${at}/run-source-comparison?base=${one}&run=${other}`)
    expect(compared.json).toMatchObject({
      code: {
        files: [
          { path: 'new.py', change: 'added', before: null, after: 'n' },
          { path: 'old.py', change: 'removed', before: 'o', after: null },
          { path: 'train.py', change: 'changed', before: 'a', after: 'b' },
        ],
        same: 1,
        commits: { before: 'c0ffee', after: 'c0ffee' },
        repositories: { before: null, after: repository },
      },
      environment: {
        packages: [
          { name: 'numpy', before: '1.26', after: '2.1' },
          { name: 'ours', before: 'file:///src', after: null },
        ],
        same: 1,
      },
      configuration: { changes: [{ path: 'params.depth', change: 'changed', before: 3, after: 9 }] },
    })
    // What is too large is named and left out: only sizes and names are said then.
    const { kernel } = world
    const small = { fileBytes: 60, comparedText: 2 }
    const short = await compareSources(kernel, client.scope, { base: one, run: other }, { ...small, fileBytes: 5000 })
    expect(short.code.files.map(({ path, before, after }) => [path, before, after])).toEqual([
      ['new.py', null, 'n'],
      ['old.py', 'o', null],
      ['train.py', null, null],
    ])
    const unread = await readRunSources(kernel, client.scope, one, small)
    expect([unread.code, unread.problems[0]]).toEqual([null, expect.stringContaining('too large to show')])
    await put(bare, { 'code.json': '{"files": 3}', 'experiment.json': 'no json' })
    const broken = await client.call('GET', `${at}/runs/${bare}/sources`)
    expect([broken.status, broken.json.code, broken.json.problems?.length]).toEqual([200, null, 2])
    const uneven = await client.call('GET', `${at}/run-source-comparison?base=${one}&run=${bare}`)
    expect(uneven.json.code).toMatchObject({ kept: { before: true, after: false }, files: [] })
  })
})
