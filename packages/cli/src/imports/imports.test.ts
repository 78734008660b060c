import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { cleanRun, cleanSeries } from './clean.ts'
import { mlflowDatabaseSource } from './mlflow-database-source.ts'
import { mlflowFilesSource } from './mlflow-files-source.ts'
import { openForeignDatabase } from './open-foreign-database.ts'
import { filesOf, inOrder, type SourceRun, storedNumber, wholeNumber } from './source.ts'

const folder = mkdtempSync(join(tmpdir(), 'trivium-import-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const notes = () => {
  const list: string[] = []
  return { list, skip: (what: string, why: string) => void list.push(`${what}: ${why}`) }
}
const everything = async <T>(iterable: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const one of iterable) all.push(one)
  return all
}
const id = 'a'.repeat(32)

/** A database as MLflow 1.x made it, with what the statements add. */
function database(name: string, more: string): string {
  const path = join(folder, name)
  const db = new DatabaseSync(path)
  db.exec(`
    create table experiments (experiment_id integer primary key, name text, artifact_location text, lifecycle_stage text);
    create table runs (run_uuid text primary key, name text, user_id text, status text, start_time bigint, end_time bigint, lifecycle_stage text, artifact_uri text, experiment_id integer);
    create table metrics (key text, value float, timestamp bigint, run_uuid text, step bigint, is_nan boolean);
    create table params (key text, value text, run_uuid text);
    create table tags (key text, value text, run_uuid text);
    insert into experiments values (1, 'old', '', 'active');
    ${more}`)
  db.close()
  return path
}
const open = async (path: string, skip: (what: string, why: string) => void, artifacts?: string) =>
  mlflowDatabaseSource(await openForeignDatabase({ kind: 'sqlite', path }), {
    name: path,
    roots: artifacts === undefined ? [join(folder, 'nothing')] : [artifacts],
    artifacts,
    skip,
  })

describe('numbers and places of a source', () => {
  test('infinities, NaN and -0 are what MLflow stores; other words are no number', () => {
    expect(['inf', '-Infinity', 'NaN', '1e3', -0, 5n].map(storedNumber)).toEqual([
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      null,
      1000,
      0,
      5,
    ])
    expect(['', 'x', '0x', {}, null].map(storedNumber)).toEqual(Array.from({ length: 5 }, () => undefined))
    expect([2n ** 60n, '12', 1.5, 'x'].map(wholeNumber)).toEqual([undefined, 12, undefined, undefined])
  })

  test('points come in the order of the server, each once', () => {
    expect(
      inOrder([
        [1, 5, 2],
        [1, 5, null],
        [0, 9, 1],
        [1, 5, 2],
        [1, 4, 3],
      ]),
    ).toEqual([
      [0, 9, 1],
      [1, 4, 3],
      [1, 5, null],
      [1, 5, 2],
    ])
  })

  test('the files of a version are found in every form of its source, and never outside of its run', () => {
    expect(filesOf('models:/m-12', null)).toEqual({ owner: 'logged-model', id: 'm-12', path: '' })
    expect(filesOf(`runs:/${id}/model`, id)).toEqual({ owner: 'run', id, path: 'model' })
    expect(filesOf(`s3://b/1/${id}/artifacts/a/b`, id)).toEqual({ owner: 'run', id, path: 'a/b' })
    expect(filesOf(`runs:/${id}/../../x`, id)).toBeNull()
    expect(filesOf('s3://elsewhere/model', id)).toBeNull()
  })
})

