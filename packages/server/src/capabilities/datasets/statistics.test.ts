import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import golden from './fixtures/slices.json' with { type: 'json' }

describeEachDatabase('statistics and constraints of datasets', ({ world, once }) => {
  const at = (project: string, path: string) => `/api/v1/projects/${project}/datasets/${path}`
  const add = async (project: string, body: string, query = 'format=csv') =>
    (await world.as('contributor', project)).call('POST', `${at(project, 'trips/versions')}?${query}`, body, {
      'content-type': 'application/octet-stream',
    })
  const declare = async (project: string, body: unknown) =>
    (await world.as('contributor', project)).call('PUT', at(project, 'trips'), body)
  const read = async (project: string, version: number, query = '') =>
    (await (await world.as('viewer', project)).call('GET', `${at(project, `trips/versions/${version}`)}${query}`)).json

  once(
    'the statistics of each slice are those of pandas, rare values have their own, and the classes are counted',
    async () => {
      const project = await world.makeProject()
      await declare(project, { slices: ['place'], label: 'late' })
      await add(project, golden.csv)
      const { slices, balance } = await read(project, 1)
      expect(slices).toHaveLength(1)
      expect(slices[0].slices.map(({ value, rows }: any) => [value, rows])).toEqual(
        golden.slices.map(({ value, rows }) => [value, rows]),
      )
      for (const [index, expected] of golden.slices.entries()) {
        const found = slices[0].slices[index]
        for (const [name, wanted] of Object.entries(expected.columns)) {
          const column = found.columns.find((c: any) => c.name === name)
          expect([column.count, column.nulls]).toEqual([wanted.count, wanted.nulls])
          expect(column.mean).toBeCloseTo(wanted.mean, 8)
          expect(column.std).toBeCloseTo(wanted.std, 8)
          for (const [place, value] of wanted.quantiles.entries()) expect(column.quantiles[place]).toBeCloseTo(value, 8)
          expect(column.majority?.share ?? null).toEqual(wanted.majority)
          expect(column.lowVariance).toBe((wanted.majority ?? 0) >= 0.95)
        }
        expect(found.balance.classes).toEqual(expected.classes)
      }
      expect(balance.classes).toEqual(golden.classes)
      expect(balance.evenness).toBeCloseTo(golden.evenness, 5)
    },
  )

  once(
    'of a hundred and twenty columns those that need attention come first, with what is odd and what changed since the version before',
    async () => {
      const project = await world.makeProject()
      const names = Array.from({ length: 120 }, (_, i) => `c${i}`)
      const csv = (value: (row: number, column: number) => string | number, rows = 400) =>
        [
          names.join(','),
          ...Array.from({ length: rows }, (_, r) => names.map((_, c) => value(r, c)).join(',')),
          '',
        ].join('\n')
      const noise = (row: number, column: number) => (row * 7919 + column * 104_729) % 1009
      await declare(project, { slices: ['c5'] })
      const first = await add(
        project,
        csv((row, column) => (column === 5 ? row % 3 : noise(row, column))),
      )
      expect([first.status, first.json.detail]).toEqual([200, undefined])
      await add(
        project,
        csv((row, column) => {
          if (column === 5) return row % 3
          if (column === 17) return 5
          if (column === 40) return row % 2 === 0 ? '' : noise(row, column)
          if (column === 99) return noise(row, column) + 2000
          if (column === 110) return row < 392 ? 0 : row
          return noise(row, column)
        }),
      )
      const { attention, comparedWith, slices } = await read(project, 2)
      expect(slices[0].slices).toHaveLength(3)
      expect(slices[0].slices[0].columns).toHaveLength(120)
      expect(comparedWith).toBe(1)
      const kinds = Object.fromEntries(
        attention.map((entry: any) => [entry.column, entry.findings.map((finding: any) => finding.kind).toSorted()]),
      )
      expect(kinds).toEqual({
        c17: ['constant', 'shifted'],
        c40: ['missing', 'more-missing'],
        c99: ['shifted'],
        c110: ['low-variance', 'shifted'],
      })
      expect(attention.map((entry: any) => entry.score)).toEqual(
        attention.map((entry: any) => entry.score).toSorted((a: number, b: number) => b - a),
      )
      expect(
        (await read(project, 2, '?compare_with=2')).attention.map((entry: any) => entry.column).toSorted(),
      ).toEqual(['c110', 'c17', 'c40'])
    },
    60_000,
  )

  test('a batch that breaks a constraint is refused with examples; within its share it is warned about', async () => {
    const project = await world.makeProject()
    await add(project, 'left,landed\n10,12\n11,11\n')
    const condition = { kind: 'condition', sql: 'landed >= left', name: 'landing after leaving' }
    const bad = await declare(project, { checks: [{ ...condition, severity: 'block', sql: 'landed >= start' }] })
    expect([bad.status, bad.json.code]).toEqual([400, 'DATASETS.BAD_CONDITION'])
    expect(bad.json.detail).toContain('start')
    for (const sql of [
      "(select count(*) from read_csv('/etc/passwd')) = 0",
      'true) union (select 1',
      'true); drop table data; --',
    ])
      expect((await declare(project, { checks: [{ kind: 'condition', severity: 'block', sql }] })).status).toBe(400)
    await declare(project, { checks: [{ ...condition, severity: 'block', sql: '"left" <= landed' }] })
    const refused = await add(project, 'left,landed\n10,12\n11,9\n12,\n')
    expect([refused.status, refused.json.code]).toEqual([422, 'DATASETS.CHECKS_FAILED'])
    expect(refused.json.detail).toContain(
      '1 of 3 rows break landing after leaving (left 11, landed 9); allowed are 0.00 %.',
    )
    await declare(project, { checks: [{ ...condition, severity: 'warn', sql: '"left" <= landed' }] })
    expect((await add(project, 'left,landed\n10,12\n11,9\n12,\n')).json.version.state).toBe('warned')
    await declare(project, { checks: [{ ...condition, severity: 'block', sql: '"left" <= landed', maxShare: 0.5 }] })
    expect((await add(project, 'left,landed\n10,12\n11,9\n13,15\n')).json.version.state).toBe('valid')
  })

  test('what is declared about columns has to name some', async () => {
    const project = await world.makeProject()
    await add(project, 'left,landed\n10,12\n')
    expect((await declare(project, { slices: ['place'] })).json.detail).toBe(
      'There is no column "place". The file has: left, landed.',
    )
    expect((await declare(project, { availability: { landed: { at: 'left' } } })).json.detail).toContain('is integer')
  })
})
