import { describeEachDatabase } from '@trivium/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cohortSql } from './cohort-sql.ts'
import { labelColumns } from './label-table.ts'
import { predictionColumns } from './prediction-table.ts'
import { type LabelFact, resolveLabels } from './resolve-labels.ts'

const fact = (values: string[]) =>
  fc.record({
    prediction: fc.integer({ min: 0, max: 5 }),
    value: fc.constantFrom(...values),
    time: fc.integer({ min: 0, max: 6 }),
  })
const labelsOf = (drawn: { prediction: number; value: string; time: number }[]) =>
  drawn.map(
    (
      { prediction, value, time },
      arrival,
    ): LabelFact & { prediction_id: string; at: number; correction: boolean; source: null } => ({
      id: `lbl_${String(arrival).padStart(4, '0')}`,
      prediction_id: `p${prediction}`,
      kind: value === 'yes' ? 'boolean' : value === 'late' ? 'string' : 'number',
      number: value === 'late' ? null : value === 'yes' ? 1 : Number(value),
      text: value === 'late' ? value : null,
      event_time: time,
      at: arrival,
      correction: false,
      source: null,
    }),
  )
const values = ['0', '1', '2.5', 'yes', 'late']

test('the order in which labels are read changes nothing, and saying the same again changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fact(values), { maxLength: 12 }),
      fc.integer({ min: 0, max: 7 }),
      fc.infiniteStream(fc.double()),
      (drawn, asOf, chance) => {
        const labels = labelsOf(drawn.map((one) => ({ ...one, prediction: 0 })))
        const history = resolveLabels(labels, asOf)
        const shuffled = labels
          .map((label) => ({ label, key: chance.next().value as number }))
          .toSorted((a, b) => a.key - b.key || 0)
        expect(
          resolveLabels(
            shuffled.map(({ label }) => label),
            asOf,
          ),
        ).toEqual(history)
        const last = history.at(-1)
        if (last)
          expect(
            resolveLabels([...labels, { ...last, id: 'lbl_9999', event_time: asOf, prediction_id: 'p0' }], asOf),
          ).toEqual(history)
        for (const [index, label] of history.entries()) {
          expect(label.event_time).toBeLessThanOrEqual(asOf)
          const next = history[index + 1]
          if (next) expect([next.kind, next.number, next.text]).not.toEqual([label.kind, label.number, label.text])
        }
      },
    ),
  )
})

test('a correction wins from its event time on, and not before', () => {
  fc.assert(
    fc.property(fc.array(fact(values), { maxLength: 10 }), fc.integer({ min: 1, max: 7 }), (drawn, time) => {
      const labels = labelsOf(drawn.map((one) => ({ ...one, prediction: 0 }))).filter(
        (label) => label.event_time <= time,
      )
      const correction = {
        ...labelsOf([{ prediction: 0, value: '7', time }])[0],
        id: 'lbl_9999',
      } as (typeof labels)[number]
      expect(resolveLabels([...labels, correction], time).at(-1)).toEqual(correction)
      expect(resolveLabels([...labels, correction], time - 1)).toEqual(resolveLabels(labels, time - 1))
    }),
  )
})

describeEachDatabase('label resolution as SQL', ({ world }) => {
  test('SQL over the tables finds the same label, known at the same time, as the rule', async () => {
    const columns = labelColumns.map(({ name }) => name) as (keyof ReturnType<typeof labelsOf>[number])[]
    const literal = (value: unknown) =>
      value === null ? 'null' : typeof value === 'string' ? `'${value}'` : String(value)
    const base = predictionColumns
      .map(({ name, type }) => `${type === 'string' ? "'x'" : '0'} as "${name}"`)
      .filter((sql) => !/ as "(id|event_time)"$/.test(sql))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fact(values), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 6 }),
        async (drawn, asOf) => {
          const labels = labelsOf(drawn)
          const rows = labels.map((label) => `(${columns.map((name) => literal(label[name])).join(', ')})`).join(', ')
          const found = await world.kernel.tables.query({
            sql: `with predictions as (select 'p' || i as id, i as event_time, ${base.join(', ')} from range(6) t(i)),
            labels as (select * from (values ${rows}) t(${columns.map((name) => `"${name}"`).join(', ')}))
            select id, label_kind, label_number, label_text, label_time from (${cohortSql({ from: 0, to: 10 }, asOf)}) order by id`,
            relations: {},
            trusted: true,
          })
          const expected = Array.from({ length: 6 }, (_, i) => {
            const last = resolveLabels(
              labels.filter((label) => label.prediction_id === `p${i}`),
              asOf,
            ).at(-1)
            return [`p${i}`, last?.kind ?? null, last?.number ?? null, last?.text ?? null, last?.event_time ?? null]
          })
          expect(found.rows).toEqual(expected)
        },
      ),
      { numRuns: 40 },
    )
  })
})
