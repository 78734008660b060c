import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { flights, openEngineFixture } from './engine-fixture.ts'

const fixture = openEngineFixture()
const { engine, file, path, result, rows } = fixture
afterAll(() => fixture.close())

const valueOf = async (sql: string) => {
  const { columns, rows } = await result(`SELECT ${sql} AS v`)
  return [columns[0]?.type, rows[0]?.[0]]
}

test.each([
  ['true', ['boolean', true]],
  ['7::TINYINT', ['integer', 7]],
  ['9007199254740991::BIGINT', ['integer', 9007199254740991]],
  ['9007199254740993::BIGINT', ['integer', '9007199254740993']],
  ['(-9007199254740993)::BIGINT', ['integer', '-9007199254740993']],
  ['170141183460469231731687303715884105727::HUGEINT', ['integer', '170141183460469231731687303715884105727']],
  ['1.25::DECIMAL(10, 4)', ['number', 1.25]],
  ['0.1::DOUBLE', ['number', 0.1]],
  [`'nan'::DOUBLE`, ['number', Number.NaN]],
  [`'-inf'::FLOAT`, ['number', Number.NEGATIVE_INFINITY]],
  [`TIMESTAMP '2001-01-01 00:01:00.123999'`, ['timestamp', 978307260123]],
  [`TIMESTAMP '1969-12-31 23:59:59.9995'`, ['timestamp', -1]],
  [`TIMESTAMPTZ '2001-01-01 02:00:00+02'`, ['timestamp', 978307200000]],
  [`TIMESTAMP_NS '2001-01-01 00:00:00.5'`, ['timestamp', 978307200500]],
  [`'infinity'::TIMESTAMP`, ['timestamp', Number.POSITIVE_INFINITY]],
  [`DATE '2001-02-03'`, ['date', '2001-02-03']],
  [`'\\x00\\xFFz'::BLOB`, ['binary', Buffer.from([0, 255, 122]).toString('base64')]],
  [`'tést \u{1F600}'`, ['string', 'tést \u{1F600}']],
  [`'5a9f24a8-0d3c-4d5c-8f6e-0123456789ab'::UUID`, ['string', '5a9f24a8-0d3c-4d5c-8f6e-0123456789ab']],
  [`'b'::ENUM('a', 'b')`, ['string', 'b']],
  [`TIME '12:34:56'`, ['string', '12:34:56']],
  [`[1, NULL, 3]`, ['json', [1, null, 3]]],
  [
    `{'a': 1, 'b': [{'c': 'nan'::DOUBLE, 'at': TIMESTAMP '1970-01-01 00:00:01'}]}`,
    ['json', { a: 1, b: [{ c: Number.NaN, at: 1000 }] }],
  ],
  [`MAP {'k': 1}`, ['json', { k: 1 }]],
  [`MAP {1: 'x'}`, ['json', [{ key: 1, value: 'x' }]]],
  [`'{"a": [1, "2"]}'::JSON`, ['json', { a: [1, '2'] }]],
  ['NULL::VARCHAR', ['string', null]],
])('the value %s arrives as a plain one with its type', async (sql, expected) => {
  expect(await valueOf(sql)).toEqual(expected)
})

test('parameters of every kind reach the query by number and by place', async () => {
  expect(await rows('SELECT $2 AS b, $1 AS a, $2 AS again', {}, ['x', 2])).toEqual([[2, 'x', 2]])
  expect(
    await rows('SELECT ? + 1, ?, ?, ?::DOUBLE, ?::DOUBLE, ?', {}, [41, true, null, Number.NaN, -1.5, 2n ** 62n]),
  ).toEqual([[42, true, null, Number.NaN, -1.5, String(2n ** 62n)]])
  await expect(rows('SELECT $1, $2', {}, [1])).rejects.toThrow('the parameter $2 has no value; 1 were given')
})

test('text in a parameter is never SQL', async () => {
  expect(await rows(`SELECT $1`, {}, [`'; DROP TABLE x; --`])).toEqual([[`'; DROP TABLE x; --`]])
})

test('three million rows are counted and grouped from Parquet', async () => {
  const busiest = await rows(
    'SELECT origin, count(*) AS n, round(avg(delay), 3) FROM flights GROUP BY origin ORDER BY n DESC LIMIT 2',
    { flights },
  )
  expect(busiest).toEqual([
    ['ORD', 166341, expect.any(Number)],
    ['DFW', 157162, expect.any(Number)],
  ])
})

