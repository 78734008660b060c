import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../bootstrap/random.ts'
import { allNear, near, golden } from '../fixtures/golden.ts'
import { histogramOf } from '../histogram/histogram.ts'
import { momentsOf, varianceOf } from '../histogram/moments.ts'
import { quantileEdges, quantileOfSorted } from '../histogram/quantile-edges.ts'
import { alignCategories } from './align-categories.ts'
import { hellingerTest, jensenShannonTest, psiTest } from './binned-tests.ts'
import { chiSquaredTest } from './chi-squared-test.ts'
import { cramersV } from './cramers-v.ts'
import { fisherExact } from './fisher-exact.ts'
import {
  kolmogorovSmirnovBinned,
  kolmogorovSmirnovLowerBound,
  kolmogorovSmirnovQuantiles,
  kolmogorovSmirnovTest,
} from './kolmogorov-smirnov.ts'
import { meanDifference } from './mean-difference.ts'
import { benjaminiHochberg, benjaminiYekutieli, holm } from './multiple-testing.ts'
import { poolSmallBins } from './pool-small-bins.ts'
import { newcombeInterval, proportionDifference } from './proportion-difference.ts'
import {
  hellingerDistance,
  jensenShannonDistance,
  kullbackLeibler,
  largestShareDifference,
  populationStabilityIndex,
  totalVariation,
} from './share-distances.ts'
import { sharesOf } from './shares-of.ts'
import { wassersteinDistance, wassersteinOfHistograms, wassersteinTest } from './wasserstein.ts'
import { wilsonInterval } from './wilson-interval.ts'

describe('two samples of numbers', () => {
  test('Kolmogorov–Smirnov gives the distance, the exact and the large-sample p-value of SciPy', () => {
    for (const { reference, current, d, exact, asymptotic } of golden.twoSamples) {
      const found = kolmogorovSmirnovTest(reference, current)
      expect(found.effect).toSatisfy(near(d, 1e-12))
      expect(found.pValue).toSatisfy(near(exact, 1e-9))
      const large = kolmogorovSmirnovTest(reference, current, { exactUpTo: 0 })
      expect(large.pValue).toSatisfy(near(asymptotic, asymptotic < 1e-6 ? 1e-9 : 1e-4))
    }
  })

  test('a shift by one of ten rows gives the published distance and p-value', () => {
    const a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    const b = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 30]
    const found = kolmogorovSmirnovTest(a, b)
    expect(found.effect).toSatisfy(near(0.25))
    expect(found.pValue).toSatisfy(near(0.7955589302, 1e-9))
    expect(wassersteinDistance(a, b)).toSatisfy(near(4.0833333333, 1e-10))
  })

  test('Wasserstein agrees with SciPy and scales by the spread of the reference', () => {
    for (const { reference, current, wasserstein } of golden.twoSamples) {
      expect(wassersteinDistance(reference, current)).toSatisfy(near(wasserstein, 1e-12))
    }
    const { reference, current } = golden.twoSamples[0]!
    const moments = momentsOf(reference)
    const sigma = Math.sqrt(moments.m2 / moments.n)
    const n = { reference: 101, current: 97 }
    expect(wassersteinTest(wassersteinDistance(reference, current), sigma, n).effect).toSatisfy(
      near(0.1148458763831, 1e-10),
    )
  })

  test('Welch gives the interval and p-value of SciPy', () => {
    for (const { reference, current, welch } of golden.twoSamples) {
      const found = meanDifference(momentsOf(reference), momentsOf(current))
      expect(found.pValue).toSatisfy(near(welch.p, 1e-9))
      expect(found.degreesOfFreedom).toSatisfy(near(welch.df))
      expect(found.interval.low).toSatisfy(near(welch.low))
      expect(found.interval.high).toSatisfy(near(welch.high))
    }
  })

  test('the distance is the same whichever sample comes first', () => {
    const sample = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const there = kolmogorovSmirnovTest(x, y)
        const back = kolmogorovSmirnovTest(y, x)
        expect(there.effect).toSatisfy(near(back.effect, 1e-12))
        expect(there.pValue).toSatisfy(near(back.pValue, 1e-9))
        expect(wassersteinDistance(x, y)).toSatisfy(near(wassersteinDistance(y, x), 1e-9))
      }),
    )
  })

  test('the lower bound on a distance shrinks as windows grow and never exceeds what was seen', () => {
    const small = kolmogorovSmirnovLowerBound(0.3, { reference: 1000, current: 100 })
    const large = kolmogorovSmirnovLowerBound(0.3, { reference: 100_000, current: 10_000 })
    expect(small).toBeLessThan(large)
    expect(large).toBeLessThan(0.3)
    expect(small).toSatisfy(near(0.3 - Math.sqrt(Math.log(80) / 2) * (1 / Math.sqrt(1000) + 0.1)))
  })

  test('an empty window has no p-value to alert on', () => {
    expect(kolmogorovSmirnovTest([1, 2], []).pValue).toBe(1)
    expect(psiTest([1, 2], [0, 0]).pValue).toBe(1)
    expect(chiSquaredTest([0, 0], [3, 4]).pValue).toBe(1)
  })
})