test('traces of a database come as its server tells them: exact numbers, columns as metadata, no issues', async () => {
  const content = {
    trace_id: Buffer.from('ab'.repeat(16), 'hex').toString('base64'),
    span_id: Buffer.from('cd'.repeat(8), 'hex').toString('base64'),
    parent_span_id: null,
    name: 'answer',
    start_time_unix_nano: 'START',
    end_time_unix_nano: null,
    events: [],
    status: { code: 'STATUS_CODE_OK', message: '' },
    attributes: { whole: '1152921504606846976', half: '0.5', two: '2.0', none: 'null', text: '"a"', list: '[1, true]' },
    links: [
      { trace_id: `tr-${'01'.repeat(16)}`, span_id: '02'.repeat(8), attributes: null },
      { trace_id: 'no', span_id: 'no' },
    ],
  }
  const text = JSON.stringify(content).replace('"START"', '1795342877597946593').replaceAll("'", "''")
  const path = database(
    'traces.db',
    `create table trace_info (request_id text, experiment_id integer, timestamp_ms bigint, execution_time_ms bigint, status text, client_request_id text, request_preview text, response_preview text, trace_name text, session_id text, input_tokens bigint, total_cost float);
     create table trace_tags (key text, value text, request_id text);
     create table trace_request_metadata (key text, value text, request_id text);
     create table assessments (assessment_id text, trace_id text, name text, assessment_type text, value text, error text, created_timestamp bigint, last_updated_timestamp bigint, source_type text, source_id text, span_id text, rationale text, overrides text, valid boolean, assessment_metadata text);
     create table spans (trace_id text, span_id text, content text);
     create table entity_associations (source_type text, source_id text, destination_type text, destination_id text);
     insert into trace_info values ('tr-1', 1, 5, null, 'OK', null, 'why?', '', 'answer', 's-1', 7, 2.0);
     insert into trace_tags values ('team', 'ops', 'tr-1');
     insert into trace_request_metadata values ('mlflow.sourceRun', '${id}', 'tr-1');
     insert into assessments values ('a-1', 'tr-1', 'good', 'feedback', 'true', '{"error_code":"X","stack_trace":null}', 6, 7, 'HUMAN', 'ada', null, null, null, 0, null);
     insert into assessments values ('a-2', 'tr-1', 'i-1', 'issue', '{}', null, 6, 7, 'HUMAN', 'ada', null, null, null, 1, null);
     insert into spans values ('tr-1', 'cd', '${text}');
     insert into entity_associations values ('trace', 'tr-1', 'run', 'other'), ('trace', 'tr-1', 'run', '${id}');`,
  )
  const { list, skip } = notes()
  const source = await open(path, skip)
  if (!source.traces) throw new Error('A database gives traces.')
  const [[trace] = []] = await everything(source.traces('1'))
  expect(trace).toMatchObject({
    startedAt: 5,
    durationMs: null,
    responsePreview: null,
    tags: { team: 'ops', 'mlflow.traceName': 'answer' },
    metadata: {
      'mlflow.trace.session': 's-1',
      'mlflow.trace.tokenUsage': '{"input_tokens": 7}',
      'mlflow.trace.cost': '{"total_cost": 2.0}',
    },
    runs: ['other', id],
    assessments: [{ id: 'a-1', value: true, error: { error_code: 'X' }, valid: false, createdAt: 6 }],
  })
  expect(trace?.spans).toEqual([
    {
      trace_id: content.trace_id,
      span_id: content.span_id,
      name: 'answer',
      start_time_unix_nano: '1795342877597946593',
      attributes: [
        { key: 'whole', value: { int_value: '1152921504606846976' } },
        { key: 'half', value: { double_value: 0.5 } },
        { key: 'two', value: { double_value: 2 } },
        { key: 'none' },
        { key: 'text', value: { string_value: 'a' } },
        { key: 'list', value: { array_value: { values: [{ int_value: '1' }, { bool_value: true }] } } },
      ],
      links: [
        {
          trace_id: Buffer.from('01'.repeat(16), 'hex').toString('base64'),
          span_id: Buffer.from('02'.repeat(8), 'hex').toString('base64'),
        },
      ],
      status: { code: 'STATUS_CODE_OK' },
    },
  ])
  expect(list).toEqual([expect.stringContaining('assessment a-2 of trace tr-1: it is of the kind "issue"')])
  await source.close()
})

test('of a run everything is left out, by name, that no server would take; the rest of it comes', () => {
  const { list, skip } = notes()
  const run = {
    id,
    experiment: '1',
    name: 'n\0',
    user: '',
    status: 'FINISHED' as const,
    lifecycle: 'active' as const,
    startTime: 1,
    endTime: null,
    params: { good: '1', nul: 'a\0b', ['k'.repeat(2000)]: 'x', giant: 'x'.repeat(200_000) },
    tags: {},
    datasets: [],
    models: [{ direction: 'input' as const, model: '../../etc', step: 0 }],
  }
  expect(cleanRun(run, skip)).toMatchObject({ name: 'n', params: { good: '1' }, models: [] })
  expect(list).toHaveLength(5)
  expect(list.join('\n')).toContain('NUL')
  expect(cleanRun({ ...run, id: '../x' }, skip)).toBeUndefined()
  expect(cleanSeries({ run: id, key: 'a\0', points: [] }, skip)).toBeUndefined()
})

