import { afterAll, expect, test } from 'vitest'
import type { TableColumn, TableResult } from '../../kernel/ports/table-engine.ts'
import type { ColumnCounts, ColumnProfile, ProfileWindow } from '../../kernel/tables/profile.ts'
import { countWindows, profileRelation } from '../../kernel/tables/profile-relation.ts'
import { flights, openEngineFixture } from './engine-fixture.ts'

const fixture = openEngineFixture()
const { engine, file, rows } = fixture
afterAll(() => fixture.close())

const flightColumns: TableColumn[] = [
  { name: 'date', type: 'timestamp' },
  { name: 'delay', type: 'integer' },
  { name: 'distance', type: 'integer' },
  { name: 'origin', type: 'string' },
  { name: 'destination', type: 'string' },
]

const columnOf = <Column extends ColumnCounts>(table: { columns: Column[] }, name: string): Column => {
  const found = table.columns.find((column) => column.name === name)
  if (!found) throw new Error(`There is no column ${name}.`)
  return found
}
const total = (column: ColumnCounts) => {
  const bins = column.bins ?? { counts: [], under: 0, over: 0 }
  return bins.counts.reduce((sum, count) => sum + count, bins.under + bins.over)
}
const countsOnly = (columns: readonly ColumnCounts[]) =>
  columns.map(({ bins, histogram, top, other, count, nulls, nonFinite, min, max, mean, std }) => ({
    bins,
    histogram,
    top,
    other,
    count,
    nulls,
    nonFinite,
    min,
    max,
    mean,
    std,
  }))

test('three million flights are profiled in one query with the numbers that plain SQL gives', async () => {
  const profile = await profileRelation(engine, { relation: flights, columns: flightColumns })
  expect(profile.rows).toBe(3_000_000)

  const delay = columnOf(profile, 'delay')
  expect(delay).toMatchObject({ kind: 'numeric', count: 3_000_000, nulls: 0, nonFinite: 0, min: -1116, max: 1688 })
  const [[mean, std] = []] = await rows('SELECT avg(delay), stddev_samp(delay) FROM flights', { flights })
  expect(delay.mean).toBeCloseTo(mean as number, 8)
  expect(delay.std).toBeCloseTo(std as number, 6)
  const [[quantiles] = []] = await rows(
    `SELECT quantile_disc(delay, [${profile.quantilePoints.join(', ')}]) FROM flights`,
    { flights },
  )
  expect(delay.quantiles).toEqual(quantiles)
  const { edges, counts, under, over } = delay.bins as NonNullable<ColumnProfile['bins']>
  expect(counts).toHaveLength(edges.length - 1)
  expect([under, over, total(delay)]).toEqual([0, 0, 3_000_000])
  const [direct = []] = await rows(
    `SELECT ${counts.map((_, index) => `count(*) FILTER (delay > ${edges[index]} AND delay <= ${edges[index + 1]}${index === 0 ? ` OR delay = ${edges[0]}` : ''})`).join(', ')} FROM flights`,
    { flights },
  )
  expect(counts).toEqual(direct)

  const origin = columnOf(profile, 'origin')
  expect(origin.distinct).toBe(229)
  expect(origin.top?.slice(0, 3)).toEqual([
    { value: 'ORD', count: 166341 },
    { value: 'DFW', count: 157162 },
    { value: 'ATL', count: 124711 },
  ])
  expect(origin.top).toHaveLength(20)
  expect((origin.top ?? []).reduce((sum, { count }) => sum + count, 0) + (origin.other ?? 0)).toBe(3_000_000)

  expect(columnOf(profile, 'date')).toMatchObject({
    kind: 'temporal',
    min: Date.UTC(2001, 0, 1, 0, 1),
    max: Date.UTC(2001, 6, 1),
  })
})

test('the same rows give the same profile, and the whole reference as a window gives its own counts', async () => {
  const first = await profileRelation(engine, { relation: flights, columns: flightColumns })
  const second = await profileRelation(engine, { relation: flights, columns: flightColumns })
  expect(JSON.stringify(second)).toBe(JSON.stringify(first))
  const [window] = await countWindows(engine, { profile: first, relation: flights })
  expect(window?.rows).toBe(3_000_000)
  expect(countsOnly(window?.columns ?? [])).toEqual(countsOnly(first.columns))
})

