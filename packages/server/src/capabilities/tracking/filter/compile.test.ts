import { describeEachDatabase } from '@trivium/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sql } from 'kysely'
import { selectRuns } from '../search-runs.ts'
import { runDriver } from './run-driver.ts'
import { runTarget } from './filter-target.ts'
import type { Comparison, Expression } from './filter-tree.ts'
import { parseFilter } from './parse-filter.ts'
import { parseOrder } from './parse-order.ts'
import type { RunExpression, Term } from './filter-tree.ts'

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

  test('arithmetic has on both databases the value that it has by hand, or none', async () => {
    const project = await world.makeProject()
    const { scope } = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const numbers = [0, 1, -2.5, 1e308, -1e308, 1e-308, 5e-324, Number.POSITIVE_INFINITY, Number.NaN, 3]
    const facts = new Map<string, Record<string, number>>()
    for (let i = 0; i < 12; i += 1) {
      const run = await tracking.createRun(scope, { experiment: '0', name: `r${i}`, user: '', startTime: i, tags: [] })
      const fact: Record<string, number> = {}
      if (i % 6 !== 5) fact['a'] = numbers[i % numbers.length] as number
      if (i % 4 !== 3) fact['b'] = numbers[(i * 3 + 1) % numbers.length] as number
      facts.set(run.id, fact)
      const metrics = Object.entries(fact).map(([key, value]) => ({ key, value, step: 0, timestamp: 0 }))
      await tracking.logBatch(scope, run.id, { tags: [], params: [], metrics })
    }
    const leaf = fc.oneof(
      fc.constantFrom('a', 'b').map((key): Term => ({ term: 'metric', key, statistic: 'last' })),
      fc.constantFrom(0, 1, -2, 0.5, 1e300).map((value): Term => ({ term: 'number', value })),
    )
    const { term } = fc.letrec<{ term: Term }>((tie) => ({
      term: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.record({
          term: fc.constantFrom('+', '-', '*', '/'),
          left: tie('term'),
          right: tie('term'),
        }) as fc.Arbitrary<Term>,
      ),
    }))
    const filter = fc.record({
      op: fc.constant('terms' as const),
      left: term,
      comparator: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      right: term,
    })
    await fc.assert(
      fc.asyncProperty(filter, async (asked) => {
        const { rows } = await selectRuns(world.kernel.db.read, dialect, {
          project,
          experiments: ['0'],
          view: 'active',
          filter: asked as RunExpression,
          order: [],
          limit: 100,
          offset: 0,
        })
        const expected = [...facts].filter(([, fact]) => {
          const [left, right] = [valueOf(asked.left, fact), valueOf(asked.right, fact)]
          return left !== null && right !== null && compares(left, asked.comparator, right)
        })
        expect(rows.map((r) => r.id).toSorted()).toEqual(expected.map(([id]) => id).toSorted())
      }),
      { numRuns: 100 },
    )
  })

  test('several equal parameters and tags find the runs that have all of them, also long and listed ones', async () => {
    const project = await world.makeProject()
    const { scope } = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const long = 'ü'.repeat(64)
    const values = {
      a: ['x', `${long}1`, 'm'],
      b: ['x', `${long}2`, 'm'],
      c: ['y', `${long}1`, 'm'],
      d: ['x', long, 'n'],
    }
    for (const [name, [p, q, t]] of Object.entries(values)) {
      const run = await tracking.createRun(scope, { experiment: '0', name, user: '', startTime: 0, tags: [] })
      const params = Object.entries({ p, q }).map(([key, value]) => ({ key, value: value as string }))
      await tracking.logBatch(scope, run.id, { metrics: [], params, tags: [{ key: 't', value: t as string }] })
    }
    const found = async (filter: string) => {
      const query = { project, experiments: undefined, view: 'active' as const, limit: 10, offset: 0 }
      const parsed = { filter: parseFilter(filter, runTarget), order: parseOrder(['run_name'], runTarget) }
      const { rows } = await selectRuns(world.kernel.db.read, dialect, { ...query, ...parsed })
      return rows.map((row) => row.name).join('')
    }
    expect(await found("params.p = 'x' and tags.t = 'm'")).toBe('ab')
    expect(await found(`params.p = 'x' and params.q = '${long}1' and tags.t = 'm'`)).toBe('a')
    expect(await found(`params.q in ('${long}1', '${long}2') and params.p in ('x', 'z')`)).toBe('ab')
    expect(await found(`tags.t in ('m', 'n') and params.q = '${long}'`)).toBe('d')
    expect(await found("params.p = 'x' and params.p = 'y'")).toBe('')
    expect(await found("params.p = 'x' and tags.t = 'm' and params.q in ('x') and tags.u = 'm'")).toBe('')
    expect(await found(`params.q in ('${long}', '${long}2')`)).toBe('bd')
  })

  test.runIf(dialect === 'postgres')(
    'equal values are found in an index alone, long ones in that of how they begin',
    async () => {
      const plan = async (value: string) => {
        const driver = runDriver(dialect, 'p', parseFilter(`params.p = '${value}' and tags.t = 'm'`, runTarget))
        return world.kernel.db.write.transaction().execute(async (trx) => {
          for (const kind of ['seqscan', 'bitmapscan'])
            await sql`set local ${sql.raw(`enable_${kind}`)} = off`.execute(trx)
          const { rows } = await sql<Record<string, string>>`explain ${driver?.ids}`.execute(trx)
          return rows.map((row) => row['QUERY PLAN']).join('\n')
        })
      }
      const short = await plan('x'.repeat(64))
      expect(short).toContain('Index Only Scan using run_param_by_short_value')
      expect(short).toContain('Index Only Scan using run_tag_by_short_value')
      expect(await plan('x'.repeat(65))).toContain('Index Scan using run_param_by_long_value')
    },
  )

  test('first, last, smallest, greatest and best of a metric, lists, patterns, dates and orders by them', async () => {
    const project = await world.makeProject()
    const { scope } = await world.as('contributor', project)
    const { tracking } = world.capabilities
    const day = Date.parse('2026-11-01T00:00:00Z')
    const log = async (name: string, startTime: number | null, metrics: Record<string, number[]>, params = {}) => {
      const run = await tracking.createRun(scope, { experiment: '0', name, user: '', startTime, tags: [] })
      await tracking.logBatch(scope, run.id, {
        tags: [],
        params: Object.entries<string>(params).map(([key, value]) => ({ key, value })),
        metrics: Object.entries(metrics).flatMap(([key, values]) =>
          values.map((value, step) => ({ key, value, step, timestamp: step })).toReversed(),
        ),
      })
      return run.id
    }
    await log('a', day, { loss: [3, 1, 2], auc: [0.5, 0.7] }, { kind: 'forest-v2' })
    await log('b', day + 86_400_000, { loss: [2, 5, 4], auc: [0.9, 0.6] }, { kind: 'boost\nv1' })
    await log('c', day - 1, { loss: [Number.NaN, 1], odd: [1] })
    await log('d', null, { 'odd.min': [7], odd: [1, 2] })
    const now = () => day + 3 * 86_400_000
    const found = async (filter: string, order = 'run_name') => {
      const query = { project, experiments: ['0'], view: 'active' as const, limit: 10, offset: 0 }
      const parsed = { filter: parseFilter(filter, runTarget, now), order: parseOrder([order], runTarget) }
      const { rows } = await selectRuns(world.kernel.db.read, dialect, { ...query, ...parsed })
      return rows.map((row) => row.name).join('')
    }
    const cases: Record<string, string> = {
      'metrics.loss.min = 1': 'ac',
      'min(metrics.loss) < 2 and metrics.loss.max >= 3': 'a',
      'metrics.loss.first = 3': 'a',
      'first(metrics.loss) != 3': 'bc',
      'metrics.loss.last in (2, 4)': 'ab',
      'metrics.loss not in (2, 4)': 'c',
      'metrics.loss is null': 'd',
      'metrics.loss is not null': 'abc',
      'metrics.loss.best = 2': 'b',
      'metrics.auc.best > 0.8': 'b',
      'metrics.odd.min = 7': 'd',
      'min(metrics.odd) = 1': 'cd',
      'metrics.`odd.max` = 2': '',
      'metrics.odd.max = 2': 'd',
      'metrics.loss.max - metrics.loss.min > 2': 'b',
      '(metrics.loss.max - metrics.loss.min) * 2 = 4': 'a',
      'metrics.auc < metrics.loss': 'ab',
      '-metrics.auc + 1 > 0.35': 'b',
      'not metrics.loss / 0 = 1': 'abcd',
      "params.kind rlike '^forest-v[0-9]$'": 'a',
      "params.kind =~ 't.v1'": 'b',
      "params.kind in ('forest-v2')": 'a',
      "run_name in ('a', 'd')": 'ad',
      "start_time >= '2026-11-01'": 'ab',
      "start_time = '2026-11-01T01:00:00+01:00'": 'a',
      'start_time > now() - 50h': 'b',
      'start_time is null': 'd',
      "not start_time > '2026-11-01'": 'acd',
      "start_time in ('2026-11-01', 5)": 'a',
      'end_time is null and start_time - 1 < 0': '',
    }
    const answers: Record<string, string> = {}
    for (const filter of Object.keys(cases)) answers[filter] = await found(filter)
    expect(answers).toEqual(cases)
    expect(await found('', 'metrics.loss.first desc')).toBe('abcd')
    expect(await found('', 'metrics.loss.min')).toBe('acbd')
    expect(await found('', 'metrics.odd.max desc')).toBe('dcba')
    expect(await found('', 'metrics.loss - metrics.auc desc')).toBe('bacd')
    await expect(found('metrics.thing.best > 1')).rejects.toThrow('cannot be told from its name')
    // As a program before left them: the points say what came first.
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('run_metric').set({ first_step: null, first_value: null }).execute())
    expect([await found('metrics.loss.first = 3'), await found('', 'metrics.loss.first desc')]).toEqual(['a', 'abcd'])
    await log('e', day, { loss: [9] })
    expect(await found('metrics.loss.first >= 3')).toBe('ae')
  })
})

