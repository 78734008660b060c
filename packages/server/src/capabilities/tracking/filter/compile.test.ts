import { describeEachDatabase } from '@trivium/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectRuns } from '../search-runs.ts'
import { runTarget } from './filter-target.ts'
import type { Comparison, Expression } from './parse-filter.ts'
import { parseOrder } from './parse-order.ts'

interface Fact {
  metrics: Record<string, number>
  params: Record<string, string>
}

const texts = ['a', 'A', 'ab', 'a_b', 'a%', '*', '[x]', '?', 'B', '', '\\', "it's"]
const likes = ['a', 'A', 'a%', '%b', '_', '%', '[%', '*', '?', 'a\\%', '']

describeEachDatabase('compiled filters', ({ world, dialect }) => {
  test('a filter finds in SQL what it says, for any tree of comparisons', async () => {
    const project = await world.makeProject()
    const { scope } = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const facts = new Map<string, Fact>()
    for (let i = 0; i < 14; i += 1) {
      const run = await tracking.createRun(scope, { experiment: '0', name: `r${i}`, user: '', startTime: i, tags: [] })
      const fact: Fact = {
        metrics: i % 5 === 0 ? {} : { m: i % 7 === 0 ? Number.NaN : (i % 4) - 1 },
        params: i % 6 === 5 ? {} : { p: texts[i % texts.length] as string },
      }
      facts.set(run.id, fact)
      await tracking.logBatch(scope, run.id, {
        tags: [],
        params: Object.entries(fact.params).map(([key, value]) => ({ key, value })),
        metrics: Object.entries(fact.metrics).map(([key, value]) => ({ key, value, step: 0, timestamp: 0 })),
      })
    }
    const numbers = fc
      .record({
        key: fc.constantFrom('m', 'none'),
        comparator: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
        value: fc.integer({ min: -2, max: 3 }),
      })
      .map((c): Expression => ({ op: 'compare', entity: 'metric', statistic: 'last', ...c }) as Comparison)
    const strings = fc
      .record({
        key: fc.constantFrom('p', 'none'),
        comparator: fc.constantFrom('=', '!=', 'LIKE', 'ILIKE'),
        value: fc.constantFrom(...texts, ...likes),
      })
      .map((c): Expression => ({ op: 'compare', entity: 'param', statistic: 'last', ...c }) as Comparison)
    const lists = fc
      .record({
        comparator: fc.constantFrom('IN', 'NOT IN'),
        value: fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 4 }),
      })
      .map((c): Expression => ({ op: 'compare', entity: 'param', key: 'p', statistic: 'last', ...c }) as Comparison)
    const nulls = fc
      .constantFrom('IS NULL', 'IS NOT NULL')
      .map(
        (comparator): Expression =>
          ({ op: 'compare', entity: 'param', key: 'p', statistic: 'last', comparator, value: null }) as Comparison,
      )
    const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        numbers,
        strings,
        lists,
        nulls,
        fc.record({
          op: fc.constantFrom('and', 'or'),
          parts: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
        }) as fc.Arbitrary<Expression>,
        fc.record({ op: fc.constant('not'), part: tie('tree') }) as fc.Arbitrary<Expression>,
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async (filter) => {
        const { rows } = await selectRuns(world.kernel.db.read, dialect, {
          project,
          experiments: undefined,
          view: 'active',
          filter,
          order: [],
          limit: 100,
          offset: 0,
        })
        const expected = [...facts].filter(([, fact]) => holdsFor(filter, fact)).map(([id]) => id)
        expect(rows.map((r) => r.id).toSorted()).toEqual(expected.toSorted())
      }),
      { numRuns: 150 },
    )
  })

  test('orders by values agree on both databases, missing last', async () => {
    const project = await world.makeProject()
    const { scope } = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const values = ['b', 'B', 'a', undefined, 'Z', '_']
    for (const [i, value] of values.entries()) {
      const run = await tracking.createRun(scope, { experiment: '0', name: `r${i}`, user: '', startTime: i, tags: [] })
      if (value !== undefined)
        await tracking.logBatch(scope, run.id, { tags: [], metrics: [], params: [{ key: 'p', value }] })
    }
    const names = async (order: string) =>
      (
        await selectRuns(world.kernel.db.read, dialect, {
          project,
          experiments: ['0'],
          view: 'active',
          filter: undefined,
          order: parseOrder([order], runTarget),
          limit: 100,
          offset: 0,
        })
      ).rows.map((r) => values[Number(r.name.slice(1))])
    expect(await names('params.p')).toEqual(['B', 'Z', '_', 'a', 'b', undefined])
    expect(await names('params.p desc')).toEqual(['b', 'a', '_', 'Z', 'B', undefined])
    expect(await names('start_time')).toEqual(values)
  })
})

/** What a filter means, said once more in plain words. */
function holdsFor(e: Expression, fact: Fact): boolean {
  if (e.op === 'not') return !holdsFor(e.part, fact)
  if (e.op !== 'compare')
    return e.op === 'and' ? e.parts.every((part) => holdsFor(part, fact)) : e.parts.some((part) => holdsFor(part, fact))
  if (e.entity === 'metric') {
    const value = fact.metrics[e.key]
    if (value === undefined) return false
    const to = e.value as number
    return {
      '=': value === to,
      '!=': value !== to,
      '<': value < to,
      '<=': value <= to,
      '>': value > to,
      '>=': value >= to,
    }[e.comparator as '=']
  }
  const value = fact.params[e.key]
  if (e.comparator === 'IS NULL') return value === undefined
  if (e.comparator === 'IS NOT NULL') return value !== undefined
  if (value === undefined) return false
  if (Array.isArray(e.value)) return (e.comparator === 'IN') === e.value.includes(value)
  const text = e.value as string
  if (e.comparator === '=' || e.comparator === '!=') return (value === text) === (e.comparator === '=')
  const pattern = Array.from(text)
    .map((c) => (c === '%' ? '[^]*' : c === '_' ? '[^]' : c.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')))
    .join('')
  return new RegExp(`^${pattern}$`, e.comparator === 'ILIKE' ? 'iu' : 'u').test(value)
}