describe('summaries instead of values', () => {
  const random = createRandom('summaries')
  const reference = Float64Array.from({ length: 20_000 }, () => random.normal())
  const current = Float64Array.from({ length: 3000 }, () => 0.3 + 1.2 * random.normal())
  const edges = quantileEdges(reference, 64)
  const a = histogramOf(reference, edges)
  const b = histogramOf(current, edges)

  test('binned Kolmogorov–Smirnov comes within one bin of the raw distance and never above it', () => {
    const raw = kolmogorovSmirnovTest(reference, current).effect
    const binned = kolmogorovSmirnovBinned(a.counts, b.counts)
    expect(binned.effect).toBeLessThanOrEqual(raw)
    expect(binned.effect).toBeGreaterThan(raw - 1 / 64)
  })

  test('the rank error of a sketch is taken off before the p-value', () => {
    const plain = kolmogorovSmirnovBinned(a.counts, b.counts)
    const careful = kolmogorovSmirnovBinned(a.counts, b.counts, { rankError: 0.05 })
    expect(careful.statistic).toSatisfy(near(plain.statistic - 0.05))
    expect(careful.pValue).toBeGreaterThan(plain.pValue)
  })

  test('two lists of quantiles give nearly the distance of the values', () => {
    const probabilities = Float64Array.from({ length: 101 }, (_, i) => i / 100)
    const summary = (values: Float64Array) => {
      const sorted = values.toSorted()
      return { probabilities, values: probabilities.map((p) => quantileOfSorted(sorted, p)), n: values.length }
    }
    const found = kolmogorovSmirnovQuantiles(summary(reference), summary(current))
    expect(Math.abs(found.effect - kolmogorovSmirnovTest(reference, current).effect)).toBeLessThan(0.01)
    expect(found.n).toEqual({ reference: 20_000, current: 3000 })
  })

  test('the Wasserstein distance of histograms comes close to that of the values', () => {
    const raw = wassersteinDistance(reference, current)
    expect(Math.abs(wassersteinOfHistograms(a, b) / raw - 1)).toBeLessThan(0.05)
    expect(wassersteinOfHistograms(a, a)).toBe(0)
  })

  test('a histogram moved by a constant is at exactly that Wasserstein distance', () => {
    const left = { edges: [1, 2, 3], counts: [5, 10, 3, 2], missing: 0, range: { min: 0, max: 4 } }
    const right = { edges: [1, 2, 3], counts: [0, 5, 10, 5], missing: 0, range: { min: 1, max: 5 } }
    const shifted = { ...right, edges: [2, 3, 4], counts: [5, 10, 3, 2] }
    expect(wassersteinOfHistograms(left, shifted)).toSatisfy(near(1, 1e-12))
  })
})