test('windows of one query hold what a query for each window alone holds', async () => {
  const where = 'date >= make_timestamp($1 * 1000) AND date < make_timestamp($2 * 1000)'
  const january = [Date.UTC(2001, 0, 1), Date.UTC(2001, 1, 1)]
  const profile = await profileRelation(engine, { relation: flights, columns: flightColumns, where, params: january })
  expect(profile.rows).toBe(
    Number((await rows(`SELECT count(*) FROM flights WHERE date < DATE '2001-02-01'`, { flights }))[0]?.[0]),
  )

  const february = [Date.UTC(2001, 1, 1), Date.UTC(2001, 2, 1)]
  const days = await countWindows(engine, { profile, relation: flights, where, params: february, by: 'date::DATE' })
  expect(days.map(({ by }) => by)).toEqual(
    Array.from({ length: 28 }, (_, index) => `2001-02-${String(index + 1).padStart(2, '0')}`),
  )
  const [third] = await countWindows(engine, {
    profile,
    relation: flights,
    where,
    params: [Date.UTC(2001, 1, 3), Date.UTC(2001, 1, 4)],
  })
  expect(days[2]).toEqual({ ...third, by: '2001-02-03' })
  const [direct] = await rows(
    `SELECT count(*), count(*) FILTER (origin = 'ORD'), count(*) FILTER (delay <= -30), avg(delay) FROM flights WHERE date::DATE = '2001-02-03'`,
    { flights },
  )
  expect(third?.rows).toBe(direct?.[0])
  expect(columnOf(third as ProfileWindow, 'origin').top?.[0]).toEqual({ value: 'ORD', count: direct?.[1] })
  expect(columnOf(third as ProfileWindow, 'delay').mean).toBeCloseTo(direct?.[3] as number, 8)
  expect(total(columnOf(third as ProfileWindow, 'delay'))).toBe(direct?.[0])
  expect(columnOf(third as ProfileWindow, 'date').bins).toMatchObject({ under: 0, over: direct?.[0] })
})

test('nulls, NaN, infinities and numbers beyond all measure are counted apart and disturb nothing', async () => {
  const relation = await file(
    'odd.parquet',
    `SELECT * FROM (VALUES (1.0::DOUBLE), (2), (3), (4), (NULL), ('nan'), ('inf'), ('-inf'), (1e300), (NULL)) t(x)`,
  )
  const profile = await profileRelation(engine, { relation, columns: [{ name: 'x', type: 'number' }] })
  expect(profile.columns[0]).toMatchObject({
    count: 8,
    nulls: 2,
    nonFinite: 4,
    min: 1,
    max: 4,
    mean: 2.5,
    std: 1.29099445,
  })
  expect(total(profile.columns[0] as ColumnCounts)).toBe(4)
  const shifted = await file(
    'shifted.parquet',
    `SELECT * FROM (VALUES (0.5::DOUBLE), (1), (4), (4.5), (9), ('nan'), (NULL)) t(x)`,
  )
  const [window] = await countWindows(engine, { profile, relation: shifted })
  expect(window?.columns[0]).toMatchObject({ count: 6, nulls: 1, nonFinite: 1, bins: { under: 1, over: 2 } })
  expect(total(window?.columns[0] as ColumnCounts)).toBe(5)
})

