import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { near, golden } from '../fixtures/golden.ts'
import { binaryMetrics, type MetricName, regressionMetrics } from '../metrics/metric-names.ts'
import { metricOf } from '../metrics/metric-of.ts'
import { blockedMetric } from './blocked-metric.ts'
import { blocksOf, dayBlocks } from './blocks.ts'
import { bootstrapDifference, bootstrapMetric, unpairedDifference } from './bootstrap.ts'
import { compareModels } from './compare-models.ts'
import { createRandom, randomFromState } from './random.ts'

/** A check that a named value is the expected one to ten decimals, or NaN where that is. */
function agreesWith(expected: number): (found: [string, number]) => boolean {
  return ([, value]) => Object.is(value, expected) || Math.abs(value - expected) <= 1e-10 * (1 + Math.abs(expected))
}

/** Rows of `days` days of which each has its own difficulty, with two models' probabilities. */
function flights(seed: string, days: number, rowsOfADay: number, noise: { candidate: number; champion: number }) {
  const random = createRandom(seed)
  const n = days * rowsOfADay
  const actual = new Uint8Array(n)
  const candidate = new Float64Array(n)
  const champion = new Float64Array(n)
  const times = new Float64Array(n)
  const logistic = (z: number) => 1 / (1 + Math.exp(-z))
  for (let day = 0, i = 0; day < days; day++) {
    const weather = 0.7 * random.normal()
    for (let row = 0; row < rowsOfADay; row++, i++) {
      const z = random.normal() - 1
      actual[i] = random.uniform() < logistic(z + weather) ? 1 : 0
      candidate[i] = logistic(z + noise.candidate * random.normal())
      champion[i] = logistic(z + noise.champion * random.normal())
      times[i] = Date.UTC(2001, 0, 1 + day) + row * 1000
    }
  }
  return { actual, candidate, champion, blocks: dayBlocks(times) }
}

describe('the generator', () => {
  test('gives the numbers of its definition, from a state and from a seed', () => {
    const plain = randomFromState([1, 2, 3, 4])
    expect(Array.from({ length: 8 }, () => plain.uint32())).toEqual(golden.random.state1234)
    const seeded = createRandom('flight-delays')
    expect(Array.from({ length: 8 }, () => seeded.uint32())).toEqual(golden.random.seeded)
  })

  test('whole numbers below n are even and normal numbers have their moments', () => {
    const random = createRandom(7)
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 60_000; i++) {
      const value = random.below(6)
      counts[value] = (counts[value] as number) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(450)
    const normal = Float64Array.from({ length: 100_000 }, () => random.normal())
    const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length
    const square = normal.reduce((sum, value) => sum + value * value, 0) / normal.length
    expect(Math.abs(mean)).toBeLessThan(0.015)
    expect(Math.abs(square - 1)).toBeLessThan(0.02)
  })
})

describe('blocks', () => {
  test('rows of one UTC day form a block, and midnight can be moved', () => {
    const times = [Date.UTC(2001, 0, 1, 23), Date.UTC(2001, 0, 2, 1), Date.UTC(2001, 0, 2, 23)]
    expect([...dayBlocks(times).ids]).toEqual([0, 1, 1])
    expect([...dayBlocks(times, { offset: -6 * 3_600_000 }).ids]).toEqual([0, 0, 1])
    expect([...blocksOf(['b', 'a', 'b']).ids]).toEqual([0, 1, 0])
  })
})

