import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { near, golden } from '../fixtures/golden.ts'
import * as stats from '../index.ts'

type Named = (...args: number[]) => number

describe('special functions against SciPy', () => {
  const exact = [
    'logGamma',
    'incompleteGamma',
    'incompleteGammaComplement',
    'incompleteBeta',
    'normalCdf',
    'normalQuantile',
    'studentTSurvival',
    'studentTQuantile',
    'chiSquaredSurvival',
    'chiSquaredQuantile',
    'kolmogorovSurvival',
    'kolmogorovCriticalValue',
  ]
  test.each(exact)('%s agrees to ten digits', (name) => {
    const cases = golden.special[name] ?? []
    expect(cases.length).toBeGreaterThan(4)
    for (const { args, value } of cases)
      expect((stats as unknown as Record<string, Named>)[name]!(...args)).toSatisfy(near(value))
  })

  test('the Kolmogorov tail of a finite sample agrees to within 1e-5', () => {
    for (const { args, value } of golden.special.kolmogorovSurvivalOfSize ?? []) {
      const found = stats.kolmogorovSurvivalOfSize(args[0] as number, args[1] as number)
      expect(Math.abs(found - value)).toBeLessThan(1e-5)
      expect(found).toSatisfy(near(value, value < 0.01 ? 1e-3 : 1e-2))
    }
  })
})

describe('special functions as functions', () => {
  const probability = fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true })
  const freedom = fc.double({ min: 0.5, max: 5000, noNaN: true })

  test('quantiles invert their distribution functions', () => {
    fc.assert(
      fc.property(probability, freedom, (p, df) => {
        const tail = Math.min(p, 1 - p)
        expect(stats.normalCdf(stats.normalQuantile(tail))).toSatisfy(near(tail, 1e-9))
        expect(stats.studentTCdf(stats.studentTQuantile(tail, df), df)).toSatisfy(near(tail, 1e-9))
        expect(stats.chiSquaredSurvival(stats.chiSquaredQuantile(1 - tail, df), df)).toSatisfy(
          near(1 - (1 - tail), 1e-9),
        )
      }),
      { numRuns: 60 },
    )
  })

  test('both tails of a gamma and a beta sum to one', () => {
    fc.assert(
      fc.property(freedom, fc.double({ min: 0, max: 10_000, noNaN: true }), (a, x) => {
        expect(stats.incompleteGamma(a, x) + stats.incompleteGammaComplement(a, x)).toBeCloseTo(1, 12)
        const share = 1 - (1 - x / 10_000) // rounded so that its complement is exact
        expect(stats.incompleteBeta(share, a, 3) + stats.incompleteBeta(1 - share, 3, a)).toBeCloseTo(1, 9)
      }),
    )
  })

  test('arguments outside the domain give NaN, not a number that looks right', () => {
    expect(stats.logGamma(-1)).toBeNaN()
    expect(stats.incompleteGamma(0, 1)).toBeNaN()
    expect(stats.incompleteBeta(1.5, 1, 1)).toBeNaN()
    expect(stats.normalQuantile(1.01)).toBeNaN()
    expect(stats.studentTSurvival(1, 0)).toBeNaN()
  })
})
