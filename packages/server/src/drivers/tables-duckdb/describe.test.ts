import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { flights, openEngineFixture, vegaDir } from './engine-fixture.ts'

const fixture = openEngineFixture()
const { engine, file, path } = fixture
afterAll(() => fixture.close())

const parquet = (name: string) => engine.describe({ path: path(name), format: 'parquet', name })

test('a Parquet file is described with its columns and rows', async () => {
  expect(await engine.describe({ path: flights.files[0] as string, format: 'parquet' })).toEqual({
    rows: 3_000_000,
    columns: [
      { name: 'date', type: 'timestamp', nullable: true },
      { name: 'delay', type: 'integer', nullable: true },
      { name: 'distance', type: 'integer', nullable: true },
      { name: 'origin', type: 'string', nullable: true },
      { name: 'destination', type: 'string', nullable: true },
    ],
  })
})

test('a CSV file is described by all of its values, not by its first ones', async () => {
  const lines = Array.from(
    { length: 30_000 },
    (_, index) => `${index},${index === 29_999 ? 'late text' : index},${index === 3 ? '' : 1.5}`,
  )
  writeFileSync(path('late.csv'), `id,mixed,gap\n${lines.join('\n')}\n`)
  expect(await engine.describe({ path: path('late.csv'), format: 'csv' })).toEqual({
    rows: 30_000,
    columns: [
      { name: 'id', type: 'integer', nullable: false },
      { name: 'mixed', type: 'string', nullable: false },
      { name: 'gap', type: 'number', nullable: true },
    ],
  })
})

test('a CSV file of a published data set is described', async () => {
  const described = await engine.describe({ path: `${vegaDir}/flights-airport.csv`, format: 'csv' })
  expect(described).toEqual({
    rows: 5366,
    columns: [
      { name: 'origin', type: 'string', nullable: false },
      { name: 'destination', type: 'string', nullable: false },
      { name: 'count', type: 'integer', nullable: false },
    ],
  })
})

test('JSON lines are described with nested values as json', async () => {
  writeFileSync(path('a.ndjson'), '{"id":1,"tags":["a"],"at":"2001-01-01T00:00:00Z"}\n{"id":2,"more":{"x":1}}\n')
  const { rows, columns } = await engine.describe({ path: path('a.ndjson'), format: 'ndjson' })
  expect(rows).toBe(2)
  expect(columns).toEqual([
    { name: 'id', type: 'integer', nullable: false },
    { name: 'tags', type: 'json', nullable: true },
    { name: 'at', type: 'timestamp', nullable: true },
    { name: 'more', type: 'json', nullable: true },
  ])
})

test('an empty Parquet table has columns and no rows', async () => {
  await file('none.parquet', 'SELECT 1 AS a WHERE false')
  expect(await parquet('none.parquet')).toEqual({ rows: 0, columns: [{ name: 'a', type: 'integer', nullable: true }] })
})

test.each([
  ['cut off', (good: Buffer) => good.subarray(0, good.length - 100)],
  ['only a beginning', (good: Buffer) => good.subarray(0, 50)],
  ['something else', () => Buffer.from('id,name\n1,a\n')],
  ['nothing but the magic', () => Buffer.from('PAR1PAR1')],
  [
    'an absurd footer length',
    () => Buffer.concat([Buffer.from('PAR1'), Buffer.from([255, 255, 255, 127]), Buffer.from('PAR1')]),
  ],
  ['empty', () => Buffer.alloc(0)],
  [
    'damaged where a page begins',
    (good: Buffer) => Buffer.concat([good.subarray(0, 4), Buffer.alloc(60, 0xff), good.subarray(64)]),
  ],
])('a Parquet file that is %s gives a clear error', async (_, make) => {
  await file('good.parquet', `SELECT i AS id, 'name ' || i AS name FROM range(20000) t(i)`)
  writeFileSync(path('bad.parquet'), make(readFileSync(path('good.parquet'))))
  const failure = await parquet('bad.parquet').catch((error) => error)
  expect(failure).toMatchObject({ code: 'TABLES.UNREADABLE_FILE', status: 422 })
  expect(failure.message).toMatch(/^bad\.parquet is not a readable Parquet file: ./)
  expect(failure.message).not.toContain(fixture.dir)
  expect(failure.message).not.toContain('LINE 1')
})

test('random damage to a Parquet file never hangs or ends the caller, and the next file is read', async () => {
  await file('good.parquet', `SELECT i AS id, 'name ' || i AS name, [i] AS list FROM range(2000) t(i)`)
  const good = readFileSync(path('good.parquet'))
  let seed = 42
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return seed % below
  }
  for (let round = 0; round < 40; round++) {
    const bad = Buffer.from(good)
    for (let flips = 0; flips <= round % 5; flips++) {
      const footer = round % 2 === 0 ? Math.max(0, bad.length - 400) : 4
      bad[footer + random(bad.length - footer - 8)] = random(256)
    }
    writeFileSync(path('fuzz.parquet'), bad)
    const outcome = await parquet('fuzz.parquet').then(
      () => 'read',
      (error) => error.code,
    )
    expect(outcome).toMatch(/^(read|TABLES\.UNREADABLE_FILE|TABLES\.OUT_OF_MEMORY)$/)
  }
  expect((await parquet('good.parquet')).rows).toBe(2000)
}, 60_000)

test.for([
  ['ends by a fault', 'SIGSEGV', 'UNREADABLE_FILE'],
  ['is killed from outside', 'SIGKILL', 'RESTARTED'],
] as const)(
  'the file is blamed, or not, when the process that reads it twice %s, and others are not disturbed',
  async ([, signal, code]) => {
    await file('deadly.csv', 'SELECT range AS a, range / 7 AS b FROM range(4000000)', 'csv')
    const killed = new Set<number>()
    const described = engine
      .describe({ path: path('deadly.csv'), format: 'csv', name: 'deadly.csv' })
      .catch((error) => error)
    const other = engine.query({ sql: 'SELECT sum(range) FROM range(30000000)', relations: {}, trusted: true })
    const killer = setInterval(() => {
      const inspector = engine.processes().find(({ process }) => process === 'inspector')
      if (!inspector || killed.has(inspector.pid)) return
      killed.add(inspector.pid)
      setTimeout(() => process.kill(inspector.pid, signal), 50)
    }, 5)
    try {
      const error = await described
      expect(error).toMatchObject({ code: `TABLES.${code}` })
      if (code === 'UNREADABLE_FILE')
        expect(error.message).toBe('deadly.csv is not a readable CSV file: reading it ended the process that reads it.')
      expect(killed.size).toBe(2)
      expect((await other).rows).toEqual([[449999985000000]])
    } finally {
      clearInterval(killer)
    }
  },
)