describe('metrics under resampled blocks', () => {
  const everyMetric = [...binaryMetrics, ...regressionMetrics] as MetricName[]
  const rows = fc.array(
    fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 4 })),
    { minLength: 8, maxLength: 60 },
  )

  test('each equals the metric of the rows repeated as often as their block was drawn', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }), (sample, drawn) => {
        const actual = sample.map(([label]) => label)
        const predicted = sample.map(([, score]) => 0.02 + score / 13)
        const blocks = blocksOf(sample.map(([, , block]) => block))
        const weights = Int32Array.from(drawn.slice(0, blocks.count))
        const repeated = sample.flatMap((_, i) => new Array<number>(weights[blocks.ids[i] as number]!).fill(i))
        for (const name of everyMetric) {
          if (name === 'expected-calibration-error') continue
          const metric = blockedMetric(name, { actual, predicted, blocks })
          const whole = metricOf(name, actual, predicted)
          const again = metricOf(
            name,
            repeated.map((i) => actual[i] as number),
            repeated.map((i) => predicted[i] as number),
          )
          expect([name, metric.estimate]).toSatisfy(agreesWith(whole))
          expect([name, metric.valueUnder(weights)]).toSatisfy(agreesWith(again))
        }
      }),
      { numRuns: 150 },
    )
  })

  test('AUC is the same by the table of block pairs and by a pass over the rows', () => {
    const { actual, candidate, blocks } = flights('forms', 8, 40, { candidate: 0.4, champion: 0.4 })
    const predicted = candidate.map((score) => Math.round(score * 50) / 50)
    const few = blockedMetric('roc-auc', { actual, predicted, blocks })
    const many = blockedMetric('roc-auc', { actual, predicted, blocks: blocksOf(Array.from(actual, (_, i) => i)) })
    const weights = Int32Array.from([3, 0, 1, 1, 2, 0, 1, 0])
    const byRow = Int32Array.from(blocks.ids, (block) => weights[block] as number)
    expect(few.valueUnder(weights)).toSatisfy(near(many.valueUnder(byRow), 1e-12))
    expect(few.estimate).toSatisfy(near(metricOf('roc-auc', actual, predicted), 1e-12))
  })

  test('calibration error keeps the bins of the whole sample', () => {
    const { actual, candidate, blocks } = flights('bins', 12, 50, { candidate: 0.4, champion: 0.4 })
    const metric = blockedMetric('expected-calibration-error', { actual, predicted: candidate, blocks })
    expect(metric.estimate).toSatisfy(near(metricOf('expected-calibration-error', actual, candidate)))
    const { interval } = bootstrapMetric(metric, { seed: 1, resamples: 300 })
    expect(interval.low).toBeGreaterThan(0)
    expect(interval.high).toBeLessThan(0.5)
  })
})

describe('intervals by blocks', () => {
  const { labels, scores } = golden.binary
  const { second, days, resamples, differences } = golden.bootstrap

  test.each(Object.keys(differences) as MetricName[])(
    'the paired interval of %s equals that of rows really repeated, computed by scikit-learn and NumPy',
    (name) => {
      const blocks = blocksOf(days)
      const candidate = blockedMetric(name, { actual: labels, predicted: second, blocks })
      const champion = blockedMetric(name, { actual: labels, predicted: scores, blocks })
      const found = bootstrapDifference({ candidate, champion }, { seed: 'golden', resamples, expanded: false })
      const expected = differences[name]!
      expect(found.estimate).toBeCloseTo(expected.estimate, 10)
      expect(found.interval.low).toBeCloseTo(expected.low, 10)
      expect(found.interval.high).toBeCloseTo(expected.high, 10)
    },
  )

  test('the same seed gives the same interval and another seed nearly the same', () => {
    const { actual, candidate, blocks } = flights('seed', 30, 50, { candidate: 0.4, champion: 0.4 })
    const metric = blockedMetric('log-loss', { actual, predicted: candidate, blocks })
    const first = bootstrapMetric(metric, { seed: 1 })
    expect(bootstrapMetric(metric, { seed: 1 })).toEqual(first)
    const other = bootstrapMetric(metric, { seed: 2 })
    expect(other.interval.low).not.toBe(first.interval.low)
    expect(Math.abs(other.interval.low - first.interval.low)).toBeLessThan(0.3 * first.standardError)
    expect(first.interval.low).toBeLessThan(first.estimate)
    expect(first.interval.high).toBeGreaterThan(first.estimate)
  })

  test('days that differ give a wider interval than rows taken as independent', () => {
    const { actual, candidate, blocks } = flights('wide', 30, 200, { candidate: 0.2, champion: 0.2 })
    const widthOf = (of: typeof blocks) => {
      const metric = blockedMetric('log-loss', { actual, predicted: candidate, blocks: of })
      return bootstrapMetric(metric, { seed: 3, resamples: 400 }).standardError
    }
    expect(widthOf(blocks)).toBeGreaterThan(2 * widthOf(blocksOf(Array.from(actual, (_, i) => i))))
  })

  test('an interval of 95 % from ten blocks covers the truth about 95 times in a hundred', () => {
    const random = createRandom('coverage')
    let covered = 0
    let coveredPlain = 0
    const runs = 500
    for (let run = 0; run < runs; run++) {
      const predicted: number[] = []
      const keys: number[] = []
      for (let block = 0; block < 10; block++) {
        const common = random.normal()
        for (let row = 0; row < 4; row++) {
          predicted.push(10 + common + 0.3 * random.normal())
          keys.push(block)
        }
      }
      const actual = predicted.map(() => 0)
      const metric = blockedMetric('mean-absolute-error', { actual, predicted, blocks: blocksOf(keys) })
      const wide = bootstrapMetric(metric, { seed: run, resamples: 500 }).interval
      const plain = bootstrapMetric(metric, { seed: run, resamples: 500, expanded: false }).interval
      if (wide.low <= 10 && wide.high >= 10) covered++
      if (plain.low <= 10 && plain.high >= 10) coveredPlain++
    }
    expect(covered / runs).toBeGreaterThan(0.91)
    expect(covered / runs).toBeLessThan(0.98)
    expect(covered).toBeGreaterThan(coveredPlain)
  })

  test('one block alone, or a metric that is often undefined, gives no interval', () => {
    const one = blockedMetric('log-loss', { actual: [0, 1], predicted: [0.2, 0.7], blocks: blocksOf(['a', 'a']) })
    expect(bootstrapMetric(one, { seed: 1 }).interval.low).toBeNaN()
    const rare = blockedMetric('roc-auc', {
      actual: [0, 0, 1, 0, 0],
      predicted: [0.1, 0.2, 0.7, 0.3, 0.4],
      blocks: blocksOf([1, 2, 3, 4, 5]),
    })
    expect(bootstrapMetric(rare, { seed: 1 }).interval.high).toBeNaN()
  })

  test('scores of different rows are not compared', () => {
    const blocks = blocksOf([1, 2])
    const candidate = blockedMetric('log-loss', { actual: [0, 1], predicted: [0.2, 0.7], blocks })
    const champion = blockedMetric('log-loss', { actual: [1], predicted: [0.7], blocks: blocksOf([1]) })
    expect(() => bootstrapDifference({ candidate, champion }, { seed: 1 })).toThrow('the same rows')
  })
})