describe('categories and bins', () => {
  test('chi-squared, Cramér’s V and Jensen–Shannon agree with SciPy', () => {
    for (const { table, chi2, p, df, cramer, jensenShannon, kl } of golden.tables.twoRows) {
      const found = chiSquaredTest(table[0], table[1], { minimumExpected: 0 })
      expect(found.statistic).toSatisfy(near(chi2))
      expect(found.pValue).toSatisfy(near(p))
      expect(found.degreesOfFreedom).toBe(df)
      expect(found.effect).toSatisfy(near(cramer))
      expect(cramersV(table)).toSatisfy(near(cramer))
      expect(jensenShannonDistance(sharesOf(table[0]), sharesOf(table[1]))).toSatisfy(near(jensenShannon))
      expect(kullbackLeibler(sharesOf(table[0]), sharesOf(table[1]))).toSatisfy(near(kl))
    }
    expect(cramersV(golden.tables.cramer.table)).toSatisfy(near(golden.tables.cramer.value))
  })

  test('distances of shares have their published values', () => {
    const p = [0.1, 0.2, 0.3, 0.4]
    const q = [0.25, 0.25, 0.25, 0.25]
    expect(populationStabilityIndex(p, q)).toSatisfy(near(0.2282174095734))
    expect(jensenShannonDistance(p, q)).toSatisfy(near(0.1669299657, 1e-9))
    expect(hellingerDistance(p, q)).toSatisfy(near(0.1678995964, 1e-9))
    expect(kullbackLeibler(p, q)).toSatisfy(near(0.1064401353, 1e-9))
    expect(totalVariation(p, q)).toSatisfy(near(0.2))
    expect(largestShareDifference(p, q)).toSatisfy(near(0.15))
  })

  test('Fisher’s exact test agrees with SciPy', () => {
    for (const { table, p } of golden.tables.fisher) {
      expect(fisherExact(table[0][0], table[0][1], table[1][0], table[1][1])).toSatisfy(near(p, 1e-9))
    }
  })

  test('pooling keeps all rows and leaves no bin with fewer than five expected, but for one of all rare categories', () => {
    const counts = fc.array(fc.tuple(fc.nat(200), fc.nat(30)), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(counts, fc.boolean(), (rows, ordered) => {
        const reference = rows.map(([n]) => n)
        const current = rows.map(([, m]) => m)
        const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0)
        const pooled = poolSmallBins(reference, current, { ordered })
        expect(total(pooled.reference)).toBe(total(reference))
        expect(total(pooled.current)).toBe(total(current))
        if (pooled.reference.length < 2) return
        const share = Math.min(total(reference), total(current)) / (total(reference) + total(current))
        const expected = Array.from(pooled.reference, (n, i) => (n + (pooled.current[i] as number)) * share)
        const few = expected.filter((count) => count < 5 - 1e-9)
        expect(few.length).toBeLessThanOrEqual(ordered ? 0 : 1)
        for (const count of few) expect(count).toBeGreaterThanOrEqual(1 - 1e-9)
      }),
    )
  })

  test('categories are lined up by name, and new ones count against the reference', () => {
    const reference = new Map([
      ['ATL', 500],
      ['ORD', 500],
    ])
    const current = new Map([
      ['ORD', 50],
      ['NEW', 50],
    ])
    const aligned = alignCategories(reference, current)
    expect(aligned.categories).toEqual(['ATL', 'ORD', 'NEW'])
    expect([...aligned.current]).toEqual([0, 50, 50])
    expect(chiSquaredTest(aligned.reference, aligned.current).pValue).toBeLessThan(1e-50)
  })

  test('a constant column cannot drift', () => {
    for (const compare of [psiTest, jensenShannonTest, hellingerTest, chiSquaredTest]) {
      const found = compare([1000], [300])
      expect(found.pValue).toBe(1)
      expect(found.effect).toBe(0)
    }
  })

  test('without drift each binned test rejects about one window in twenty at 5 %', () => {
    const random = createRandom('size')
    const draw = (rows: number, bins: number) => {
      const counts = new Float64Array(bins)
      for (let i = 0; i < rows; i++) {
        const bin = random.below(bins)
        counts[bin] = (counts[bin] as number) + 1
      }
      return counts
    }
    for (const [n, m, bins] of [
      [3000, 100, 10],
      [3000, 1000, 10],
      [2000, 2000, 20],
    ] as const) {
      const rejected = new Map<string, number>()
      const runs = 1200
      for (let run = 0; run < runs; run++) {
        const reference = draw(n, bins)
        const current = draw(m, bins)
        for (const compare of [psiTest, jensenShannonTest, hellingerTest, chiSquaredTest]) {
          const hit = compare(reference, current).pValue <= 0.05 ? 1 : 0
          rejected.set(compare.name, (rejected.get(compare.name) ?? 0) + hit)
        }
      }
      for (const [name, count] of rejected) {
        expect(count / runs, `${name} at ${n}, ${m}, ${bins}`).toBeGreaterThan(0.025)
        expect(count / runs, `${name} at ${n}, ${m}, ${bins}`).toBeLessThan(0.075)
      }
    }
  })

  test('without drift the Wasserstein test rejects no more than it says, whatever the shape', () => {
    const random = createRandom('wasserstein')
    const shapes = [() => random.normal(), () => random.uniform(), () => Math.exp(random.normal())]
    for (const shape of shapes) {
      let rejected = 0
      const runs = 400
      for (let run = 0; run < runs; run++) {
        const x = Float64Array.from({ length: 1000 }, shape)
        const y = Float64Array.from({ length: 200 }, shape)
        const spread = Math.sqrt(varianceOf(momentsOf(x)))
        const found = wassersteinTest(wassersteinDistance(x, y), spread, { reference: 1000, current: 200 })
        if (found.pValue <= 0.05) rejected++
      }
      expect(rejected / runs).toBeLessThan(0.08)
      expect(rejected / runs).toBeGreaterThan(0.01)
    }
  })
})