test('quantiles of a continuous column are right to many digits over small and large magnitudes', async () => {
  const relation = await file(
    'wide.parquet',
    `SELECT (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END) * exp(i / 1000.0 - 20) AS x FROM range(60000) t(i)`,
  )
  const { columns, quantilePoints } = await profileRelation(engine, {
    relation,
    columns: [{ name: 'x', type: 'number' }],
  })
  const [[exact] = []] = await rows(`SELECT quantile_disc(x, [${quantilePoints.join(', ')}]) FROM t`, { t: relation })
  for (const [index, value] of (exact as number[]).entries()) {
    const found = columns[0]?.quantiles?.[index] as number
    expect(Math.abs(found - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-10 + 1e-15)
  }
  expect(columns[0]?.bins?.counts.every((count) => Math.abs(count - 3000) <= 1)).toBe(true)
})

test('a column with one value has a bin for it, so that a shift to either side shows', async () => {
  const relation = await file('constant.parquet', 'SELECT 5 AS x FROM range(100)')
  const profile = await profileRelation(engine, { relation, columns: [{ name: 'x', type: 'integer' }] })
  expect(profile.columns[0]).toMatchObject({ bins: { edges: [5, 5], counts: [100], under: 0, over: 0 }, std: 0 })
  const other = await file('other.parquet', 'SELECT unnest([3, 4, 5, 6]) AS x')
  const [window] = await countWindows(engine, { profile, relation: other })
  expect(window?.columns[0]?.bins).toEqual({ edges: [5, 5], counts: [1], under: 2, over: 1 })
})

test('a value that more than a twentieth of the rows share at the lower end has a bin of its own', async () => {
  const relation = await file('zeros.parquet', 'SELECT CASE WHEN i < 60 THEN 0 ELSE i END AS x FROM range(100) t(i)')
  const { columns } = await profileRelation(engine, { relation, columns: [{ name: 'x', type: 'integer' }] })
  expect(columns[0]?.bins?.edges.slice(0, 2)).toEqual([0, 0])
  expect(columns[0]?.bins?.counts[0]).toBe(60)
})

test('a column without values, a table without rows and a query without columns have profiles too', async () => {
  const columns: TableColumn[] = [
    { name: 'n', type: 'number' },
    { name: 's', type: 'string' },
    { name: 't', type: 'timestamp' },
    { name: 'j', type: 'json' },
  ]
  const empty = { format: 'parquet' as const, files: [], columns }
  for (const relation of [
    empty,
    await file(
      'nulls.parquet',
      'SELECT NULL::DOUBLE AS n, NULL::VARCHAR AS s, NULL::TIMESTAMP AS t, NULL::INT[] AS j FROM range(3)',
    ),
  ]) {
    const profile = await profileRelation(engine, { relation, columns })
    expect(
      profile.columns.map(({ count, nulls, bins, histogram, quantiles, min, mean }) => [
        count,
        nulls,
        bins,
        histogram,
        quantiles,
        min,
        mean,
      ]),
    ).toEqual(columns.map(() => [0, profile.rows, null, null, null, null, null]))
    expect(columnOf(profile, 's')).toMatchObject({ top: [], other: 0, distinct: 0 })
    const [window] = await countWindows(engine, { profile, relation })
    expect(window?.columns.map(({ nulls }) => nulls)).toEqual(columns.map(() => profile.rows))
  }
  expect(await profileRelation(engine, { relation: flights, columns: [] })).toMatchObject({
    rows: 3_000_000,
    columns: [],
  })
})

test('categories are exact whatever their text: empty, quoted, long, boolean', async () => {
  const long = 'x'.repeat(300)
  const relation = await file(
    'words.parquet',
    `SELECT * FROM (VALUES ('', true), ('', false), ('it''s', true), ('[a]', NULL), (NULL, true), ('${long}', true)) t("the ""word""", ok)`,
  )
  const columns: TableColumn[] = [
    { name: 'the "word"', type: 'string' },
    { name: 'ok', type: 'boolean' },
  ]
  const profile = await profileRelation(engine, { relation, columns })
  expect(profile.columns[0]).toMatchObject({ count: 5, nulls: 1, distinct: 4, other: 0 })
  expect(profile.columns[0]?.top).toEqual([
    { value: '', count: 2 },
    { value: '[a]', count: 1 },
    { value: `it's`, count: 1 },
    { value: 'x'.repeat(200), count: 1 },
  ])
  expect(profile.columns[1]?.top).toEqual([
    { value: 'true', count: 4 },
    { value: 'false', count: 1 },
  ])
  const [window] = await countWindows(engine, { profile, relation })
  expect(countsOnly(window?.columns ?? [])).toEqual(countsOnly(profile.columns))
  const fresh = await file('fresh.parquet', `SELECT * FROM (VALUES ('new', true), ('', true)) t("the ""word""", ok)`)
  const [moved] = await countWindows(engine, { profile, relation: fresh })
  expect(moved?.columns[0]).toMatchObject({ count: 2, other: 1 })
  expect(moved?.columns[0]?.top?.map(({ count }) => count)).toEqual([1, 0, 0, 0])
})

test('given edges are used instead of quantiles, and values outside are counted beside', async () => {
  const relation = await file('edges.parquet', 'SELECT range AS x FROM range(100)')
  const { columns } = await profileRelation(engine, {
    relation,
    columns: [{ name: 'x', type: 'integer' }],
    edges: { x: [10, 20, 50] },
  })
  expect(columns[0]?.bins).toEqual({ edges: [10, 20, 50], counts: [11, 30], under: 10, over: 49 })
})

test('the chart histogram is not collapsed by an outlier, and whole numbers fall into bins of whole width', async () => {
  const relation = await file(
    'outlier.parquet',
    'SELECT CASE WHEN i = 0 THEN 1000000 ELSE i % 7 END AS x FROM range(10000) t(i)',
  )
  const { columns } = await profileRelation(engine, { relation, columns: [{ name: 'x', type: 'integer' }] })
  const { edges, counts, under, over } = columns[0]?.histogram as NonNullable<ColumnCounts['histogram']>
  expect(edges).toEqual([-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
  expect([under, over]).toEqual([0, 1])
  expect(counts.every((count) => count >= 1427 && count <= 1429)).toBe(true)
})

test('integers beyond 64 bits and decimals are profiled', async () => {
  const relation = await file(
    'big.parquet',
    `SELECT (i * 1e18)::UBIGINT AS u, (i / 4)::DECIMAL(10, 2) AS d FROM range(1, 19) t(i)`,
  )
  const result: TableResult = await fixture.result('SELECT * FROM t', { t: relation })
  const { columns } = await profileRelation(engine, { relation, columns: result.columns })
  expect(columns[0]).toMatchObject({ count: 18, min: 1e18, max: 18e18 })
  expect(columns[1]).toMatchObject({ count: 18, min: 0.25, max: 4.5 })
  expect(total(columns[1] as ColumnCounts)).toBe(18)
  expect(total(columns[0] as ColumnCounts)).toBe(18)
})