describe('a database of MLflow', () => {
  test('an old schema without times, inputs, models and registry is read; wrong types and numbers that nobody can hold are named', async () => {
    const { list, skip } = notes()
    const path = database(
      'old.db',
      `insert into runs values ('${id}', 'r', 'u', 'FINISHED', 10, 20, 'active', '${folder}', 1);
       insert into params values ('depth', 3, '${id}');
       insert into metrics values ('loss', 0.5, 1, '${id}', 0, 0), ('loss', 0, 2, '${id}', 1, 1), ('loss', 1, 3, '${id}', 9223372036854775807, 0), ('loss', 'words', 4, '${id}', 2, 0);`,
    )
    const source = await open(path, skip)
    expect(await source.experiments()).toEqual([
      { id: '1', name: 'old', lifecycle: 'active', createdAt: null, updatedAt: null, tags: {} },
    ])
    const runs = (await everything(source.runs('1'))).flat() as SourceRun[]
    expect(runs[0]?.run).toMatchObject({ id, params: { depth: '3' }, startTime: 10, endTime: 20 })
    expect(await everything(source.series(runs))).toEqual([
      {
        run: id,
        key: 'loss',
        points: [
          [0, 1, 0.5],
          [1, 2, null],
        ],
      },
    ])
    expect(list.filter((one) => one.includes('a point of metric "loss"'))).toHaveLength(2)
    expect(await everything(source.models())).toEqual([])
    await source.close()
  })

  test('a file that is no database, and a database of something else, are told apart', async () => {
    writeFileSync(join(folder, 'text.db'), 'not a database, but long enough to have a header of its own')
    await expect(open(join(folder, 'text.db'), () => {})).rejects.toThrow('cannot be read as a SQLite database')
    const other = join(folder, 'other.db')
    new DatabaseSync(other).exec('create table runs (a text)')
    await expect(open(other, () => {})).rejects.toThrow('no MLflow database')
    const newer = database('newer.db', 'alter table metrics drop column is_nan;')
    await expect(open(newer, () => {})).rejects.toThrow('"metrics" has no is_nan')
  })

  test('files outside of the store and links that lead out of it are never read', async () => {
    const artifacts = join(folder, 'artifacts')
    const secret = join(folder, 'secret')
    mkdirSync(join(artifacts, '1', id), { recursive: true })
    mkdirSync(secret)
    writeFileSync(join(secret, 'key'), 'private')
    writeFileSync(join(artifacts, '1', id, 'fine.txt'), 'x')
    symlinkSync(secret, join(artifacts, '1', id, 'out'))
    symlinkSync(join(artifacts, '1', id), join(artifacts, '1', id, 'cycle'))
    const run = (name: string, uri: string) =>
      `insert into runs values ('${name}', '', '', 'FINISHED', 1, 2, 'active', '${uri}', 1);`
    const path = database(
      'hostile.db',
      run('inside', `mlflow-artifacts:/1/${id}`) +
        run('above', 'mlflow-artifacts:/../secret') +
        run('encoded', 'mlflow-artifacts:/%2e%2e/secret') +
        run('file', `file://${secret}`) +
        run('plain', secret) +
        run('bucket', 's3://bucket/x'),
    )
    const { list, skip } = notes()
    const source = await open(path, skip, artifacts)
    await everything(source.runs('1'))
    const found = async (name: string) =>
      (await everything(source.files({ kind: 'run', id: name }))).map((file) => file.path)
    expect(await found('inside')).toEqual(['fine.txt'])
    expect(list.join('\n')).toContain('file "out" of run inside: it is a link that leads out')
    expect(list.join('\n')).toContain('"cycle" of run inside: it is a link to a folder that is taken already')
    for (const name of ['above', 'encoded', 'file', 'plain', 'bucket']) {
      list.length = 0
      expect(await found(name)).toEqual([])
      expect(list[0]).toMatch(name === 'bucket' ? /not on this machine/ : /lies outside of the store/)
    }
    await source.close()
  })
})

