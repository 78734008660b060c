import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flights, openEngineFixture } from './engine-fixture.ts'
import { openEngine } from './open-engine.ts'

const fixture = openEngineFixture()
const { engine, path } = fixture
afterAll(() => fixture.close())

const ask = (sql: string, params: (string | number)[] = []) =>
  engine.query({ sql, relations: { flights }, params, trusted: false })

describe('SQL of a person', () => {
  test.each([
    ['SELECT count(*) FROM flights WHERE delay > 15', [[599055]]],
    ['WITH late AS (SELECT * FROM flights WHERE delay > 15) SELECT count(*) FROM late', [[599055]]],
    ['WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t', [[15]]],
    ['FROM (VALUES (1), (2)) v(x) SELECT sum(x)', [[3]]],
    ['SELECT count(*) FROM range(10) a, generate_series(1, 3) b', [[30]]],
    [
      'SELECT max(n) FROM (SELECT origin, count(*) OVER (PARTITION BY origin) AS n FROM FLIGHTS) -- upper case',
      [[166341]],
    ],
    ['SELECT * FROM (PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1, 2) USING sum(b))', [[2, null]]],
  ])('may be an ordinary SELECT: %s', async (sql, expected) => {
    expect((await ask(sql)).rows).toEqual(expected)
  })

  test('takes parameters', async () => {
    expect((await ask('SELECT count(*) FROM flights WHERE origin = $1', ['ORD'])).rows).toEqual([[166341]])
  })

  test.each([
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM read_csv('/etc/passwd')`,
    `SELECT * FROM '/etc/passwd'`,
    `WITH t AS (SELECT * FROM '/etc/passwd.csv') SELECT * FROM t`,
    `SELECT (SELECT content FROM read_text('/etc/passwd'))`,
    `SELECT * FROM flights WHERE origin IN (SELECT content FROM read_text('/etc/passwd'))`,
    `SELECT * FROM glob('/etc/*')`,
    `SELECT * FROM read_blob('/proc/self/environ')`,
    `SELECT * FROM parquet_file_metadata('/etc/passwd')`,
    `SELECT * FROM query('SELECT * FROM duckdb_settings()')`,
    `SELECT * FROM query_table('flights')`,
    `SELECT * FROM json_execute_serialized_sql('{}')`,
    'SELECT * FROM duckdb_settings()',
    'SELECT * FROM duckdb_views()',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM pg_catalog.pg_class',
    'SELECT * FROM sqlite_master',
    `SELECT current_setting('temp_directory')`,
    `SELECT getenv('PATH')`,
    'DESCRIBE flights',
    'SHOW ALL TABLES',
    'PRAGMA database_list',
    'CALL duckdb_settings()',
    'EXPLAIN SELECT 1',
    `COPY (SELECT 1) TO '/tmp/x.csv'`,
    `COPY flights FROM '/etc/passwd'`,
    `ATTACH '/tmp/x.db'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    'RESET lock_configuration',
    'CREATE TABLE t AS SELECT 1',
    'CREATE TEMP VIEW v AS SELECT 1',
    'DROP VIEW flights',
    'SELECT 1; SELECT 2',
    `SELECT 1; COPY (SELECT 1) TO '/tmp/x.csv'`,
    '-- nothing',
    "EXPORT DATABASE '/tmp/x'",
    'VACUUM',
    "SELECT nextval('s')",
  ])('may not be: %s', async (sql) => {
    await expect(ask(sql)).rejects.toMatchObject({ code: 'TABLES.FORBIDDEN' })
  })

  test('cannot break out of the COPY that writes its result', async () => {
    const output = { path: path('out.csv'), format: 'csv' as const }
    const write = (sql: string) => engine.write({ sql, relations: {}, trusted: false, output })
    await expect(write(`SELECT 1) TO '${path('evil.csv')}' (FORMAT csv); --`)).rejects.toMatchObject({
      code: 'TABLES.QUERY_FAILED',
    })
    await write('SELECT 1 AS a -- ) TO nowhere')
    expect(readFileSync(output.path, 'utf8')).toBe('a\n1\n')
  })

  test('learns no path of the server from an error', async () => {
    writeFileSync(path('broken.parquet'), 'PAR1 nothing PAR1')
    const failure = await engine
      .query({
        sql: 'SELECT * FROM t',
        relations: { t: { format: 'parquet', files: [path('broken.parquet')] } },
        trusted: false,
      })
      .catch((error) => error)
    expect(failure.code).toBe('TABLES.QUERY_FAILED')
    expect(failure.message).toContain('a file of t')
    expect(failure.message).not.toContain(fixture.dir)
  })

  test('that asks for too much memory fails without harm to others', async () => {
    await expect(ask('SELECT list(a.range) FROM range(1000000000) a')).rejects.toMatchObject({
      code: expect.stringMatching(/OUT_OF_MEMORY|TIMEOUT/),
    })
    expect((await ask('SELECT 1')).rows).toEqual([[1]])
  }, 60_000)
})

describe('the sealed engine alone, with nobody judging the SQL', () => {
  let instance: DuckDBInstance
  beforeAll(async () => {
    mkdirSync(path('sealed-temp'))
    mkdirSync(path('other-project'))
    writeFileSync(path('mine.csv'), 'a\n1\n')
    writeFileSync(path('other-project/secret.csv'), 'a\nsecret\n')
    instance = await openEngine(
      { memoryLimit: '100MB', maxTempSize: '1GB', threads: 1, tempDir: path('sealed-temp') },
      { files: [path('mine.csv')], dirs: [] },
    )
  })
  afterAll(() => instance.closeSync())

  const run = async (sql: string) => (await (await instance.connect()).runAndReadAll(sql)).getRowsJS()

  test('reads its own file', async () => {
    expect(await run(`SELECT * FROM read_csv('${path('mine.csv')}')`)).toEqual([[1n]])
  })

  test.each([
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM '/etc/passwd.csv'`,
    `SELECT * FROM read_csv('${path('other-project/secret.csv')}')`,
    `SELECT * FROM read_csv('${join(fixture.dir, 'sealed-temp/../other-project/secret.csv')}')`,
    `SELECT * FROM read_csv('${path('mine.csv')}/../other-project/secret.csv')`,
    `SELECT * FROM read_text('${path('*.csv')}')`,
    `SELECT * FROM glob('/etc/*')`,
    `SELECT * FROM glob('${path('other-project/*')}')`,
    `SELECT * FROM read_blob('/proc/self/environ')`,
    `SELECT getenv('PATH')`,
    `COPY (SELECT 1) TO '/tmp/trivium-never.csv'`,
    `COPY (SELECT 1) TO '${path('other-project/new.csv')}'`,
    `ATTACH '${path('other-project/new.db')}'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    `SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')`,
    'SET enable_external_access = true',
    `SET allowed_directories = ['/']`,
    `SET temp_directory = '/etc'`,
    "SET memory_limit = '100GB'",
    'SET lock_configuration = false',
  ])('refuses: %s', async (sql) => {
    await expect(run(sql)).rejects.toThrow(
      /Permission Error|configuration has been locked|does not exist|Cannot change|Extension|Missing/,
    )
  })
})