test('more rows than allowed is an error that says so, and exactly as many are fine', async () => {
  const ask = (maxRows: number) =>
    engine.query({ sql: 'SELECT * FROM range(5000)', relations: {}, trusted: true, maxRows })
  expect((await ask(5000)).rows).toHaveLength(5000)
  await expect(ask(4999)).rejects.toMatchObject({
    code: 'TABLES.TOO_MANY_ROWS',
    message: expect.stringContaining('more than 4,999 rows'),
  })
})

test('a result that is too large in bytes is an error even with few rows', async () => {
  await expect(rows(`SELECT repeat('x', 10000000) FROM range(10)`)).rejects.toMatchObject({
    code: 'TABLES.RESULT_TOO_LARGE',
  })
})

test('wrong SQL fails with the reason', async () => {
  await expect(rows('SELECT nope FROM flights', { flights })).rejects.toMatchObject({
    code: 'TABLES.QUERY_FAILED',
    message: expect.stringContaining('"nope" not found'),
  })
  await expect(rows('SELEC 1')).rejects.toMatchObject({
    code: 'TABLES.QUERY_FAILED',
    message: expect.stringContaining('syntax error'),
  })
  await expect(rows('')).rejects.toMatchObject({ code: 'TABLES.QUERY_FAILED' })
  await expect(rows('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: 'TABLES.FORBIDDEN' })
  await expect(rows(`COPY (SELECT 1) TO '${path('x.csv')}'`)).rejects.toMatchObject({ code: 'TABLES.FORBIDDEN' })
})

test('a relation without files has the declared columns and no rows', async () => {
  const empty = {
    format: 'parquet' as const,
    files: [],
    columns: [
      { name: 'at', type: 'timestamp' as const },
      { name: 'x "y"', type: 'number' as const },
    ],
  }
  const { columns, rows } = await result('SELECT * FROM empty', { empty })
  expect(columns).toEqual(empty.columns)
  expect(rows).toEqual([])
  await expect(result('SELECT * FROM t', { t: { format: 'csv', files: [] } })).rejects.toThrow(
    '"t" has no files and declares no columns',
  )
})

test('files of different shape are united by name, and a declared column that none has is null', async () => {
  const a = await file('union-a.parquet', `SELECT 1 AS id, 'x' AS name`)
  const b = await file('union-b.parquet', `SELECT 2.5 AS score, 2 AS id`)
  const both = { ...a, files: [...a.files, ...b.files], unionByName: true }
  expect(await rows('SELECT id, name, score FROM t ORDER BY id', { t: both })).toEqual([
    [1, 'x', null],
    [2, null, 2.5],
  ])
  const declared = {
    ...both,
    columns: [
      { name: 'id', type: 'integer' as const },
      { name: 'later', type: 'string' as const },
    ],
  }
  expect(await rows('SELECT id, score, later FROM t ORDER BY id', { t: declared })).toEqual([
    [1, null, null],
    [2, 2.5, null],
  ])
})

test('the file of each row is known when asked for', async () => {
  const a = await file('name-a.parquet', 'SELECT 1 AS x')
  const b = await file('name-b.parquet', 'SELECT 2 AS x')
  expect(
    await rows('SELECT x, filename FROM t ORDER BY x', {
      t: { ...a, files: [...a.files, ...b.files], filename: true },
    }),
  ).toEqual([
    [1, path('name-a.parquet')],
    [2, path('name-b.parquet')],
  ])
})

test('a folder named like a partition adds no column', async () => {
  writeFileSync(path('month=5.csv'), 'a\n1\n')
  expect((await result('SELECT * FROM t', { t: { format: 'csv', files: [path('month=5.csv')] } })).columns).toEqual([
    { name: 'a', type: 'integer' },
  ])
})

test('declared types hold for CSV, in any order of its columns, and a value that does not fit is an error', async () => {
  writeFileSync(path('declared.csv'), 'when,code,amount,extra\n2001-01-01T00:00:01Z,007,1,z\n,,,\n')
  const columns = [
    { name: 'code', type: 'string' as const },
    { name: 'amount', type: 'number' as const },
    { name: 'when', type: 'timestamp' as const },
  ]
  const found = await result('SELECT * FROM t', { t: { format: 'csv', files: [path('declared.csv')], columns } })
  expect(found.columns).toEqual(columns)
  expect(found.rows).toEqual([
    ['007', 1, 978307201000],
    [null, null, null],
  ])
  writeFileSync(path('wrong.csv'), 'amount\n1\nlots\n')
  const wrong = {
    format: 'csv' as const,
    files: [path('wrong.csv')],
    columns: [{ name: 'amount', type: 'integer' as const }],
  }
  const failure = await result('SELECT * FROM t', { t: wrong }).catch((error) => error)
  expect(failure).toMatchObject({ code: 'TABLES.QUERY_FAILED', message: expect.stringContaining('lots') })
  expect(failure.message).not.toContain(fixture.dir)
  const missing = {
    format: 'csv' as const,
    files: [path('wrong.csv')],
    columns: [{ name: 'price', type: 'integer' as const }],
  }
  await expect(result('SELECT * FROM t', { t: missing })).rejects.toThrow('price')
})

test('JSON lines may leave out declared columns', async () => {
  writeFileSync(path('rows.ndjson'), '{"id":1,"tags":["a"]}\n{"id":2,"score":0.5}\n')
  const columns = [
    { name: 'id', type: 'integer' as const },
    { name: 'score', type: 'number' as const },
    { name: 'tags', type: 'json' as const },
  ]
  expect(await rows('SELECT * FROM t', { t: { format: 'ndjson', files: [path('rows.ndjson')], columns } })).toEqual([
    [1, null, ['a']],
    [2, 0.5, null],
  ])
})

test('the relations of one query are not visible to the next', async () => {
  await rows('SELECT count(*) FROM flights', { flights })
  await expect(rows('SELECT count(*) FROM flights')).rejects.toMatchObject({ code: 'TABLES.QUERY_FAILED' })
})

test.each(['parquet', 'csv', 'ndjson'] as const)('what is written as %s reads back as it was', async (format) => {
  const sql = `SELECT 1 AS i, 0.1::DOUBLE AS n, 'ä"\n,' AS s, TIMESTAMP '2001-01-01 00:00:00.25' AS t, DATE '2001-02-03' AS d, true AS b, '\\x00\\x01'::BLOB AS x
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL -- the end`
  const output = { path: path(`back.${format}`), format }
  const written = await engine.write({ sql, relations: {}, trusted: true, output })
  expect(written.rows).toBe(2)
  expect(written.bytes).toBe(statSync(output.path).size)
  const types = ['integer', 'number', 'string', 'timestamp', 'date', 'boolean', 'binary']
  expect(written.columns.map(({ type }) => type)).toEqual(types)
  const read = await result('SELECT * FROM t', { t: { format, files: [output.path], columns: written.columns } })
  expect(read.columns).toEqual(written.columns)
  expect(read.rows).toEqual([[1, 0.1, 'ä"\n,', 978307200250, '2001-02-03', true, 'AAE='], Array(7).fill(null)])
})

test('the same rows give the same bytes', async () => {
  const digests = new Set<string>()
  for (let round = 0; round < 3; round++) {
    const output = { path: path(`stable-${round}.parquet`), format: 'parquet' as const }
    const sql = 'SELECT * FROM flights WHERE delay > $1 ORDER BY date, origin, destination, delay, distance;'
    const written = await engine.write({ sql, params: [15], relations: { flights }, trusted: true, output })
    expect(written.rows).toBe(599055)
    digests.add(createHash('sha256').update(readFileSync(output.path)).digest('hex'))
  }
  expect(digests.size).toBe(1)
})

test('a failed write leaves neither a file nor a part of one', async () => {
  const output = { path: path('never.parquet'), format: 'parquet' as const }
  const sql = `SELECT CASE WHEN i < 500000 THEN i ELSE error('stop here') END FROM range(1000000) t(i)`
  await expect(engine.write({ sql, relations: {}, trusted: true, output })).rejects.toThrow('stop here')
  expect(readdirSync(fixture.dir).filter((name) => name.startsWith('never'))).toEqual([])
})

test('files outside the allowed directories are refused before anything is opened', async () => {
  const passwd = { format: 'csv' as const, files: ['/etc/passwd'] }
  await expect(rows('SELECT * FROM t', { t: passwd })).rejects.toMatchObject({ code: 'TABLES.FORBIDDEN' })
  await expect(rows('SELECT * FROM t', { t: { format: 'csv', files: [`${fixture.dir}/../x`] } })).rejects.toMatchObject(
    { code: 'TABLES.FORBIDDEN' },
  )
  await expect(rows('SELECT * FROM t', { t: { format: 'csv', files: [path('*.csv')] } })).rejects.toMatchObject({
    code: 'TABLES.FORBIDDEN',
  })
  await expect(engine.describe({ path: '/etc/passwd', format: 'csv' })).rejects.toMatchObject({
    code: 'TABLES.FORBIDDEN',
  })
  const output = { path: '/etc/x.parquet', format: 'parquet' as const }
  await expect(engine.write({ sql: 'SELECT 1', relations: {}, trusted: true, output })).rejects.toMatchObject({
    code: 'TABLES.FORBIDDEN',
  })
  await expect(rows(`SELECT * FROM read_text('/etc/passwd')`)).rejects.toThrow('Cannot access file')
})