const farthest = 1.797_693_134_862e308
const nearest = 2.3e-308

/** What a term is of a run, by hand; null where it has no value. */
function valueOf(term: Term, fact: Record<string, number>): number | null {
  if (term.term === 'number') return term.value
  if (term.term === 'attribute') return null
  if (term.term === 'metric') {
    const value = fact[term.key]
    if (value === undefined || Number.isNaN(value)) return null
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value))
  }
  const [a, b] = [valueOf(term.left, fact), valueOf(term.right, fact)]
  if (a === null || b === null || Math.abs(a) > farthest || Math.abs(b) > farthest) return null
  const tiny = [a, b].map((one) => Math.abs(one) < nearest)
  if (term.term === '/' && tiny[1]) return null
  if ((term.term === '/' || term.term === '*') && (tiny[0] || tiny[1])) return 0
  const result = { '+': a + b, '-': a - b, '*': a * b, '/': a / b }[term.term]
  if (Math.abs(result) > farthest) return null
  return (term.term === '*' || term.term === '/') && Math.abs(result) < nearest ? 0 : result
}

function compares(left: number, comparator: string, right: number): boolean {
  if (comparator === '=') return left === right
  if (comparator === '!=') return left !== right
  if (comparator === '<') return left < right
  if (comparator === '<=') return left <= right
  return comparator === '>' ? left > right : left >= right
}

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
