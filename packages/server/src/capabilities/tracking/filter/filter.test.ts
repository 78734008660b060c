import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../kernel/errors/index.ts'
import { experimentTarget, runTarget } from './filter-target.ts'
import type { RunExpression } from './filter-tree.ts'
import { parseFilter } from './parse-filter.ts'
import { parseOrder, splitOrder } from './parse-order.ts'

const pieces = [
  'metrics',
  'metric.',
  'params.a',
  'tags.`x y`',
  '"q"',
  "'s'",
  '`b`',
  '=',
  '!=',
  '<',
  '>=',
  'LIKE',
  'ilike',
  'IN',
  'NOT',
  'and',
  'OR',
  '(',
  ')',
  ',',
  '1',
  '-2.5e3',
  '.',
  'is',
  'null',
  'attributes.start_time',
  'run_id',
  ';',
  '"',
  "'",
  '`',
  ' ',
  'max(',
  '+',
  '/',
  '=~',
  'RLIKE',
  'now()',
  '7d',
  '\u0000',
  '🙂',
]

describe('the filter grammar', () => {
  test('whatever is typed is parsed or refused with BAD_FILTER, never anything else', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((p) => p.join(' ')),
      fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((p) => p.join('')),
    )
    fc.assert(
      fc.property(text, (filter) => {
        expect(['fine', 'TRACKING.BAD_FILTER']).toContain(outcomeOf(() => parseFilter(filter, runTarget)))
      }),
      { numRuns: 3000 },
    )
  })

  test('every key and value that is quoted comes back as it was', () => {
    const key = fc.string({ minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        key,
        fc.string({ maxLength: 20 }),
        fc.constantFrom('=', '!=', 'LIKE', 'ILIKE'),
        (name, value, comparator) => {
          const filter = `params.\`${name.replaceAll('`', '``')}\` ${comparator} '${value.replaceAll("'", "''")}'`
          expect(parseFilter(filter, runTarget)).toEqual({
            op: 'compare',
            entity: 'param',
            key: name,
            statistic: 'last',
            comparator,
            value,
          })
        },
      ),
    )
  })

  test('AND binds before OR, NOT before both', () => {
    const shape = (e: RunExpression | undefined): unknown =>
      e === undefined || e.op === 'terms'
        ? undefined
        : e.op === 'compare'
          ? e.key
          : e.op === 'not'
            ? ['not', shape(e.part)]
            : [e.op, ...e.parts.map(shape)]
    expect(shape(parseFilter('metrics.a = 1 or metrics.b = 2 and not metrics.c = 3', runTarget))).toEqual([
      'or',
      'a',
      ['and', 'b', ['not', 'c']],
    ])
    expect(shape(parseFilter('(metrics.a = 1 OR metrics.b = 2) AND metrics.c=3', runTarget))).toEqual([
      'and',
      ['or', 'a', 'b'],
      'c',
    ])
  })

  test.each([
    ["metrics.acc = 'x'", "Expected numeric value type for metric. Found 'x'"],
    ['params.a = 5', "Expected a quoted string value for param (e.g. 'my-value'). Got value 5"],
    ['params.a = x', 'Expected a quoted string value for param'],
    ['user_id = 5', 'Expected a quoted string value for attributes'],
    ["start_time > '5'", 'Expected numeric value type for numeric attribute: start_time'],
    ['m.acc > 1', "Invalid entity type 'm'"],
    ["nothing = 'x'", "Invalid attribute key 'nothing'"],
    ["dataset.color = 'x'", "Invalid dataset key 'color'"],
    ['metrics.acc LIKE 5', "Invalid comparator 'LIKE'"],
    ["params.acc >= '5'", "Invalid comparator '>='"],
    ['metrics.acc', 'Invalid clause(s) in filter string'],
    ['metrics.acc = 1 metrics.b = 2', 'Invalid clause(s) in filter string'],
    ["'acc' = 1", 'Invalid clause(s) in filter string'],
    ['metrics.acc = 1; metrics.b = 2', 'Search filter contained multiple expression'],
    ['(metrics.acc = 1', '")" is expected'],
    [`${'('.repeat(30)}metrics.a = 1`, 'levels of parentheses'],
    ['metrics.a + params.b > 1', 'b is text'],
    ["params.a RLIKE '(?=x)'", 'look-around'],
    ['metrics.a RLIKE 5', "Invalid comparator 'RLIKE'"],
    ['metrics.a - metrics.b IN (1)', 'IN is of one metric'],
    ["start_time > '2026-13-01'", 'is no day'],
    ['start_time > now() - 7', 'a span such as 7d'],
    ['metrics.a > 1e999 + 1', 'too large'],
    [`${Array.from({ length: 60 }, () => 'metrics.a').join(' + ')} > 1`, 'more than 50 operations'],
    [`metrics.b > ${'('.repeat(30)}metrics.a${')'.repeat(30)}`, 'levels of parentheses'],
    [`metrics.a IN (${Array.from({ length: 1001 }, () => '1').join()})`, 'more than 1000 values'],
    [`params.a = '${'x'.repeat(20_000)}'`, 'longer than 20000'],
    [Array.from({ length: 101 }, () => 'metrics.a = 1').join(' and '), 'more than 100 comparisons'],
  ])('%s is refused in the words that clients know', (filter, message) => {
    expect(() => parseFilter(filter, runTarget)).toThrow(message)
  })

  test.each([
    ['metrics.`my key` >= -1.5e-3', { key: 'my key', value: -0.0015, comparator: '>=' }],
    ['metric."a/b" < .5', { key: 'a/b', value: 0.5 }],
    ['tags.mlflow.source.name = "x"', { entity: 'tag', key: 'mlflow.source.name', value: 'x' }],
    ["attributes.`run name` like 'a%'", { entity: 'attribute', key: 'run_name' }],
    ['Created > 5', { entity: 'attribute', key: 'start_time', value: 5 }],
    ['run_id NOT IN (\'a\', "b")', { comparator: 'NOT IN', value: ['a', 'b'] }],
    ['tag.x IS NOT NULL', { comparator: 'IS NOT NULL', value: null }],
    ['max(metrics.auc) <> 1', { statistic: 'max', comparator: '!=' }],
    ["datasets.context = 'train'", { entity: 'dataset', key: 'context' }],
  ])('%s is understood', (filter, expected) => {
    expect(parseFilter(filter, runTarget)).toMatchObject({ op: 'compare', ...expected })
  })

  test.each([
    ['metrics.my.key.max > 1', { key: 'my.key.max', otherwise: { key: 'my.key', statistic: 'max' } }],
    ['metrics.`loss.max` > 1', { key: 'loss.max', statistic: 'last' }],
    ['metrics.a in (1, -2)', { comparator: 'IN', value: [1, -2] }],
    ["created < '2026-11-01 12:30'", { value: Date.UTC(2026, 10, 1, 12, 30) }],
    ['end_time >= now() + 2w', { value: 1_209_600_005 }],
  ])('%s is understood of runs', (filter, expected) => {
    expect(parseFilter(filter, runTarget, () => 5)).toMatchObject({ op: 'compare', ...expected })
  })

  test('a product binds before a sum, brackets before both, and brackets of comparisons stay theirs', () => {
    const written = (t: unknown): string => {
      const term = t as { term: string; key?: string; value?: number; left?: unknown; right?: unknown }
      return term.left ? `(${written(term.left)}${term.term}${written(term.right)})` : `${term.key ?? term.value}`
    }
    const left = (filter: string) => written((parseFilter(filter, runTarget) as { left: unknown }).left)
    expect(left('metrics.a - metrics.b * 2 + 1 > 0')).toBe('((a-(b*2))+1)')
    expect(left('(metrics.a - 1) / (metrics.b -2) > 0')).toBe('((a-1)/(b-2))')
    expect(left('-metrics.a > -1')).toBe('(0-a)')
    expect(parseFilter('(metrics.a - 1 > 0) and (metrics.b > 1)', runTarget)).toMatchObject({ op: 'and' })
  })

  test('what is wrong says its place', () => {
    const placeOf = (filter: string): unknown => {
      try {
        parseFilter(filter, runTarget)
      } catch (error) {
        return (error as AppError).details?.['at']
      }
      return undefined
    }
    expect(placeOf('metrics.a > 1 and nothing = 2')).toEqual([18, 25])
    expect(placeOf("metrics.a > 'x'")).toEqual([12, 15])
    expect(placeOf('metrics.a >')).toEqual([11, 11])
    expect(placeOf("params.a = 'x")).toEqual([11, 13])
    expect(placeOf('metrics.a ? 2')).toEqual([10, 11])
  })

  test('experiments know their own attributes only', () => {
    expect(parseFilter("name ILIKE 'x%'", experimentTarget)).toMatchObject({ key: 'name' })
    expect(() => parseFilter('metrics.a = 1', experimentTarget)).toThrow("Invalid entity type 'metrics'")
  })
})

describe('orders', () => {
  test('whatever is typed is parsed or refused with BAD_ORDER', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ maxLength: 20 }),
            fc.constantFrom('metrics.a desc', 'params.b', 'start_time ASC', 'x y z'),
          ),
          { maxLength: 5 },
        ),
        (clauses) => {
          expect(['fine', 'TRACKING.BAD_ORDER']).toContain(outcomeOf(() => parseOrder(clauses, runTarget)))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('keys, directions and duplicates', () => {
    expect(parseOrder(['metrics.`a b` DESC', 'attributes.start_time'], runTarget)).toEqual([
      { entity: 'metric', key: 'a b', descending: true },
      { entity: 'attribute', key: 'start_time', descending: false },
    ])
    expect(() => parseOrder(['metrics.a', 'metric.a desc'], runTarget)).toThrow('duplicate fields')
    expect(splitOrder('metrics.`a,b` desc, start_time')).toEqual(['metrics.`a,b` desc', 'start_time'])
  })
})

/** `fine`, the code of an expected failure, or whatever else was thrown in words. */
function outcomeOf(work: () => unknown): string {
  try {
    work()
    return 'fine'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}