describe('proportions', () => {
  test('Wilson’s interval agrees with SciPy', () => {
    for (const { hits, n, level, low, high } of golden.wilson) {
      const found = wilsonInterval(hits, n, level)
      expect(found.low).toBeCloseTo(low, 12)
      expect(found.high).toBeCloseTo(high, 12)
    }
  })

  test('Newcombe’s interval has the published value of his example 56/70 against 48/80', () => {
    const found = newcombeInterval({ hits: 48, n: 80 }, { hits: 56, n: 70 })
    expect(found.low).toBeCloseTo(0.0524, 4)
    expect(found.high).toBeCloseTo(0.3339, 4)
  })

  test('the interval contains the difference and stays within −1 and 1', () => {
    const proportion = fc
      .tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([n, share]) => ({ hits: Math.round(n * share), n }))
    fc.assert(
      fc.property(proportion, proportion, (a, b) => {
        const { difference, interval, pValue } = proportionDifference(a, b)
        expect(interval.low).toBeLessThanOrEqual(difference + 1e-12)
        expect(interval.high).toBeGreaterThanOrEqual(difference - 1e-12)
        expect(interval.low).toBeGreaterThanOrEqual(-1 - 1e-12)
        expect(interval.high).toBeLessThanOrEqual(1 + 1e-12)
        expect(pValue).toBeGreaterThanOrEqual(0)
        expect(pValue).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('few hits are tested exactly and many by the pooled z-test', () => {
    const few = proportionDifference({ hits: 0, n: 500 }, { hits: 4, n: 94 })
    expect(few.pValue).toSatisfy(near(fisherExact(0, 500, 4, 90)))
    expect(proportionDifference({ hits: 30, n: 100 }, { hits: 45, n: 100 }).pValue).toSatisfy(near(0.0284597369, 1e-8))
  })
})

describe('many tests at once', () => {
  const { p, bh, by, holm: holmed } = golden.multipleTesting

  test('adjusted values agree with SciPy', () => {
    expect(benjaminiHochberg(p)).toSatisfy(allNear(bh))
    expect(benjaminiYekutieli(p)).toSatisfy(allNear(by))
    expect(holm(p)).toSatisfy(allNear(holmed))
  })

  test('Benjamini and Hochberg’s own example gives their q-values', () => {
    const published = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ]
    const q = [
      0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857, 0.063857, 0.0645, 0.0765, 0.486, 0.581182, 0.714875, 0.753231,
      0.813214, 1,
    ]
    expect(benjaminiHochberg(published)).toSatisfy(allNear(q, 1e-5))
  })

  test('a smaller p-value never gets a larger q, and q is never below p', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 })
    fc.assert(
      fc.property(values, (pValues) => {
        for (const adjust of [benjaminiHochberg, benjaminiYekutieli, holm]) {
          const adjusted = adjust(pValues)
          const order = pValues.map((_, i) => i).sort((a, b) => (pValues[a] as number) - (pValues[b] as number))
          order.forEach((at, i) => {
            expect(adjusted[at]).toBeGreaterThanOrEqual((pValues[at] as number) - 1e-15)
            expect(adjusted[at]).toBeLessThanOrEqual(1)
            const previous = i === 0 ? 0 : (adjusted[order[i - 1] as number] as number)
            expect(adjusted[at]).toBeGreaterThanOrEqual(previous)
          })
        }
      }),
    )
  })
})
