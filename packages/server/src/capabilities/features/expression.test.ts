import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AppError } from '../../kernel/errors/index.ts'
import { evaluate, parseExpression } from './expression.ts'

const columns = new Set(['delay', 'carrier'])
const rows = [
  { delay: 20, carrier: 'AA' },
  { delay: null, carrier: 'UA' },
  { delay: 5, carrier: null },
]
const value = (text: string) => evaluate(parseExpression('f', text, columns), rows)

test('aggregates follow the rules of SQL for nulls', () => {
  expect(value('count(*)')).toBe(3)
  expect(value('count(delay)')).toBe(2)
  expect(value('avg(delay)')).toBe(12.5)
  expect(value("avg(carrier = 'AA')")).toBe(0.5)
  expect(value('sum(delay > 10) / count(*)')).toBeCloseTo(1 / 3)
  expect(value('sum(delay) / (count(*) - 3)')).toBeNull()
  expect(value("avg(delay > 10 or carrier = 'UA')")).toBe(1)
  expect(value('max(-delay)')).toBe(-5)
  expect(value("avg(not carrier = 'AA')")).toBe(0.5)
})

test('any text either parses or is a clear error, never a crash', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'avgsumcount(delay)*+-/<>= \'15.or and not;"') }), (text) => {
      try {
        parseExpression('f', text, columns)
      } catch (error) {
        expect(error).toBeInstanceOf(AppError)
      }
    }),
  )
})