describe('a file store of MLflow', () => {
  test('experiments, runs, histories and models are read; broken files are named and the rest comes', async () => {
    const root = join(folder, 'mlruns')
    const put = (path: string, content: string) => {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    put(
      '123456789012345678/meta.yaml',
      "experiment_id: '123456789012345678'\nname: files\nlifecycle_stage: active\ncreation_time: 5\nlast_update_time: 6\n",
    )
    const run = `123456789012345678/${id}`
    put(
      `${run}/meta.yaml`,
      `run_id: ${id}\nrun_name: one\nstatus: 3\nstart_time: 10\nend_time: 20\nlifecycle_stage: active\nuser_id: ada\nartifact_uri: ${root}/${run}/artifacts\n`,
    )
    put(`${run}/params/depth`, '3')
    put(`${run}/tags/mlflow.runName`, 'one')
    put(`${run}/metrics/val/loss`, '1 0.5 0\n2 nan 1\nbroken\n3 inf 2\n')
    put(`${run}/artifacts/a.txt`, 'a')
    put(`123456789012345678/${'b'.repeat(32)}/meta.yaml`, `a: &a [x, x]\nb: [*a, *a]\n`)
    put(`.trash/9/meta.yaml`, "experiment_id: '9'\nname: gone\nlifecycle_stage: deleted\n")
    put('models/m/meta.yaml', 'name: m\ndescription: d\ncreation_timestamp: 7\n')
    put(
      'models/m/version-2/meta.yaml',
      `name: m\nversion: 2\nsource: ${root}/${run}/artifacts/a.txt\nrun_id: ${id}\nstatus: READY\ncurrent_stage: Staging\n`,
    )
    put('models/m/aliases/champion', '2')
    const { list, skip } = notes()
    const source = await mlflowFilesSource(root, { skip })
    expect((await source.experiments()).map(({ id: one, name, lifecycle }) => [one, name, lifecycle])).toEqual([
      ['123456789012345678', 'files', 'active'],
      ['9', 'gone', 'deleted'],
    ])
    const runs = (await everything(source.runs('123456789012345678'))).flat()
    expect(runs.map((one) => one.run)).toMatchObject([
      { id, status: 'FINISHED', user: 'ada', params: { depth: '3' }, startTime: 10 },
    ])
    expect(await everything(source.series(runs))).toEqual([
      {
        run: id,
        key: 'val/loss',
        points: [
          [0, 1, 0.5],
          [1, 2, null],
          [2, 3, Number.MAX_VALUE],
        ],
      },
    ])
    expect((await everything(source.files({ kind: 'run', id }))).map(({ path }) => path)).toEqual(['a.txt'])
    expect(await everything(source.models())).toMatchObject([
      { name: 'm', aliases: { champion: 2 }, versions: [{ version: 2, stage: 'Staging', files: { path: 'a.txt' } }] },
    ])
    expect(list.some((one) => one.includes('"broken" is no point'))).toBe(true)
    expect(list.some((one) => one.includes('meta.yaml'))).toBe(true)
    await expect(mlflowFilesSource(join(folder, 'nothing'), { skip })).rejects.toThrow('no MLflow file store')
  })

  test('a trace comes without spans that cannot be read, which are named, and the spans of MLflow 2 as their file', async () => {
    const root = join(folder, 'traced')
    const put = (path: string, content: string) => {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    put('7/meta.yaml', "experiment_id: '7'\nname: talks\nlifecycle_stage: active\n")
    const old = '7/traces/tr-old'
    put(`${old}/trace_info.yaml`, 'request_id: tr-old\ntimestamp_ms: 1700000000123\nexecution_time_ms: 5\nstatus: OK\n')
    put(`${old}/artifacts/traces.json`, '{"spans": [{"name": "a", "context": {"span_id": "1", "trace_id": "2"}}]}')
    put(
      '7/traces/tr-broken/trace_info.yaml',
      'trace_id: tr-broken\nrequest_time: 2023-11-14T22:13:20.123Z\nstate: ERROR\n',
    )
    put('7/traces/tr-broken/artifacts/traces.json', '{"spans": [')
    put('7/traces/tr-none/trace_info.yaml', 'a: &a [x]\nb: *a\n')
    put('7/traces/tr-link/trace_info.yaml', 'trace_id: tr-link\n')
    mkdirSync(join(root, '7/traces/tr-link/artifacts'))
    symlinkSync(join(root, `${old}/artifacts/traces.json`), join(root, '7/traces/tr-link/artifacts/traces.json'))
    const { list, skip } = notes()
    const source = await mlflowFilesSource(root, { skip })
    if (!source.traces) throw new Error('The source has no traces.')
    const traces = (await everything(source.traces('7'))).flat()
    expect(traces).toMatchObject([
      { id: 'tr-broken', startedAt: 1_700_000_000_123, state: 'ERROR', spans: [], tags: {} },
      { id: 'tr-link', spans: [] },
      { id: 'tr-old', startedAt: 1_700_000_000_123, durationMs: 5, state: 'OK', spans: [], tags: {} },
    ])
    expect(list.map((one) => one.split(':')[0])).toEqual([
      'spans of trace tr-broken',
      'spans of trace tr-link',
      join(root, '7/traces/tr-none/trace_info.yaml'),
    ])
    const files = await everything(source.files({ kind: 'trace', id: 'tr-old' }))
    expect(files.map(({ path }) => path)).toEqual(['traces.json'])
  })
})
