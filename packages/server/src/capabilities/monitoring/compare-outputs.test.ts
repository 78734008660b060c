import type { TrainingPredictions } from '@trivium/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EngineFixture, openEngineFixture } from '../../drivers/tables-duckdb/engine-fixture.ts'
import type { TableColumn } from '../../kernel/ports/index.ts'
import { createRandom, kolmogorovSmirnovTest } from '../../kernel/stats/index.ts'
import { countWindows, profileRelation } from '../../kernel/tables/profile-relation.ts'
import { compareOutputs, outputColumns } from './compare-outputs.ts'

let fixture: EngineFixture
beforeAll(() => {
  fixture = openEngineFixture()
})
afterAll(() => fixture.close())

const log: TableColumn[] = [
  { name: 'output.probabilities_1', type: 'number' },
  { name: 'input.origin', type: 'string' },
  { name: 'input.hour', type: 'number' },
]
const random = createRandom('outputs')
const uniform = () => random.below(1_000_000) / 1_000_000
interface Row {
  said: number
  origin: string
  hour: number
}
const rowsOf = (n: number, shift: (origin: string) => number): Row[] =>
  Array.from({ length: n }, (_, i) => {
    const origin = i % 200 === 0 ? 'HNL' : (['ORD', 'SFO'][i % 2] as string)
    return { said: Math.min(1, uniform() ** 2 + shift(origin)), origin, hour: i % 3 }
  })
const file = (name: string, rows: Row[], hour: string) =>
  fixture.file(
    name,
    `select column0 as said, column1 as t0, column2::${hour}::varchar as t1 from (values ${rows.map(({ said, origin, hour: h }) => `(${said}::double, '${origin}', ${h})`).join(', ')}) as t(column0, column1, column2)`,
  )

test('predictions in life are held against those about the training rows, overall and by slice, without a label', async () => {
  const training = rowsOf(4000, () => 0)
  const relation = await file('training.parquet', training, 'integer')
  const profile = await profileRelation(fixture.engine, { relation, columns: [{ name: 'said', type: 'number' }] })
  const slices = await Promise.all(
    ['t0', 't1'].map(async (by, index) =>
      (await countWindows(fixture.engine, { profile, relation, by })).map(({ by: value, rows, columns }) => ({
        column: ['origin', 'hour'][index] as string,
        value: String(value),
        rows,
        mean: columns[0]?.mean ?? null,
        counts: [columns[0]?.bins?.under ?? 0, ...(columns[0]?.bins?.counts ?? []), columns[0]?.bins?.over ?? 0],
      })),
    ),
  )
  const [column] = profile.columns
  if (!column) throw new Error('There is no profile.')
  const trained: TrainingPredictions = {
    dataset: 'trivium://p/dataset/training@1',
    output: 'probabilities_1',
    rows: 4000,
    profile: column,
    slices: slices.flat(),
  }
  const columns = outputColumns(trained, log)
  expect(columns.map(({ name, slice }) => [name, slice])).toEqual([
    ['said', null],
    ['t0', 'origin'],
    ['t1', 'hour'],
  ])
  const live = rowsOf(3000, (origin) => (origin === 'SFO' ? 0.25 : 0))
  const found = await compareOutputs(fixture.engine, await file('live.parquet', live, 'integer'), trained, columns)
  const of = (by: string | null, value: string | null) => found.find((one) => one.by === by && one.value === value)
  expect(of('origin', 'SFO')).toMatchObject({ verdict: 'moved', rows: live.filter((r) => r.origin === 'SFO').length })
  expect(of('origin', 'ORD')?.verdict).toBe('same')
  // Too rare to say anything about.
  expect(of('origin', 'HNL')).toMatchObject({ verdict: 'unknown', effect: null, trainingRows: 20 })
  expect(of(null, null)?.verdict).toBe('moved')
  expect(of('hour', '1')?.verdict).toBe('moved')
  // Read at the quantiles of the training predictions, the distance loses at most a bin (5 %).
  const exact = kolmogorovSmirnovTest(
    Float64Array.from(training, ({ said }) => said),
    Float64Array.from(live, ({ said }) => said),
  ).effect
  expect(of(null, null)?.effect).toBeLessThanOrEqual(exact + 1e-9)
  expect(of(null, null)?.effect).toBeGreaterThan(exact - 0.05)
  expect(of(null, null)?.mean).toBeCloseTo(live.reduce((sum, { said }) => sum + said, 0) / live.length, 9)
  const same = await compareOutputs(
    fixture.engine,
    await file(
      'same.parquet',
      rowsOf(3000, () => 0),
      'integer',
    ),
    trained,
    columns,
  )
  expect(same.filter(({ verdict }) => verdict === 'moved')).toEqual([])
})

test('a log without the output, or a model without training data, is not compared', () => {
  expect(outputColumns(undefined, log)).toEqual([])
  expect(outputColumns({ output: 'other', slices: [] } as unknown as TrainingPredictions, log)).toEqual([])
})
