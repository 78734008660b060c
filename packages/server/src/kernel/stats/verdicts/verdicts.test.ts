import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { psiTest } from '../comparison/binned-tests.ts'
import { near } from '../fixtures/golden.ts'
import { createRandom } from '../bootstrap/random.ts'
import { minimumWindow, nullQuantile } from './drift-thresholds.ts'
import { driftVerdict } from './drift-verdict.ts'
import {
  advancePersistence,
  defaultPersistence,
  initialPersistence,
  type PersistencePolicy,
  type WindowVerdict,
} from './persistence.ts'
import { notWorseThan, verdictOf } from './verdict-of.ts'

/** Feeds one letter a window (c clear, b breach, s severe, ? unknown) and returns the actions as letters (o, h, r). */
function actionsOf(letters: string, policy: PersistencePolicy = defaultPersistence): string {
  const verdicts = { c: 'clear', b: 'breach', s: 'severe', '?': 'unknown' } as const
  let state = initialPersistence
  return Array.from(letters, (letter, i) => {
    const next = advancePersistence(state, { end: i * 10, verdict: verdicts[letter as keyof typeof verdicts] }, policy)
    state = next.state
    return next.action[0]
  }).join('')
}

describe('the verdict on a difference', () => {
  const judge = (low: number, high: number, direction: 'higher-is-better' | 'lower-is-better' = 'higher-is-better') =>
    verdictOf({ difference: (low + high) / 2, interval: { low, high, level: 0.95 }, margin: 0.01, direction })

  test('names the four situations', () => {
    expect(judge(0.001, 0.02)).toBe('better')
    expect(judge(-0.02, -0.001)).toBe('worse')
    expect(judge(-0.005, 0.02)).toBe('no clear change')
    expect(judge(-0.05, 0.02)).toBe('cannot judge yet')
  })

  test('a small loss that is certain but within the margin is no clear change', () => {
    expect(judge(-0.008, -0.001)).toBe('no clear change')
  })

  test('a loss metric is read the other way round', () => {
    expect(judge(-0.02, -0.001, 'lower-is-better')).toBe('better')
    expect(judge(0.001, 0.02, 'lower-is-better')).toBe('worse')
  })

  test('too few days or no interval is never a pass', () => {
    const interval = { low: 0.1, high: 0.2, level: 0.95 }
    const few = { difference: 0.15, interval, margin: 0, direction: 'higher-is-better', blocks: 4 } as const
    expect(verdictOf(few)).toBe('cannot judge yet')
    expect(notWorseThan(few)).toBe(false)
    expect(verdictOf({ ...few, minimumBlocks: 3 })).toBe('better')
    const none = { ...few, blocks: 40, interval: { low: Number.NaN, high: Number.NaN, level: 0.95 } }
    expect(verdictOf(none)).toBe('cannot judge yet')
    expect(() => verdictOf({ ...few, margin: -1 })).toThrow('zero or more')
  })

  test('what passes the gate is exactly what is better or shows no clear change', () => {
    const number = fc.double({ min: -1, max: 1, noNaN: true })
    fc.assert(
      fc.property(number, number, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (a, b, margin, higher) => {
        const interval = { low: Math.min(a, b), high: Math.max(a, b), level: 0.95 }
        const direction = higher ? 'higher-is-better' : 'lower-is-better'
        const input = { difference: (a + b) / 2, interval, margin, direction } as const
        expect(notWorseThan(input)).toBe(['better', 'no clear change'].includes(verdictOf(input)))
      }),
    )
  })
})

describe('thresholds that know the size of the sample', () => {
  test('noise alone exceeds its 95 % quantile in about one window of twenty', () => {
    const random = createRandom('thresholds')
    const draw = (rows: number) => {
      const counts = new Float64Array(10)
      for (let i = 0; i < rows; i++) {
        const bin = random.below(10)
        counts[bin] = (counts[bin] as number) + 1
      }
      return counts
    }
    const n = { reference: 5000, current: 400 }
    const limit = nullQuantile('population-stability-index', n, { bins: 10 })
    let above = 0
    for (let run = 0; run < 800; run++) {
      if (psiTest(draw(n.reference), draw(n.current)).effect > limit) above++
    }
    expect(above / 800).toBeGreaterThan(0.025)
    expect(above / 800).toBeLessThan(0.075)
  })

  test('the smallest window is where the null quantile falls below the floor', () => {
    const measures = [
      'kolmogorov-smirnov',
      'wasserstein',
      'population-stability-index',
      'jensen-shannon',
      'hellinger',
      'largest-share-difference',
    ] as const
    for (const measure of measures) {
      const floor = 0.1
      const rows = minimumWindow(measure, 20_000, { floor })
      expect(nullQuantile(measure, { reference: 20_000, current: rows })).toBeLessThanOrEqual(floor)
      expect(nullQuantile(measure, { reference: 20_000, current: rows - 1 })).toBeGreaterThan(floor)
    }
    expect(minimumWindow('kolmogorov-smirnov', 100)).toBe(Number.POSITIVE_INFINITY)
  })

  test('the Kolmogorov–Smirnov limit at 95 % is 1.358 over the root of the effective size', () => {
    expect(nullQuantile('kolmogorov-smirnov', { reference: 200, current: 200 })).toSatisfy(
      near(0.13580986393225505, 1e-9),
    )
  })
})