describe('a window against another period', () => {
  const estimateOf = (seed: string, days: number, noise: number) => {
    const { actual, candidate, blocks } = flights(seed, days, 80, { candidate: noise, champion: 0 })
    return bootstrapMetric(blockedMetric('log-loss', { actual, predicted: candidate, blocks }), {
      seed,
      resamples: 500,
    })
  }

  test('the interval is wider than either side alone and contains the difference', () => {
    const reference = estimateOf('january', 31, 0.1)
    const current = estimateOf('february', 14, 0.1)
    const found = unpairedDifference(current, reference)
    expect(found.interval.low).toBeLessThan(found.estimate)
    expect(found.interval.high).toBeGreaterThan(found.estimate)
    const widthOf = ({ low, high }: { low: number; high: number }) => high - low
    expect(widthOf(found.interval)).toBeGreaterThan(widthOf(current.interval))
    expect(widthOf(found.interval)).toBeLessThan(widthOf(current.interval) + widthOf(reference.interval))
  })

  test('a model that lost its grip is seen', () => {
    const found = unpairedDifference(estimateOf('february', 14, 2.5), estimateOf('january', 31, 0.1))
    expect(found.interval.low).toBeGreaterThan(0)
  })
})

describe('candidate against champion', () => {
  test('a clearly better, a clearly worse and an equal candidate get their verdicts', () => {
    const judge = (candidateNoise: number, championNoise: number, days = 40) => {
      const input = flights('verdicts', days, 100, { candidate: candidateNoise, champion: championNoise })
      return compareModels({ metric: 'log-loss', margin: 0.01, ...input }, { seed: 5, resamples: 600 })
    }
    expect(judge(0.1, 0.9)).toMatchObject({ verdict: 'better', acceptable: true })
    expect(judge(0.9, 0.1)).toMatchObject({ verdict: 'worse', acceptable: false })
    expect(judge(0.2, 0.2)).toMatchObject({ verdict: 'no clear change', acceptable: true })
    expect(judge(0.2, 0.2, 3)).toMatchObject({ verdict: 'cannot judge yet', acceptable: false })
  })

  test('a thousand resamples of 100,000 rows take seconds at most', () => {
    const input = flights('speed', 100, 1000, { candidate: 0.3, champion: 0.4 })
    const started = performance.now()
    for (const metric of ['log-loss', 'roc-auc'] as const) {
      compareModels({ metric, margin: 0.01, ...input }, { seed: 1, resamples: 1000 })
    }
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