describe('the verdict on one feature in one window', () => {
  const base = { effect: 0.2, qValue: 0.001, floor: 0.1, rows: 1000, rowsNeeded: 200 }

  test('both significance and size are needed', () => {
    expect(driftVerdict(base)).toBe('breach')
    expect(driftVerdict({ ...base, effect: 0.05 })).toBe('clear')
    expect(driftVerdict({ ...base, qValue: 0.2 })).toBe('clear')
    expect(driftVerdict({ ...base, effect: 1 })).toBe('severe')
  })

  test('a window too small to judge is neither drifted nor clear', () => {
    expect(driftVerdict({ ...base, rows: 199 })).toBe('unknown')
    expect(driftVerdict({ ...base, effect: Number.NaN })).toBe('unknown')
  })
})

describe('persistence', () => {
  test('one breach alone opens nothing, two of three do', () => {
    expect(actionsOf('cbccbcc')).toBe('hhhhhhh')
    expect(actionsOf('ccbb')).toBe('hhho')
    expect(actionsOf('cbcb')).toBe('hhho')
    expect(actionsOf('bccb')).toBe('hhhh')
  })

  test('a severe window opens at once, unless the policy says otherwise', () => {
    expect(actionsOf('cs')).toBe('ho')
    expect(actionsOf('cs', { ...defaultPersistence, severeOpens: false })).toBe('hh')
  })

  test('an open alert resolves after two clear windows in a row and not before', () => {
    expect(actionsOf('bbcbcc')).toBe('hohhhr')
    expect(actionsOf('bbc?c')).toBe('hohhr')
  })

  test('after resolving, two new breaches are needed again', () => {
    expect(actionsOf('bbccbb')).toBe('hohrho')
    expect(actionsOf('bbcb', { ...defaultPersistence, clearNeeded: 1 })).toBe('horh')
  })

  test('windows that cannot be judged neither open nor resolve', () => {
    expect(actionsOf('b????b')).toBe('hhhhho')
    expect(actionsOf('b????b', { ...defaultPersistence, maxAge: 30 })).toBe('hhhhhh')
  })

  test('a corrected window replaces its earlier verdict', () => {
    const first = advancePersistence(initialPersistence, { end: 10, verdict: 'breach' })
    const corrected = advancePersistence(first.state, { end: 10, verdict: 'clear' })
    expect(advancePersistence(corrected.state, { end: 20, verdict: 'breach' }).action).toBe('hold')
  })

  test('correcting the window that opened an alert is not the first clear window after it', () => {
    let { state } = advancePersistence(initialPersistence, { end: 10, verdict: 'severe' })
    state = advancePersistence(state, { end: 10, verdict: 'clear' }).state
    expect(state.phase).toBe('open')
    expect(advancePersistence(state, { end: 20, verdict: 'clear' }).action).toBe('hold')
    expect(state.changedAt).toBe(10)
  })

  test('a late window counts by its event time', () => {
    const later = advancePersistence(initialPersistence, { end: 20, verdict: 'breach' })
    const late = advancePersistence(later.state, { end: 10, verdict: 'breach' })
    expect(late.action).toBe('open')
    expect(late.state.changedAt).toBe(20)
    const older = advancePersistence(late.state, { end: 15, verdict: 'clear' })
    expect(older).toMatchObject({ action: 'hold', state: { phase: 'open', changedAt: 20 } })
  })

  test('opening and resolving alternate, and memory stays bounded', () => {
    const window = fc.constantFrom<WindowVerdict['verdict']>('clear', 'breach', 'severe', 'unknown')
    fc.assert(
      fc.property(fc.array(window, { maxLength: 60 }), (verdicts) => {
        let state = initialPersistence
        let open = false
        verdicts.forEach((verdict, i) => {
          const next = advancePersistence(state, { end: i, verdict })
          state = JSON.parse(JSON.stringify(next.state)) as typeof state
          expect(next.action).not.toBe(open ? 'open' : 'resolve')
          if (next.action !== 'hold') open = next.action === 'open'
          expect(state.phase).toBe(open ? 'open' : 'quiet')
          expect(state.windows.filter((w) => w.verdict !== 'unknown').length).toBeLessThanOrEqual(3)
        })
      }),
    )
  })
})
