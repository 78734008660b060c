import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../bootstrap/random.ts'
import { allNear, near, golden } from '../fixtures/golden.ts'
import { argsort } from './argsort.ts'
import { calibrationBins, expectedCalibrationError } from './calibration.ts'
import { accuracy, confusionOf, f1Of, precisionOf } from './confusion.ts'
import { type MetricName, metricDirections } from './metric-names.ts'
import { metricOf } from './metric-of.ts'
import { rSquared } from './regression.ts'
import { rocAuc } from './roc-auc.ts'

const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 20 })), { minLength: 2, maxLength: 60 })

describe('metrics of probabilities', () => {
  const { labels, scores, threshold, metrics, calibration } = golden.binary

  test.each(Object.keys(metrics) as MetricName[])('%s agrees with scikit-learn, ties included', (name) => {
    expect(metricOf(name, labels, scores, { threshold })).toSatisfy(near(metrics[name] as number))
    expect(metricDirections[name]).toBeDefined()
  })

  test.each(['equal-width', 'equal-mass'] as const)('the %s calibration curve agrees with scikit-learn', (strategy) => {
    const bins = calibrationBins(labels, scores, { bins: 8, strategy })
    expect(bins.map((bin) => bin.positiveRate)).toSatisfy(allNear(calibration[strategy].positiveRate))
    expect(bins.map((bin) => bin.meanScore)).toSatisfy(allNear(calibration[strategy].meanScore))
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(labels.length)
    expect(expectedCalibrationError(labels, scores, { bins: 8, strategy })).toSatisfy(near(calibration[strategy].error))
  })

  test('AUC equals the share of pairs won, and turning the scores round gives one minus it', () => {
    fc.assert(
      fc.property(rows, (sample) => {
        const y = sample.map(([label]) => label)
        const s = sample.map(([, score]) => score / 20)
        let wins = 0
        let pairs = 0
        for (const [a, left] of sample) {
          for (const [b, right] of sample) {
            if (a !== 1 || b !== 0) continue
            pairs++
            wins += left > right ? 1 : left === right ? 0.5 : 0
          }
        }
        const turned = s.map((score) => 1 - score)
        expect(rocAuc(y, s)).toSatisfy(near(wins / pairs, 1e-12))
        expect(rocAuc(y, turned)).toSatisfy(near((pairs - wins) / pairs, 1e-12))
      }),
    )
  })

  test('decisions without a positive give zero and not NaN', () => {
    const none = confusionOf([0, 0], [0.1, 0.2])
    expect(precisionOf(none)).toBe(0)
    expect(f1Of(none)).toBe(0)
  })

  test('a certain mistake costs 36 nats and not infinity', () => {
    expect(metricOf('log-loss', [1], [0])).toBeCloseTo(36.04, 2)
    expect(metricOf('log-loss', [0], [1])).toBeCloseTo(36.04, 2)
  })

  test('labels other than 0 and 1, odd scores and uneven columns are named in the error', () => {
    expect(() => rocAuc([0, 2], [0.1, 0.2])).toThrow('row 1 has 2')
    expect(() => rocAuc([0, 1], [0.1, Number.NaN])).toThrow('row 1 has NaN')
    expect(() => rocAuc([0, 1], [0.1])).toThrow('same length')
  })

  test('accuracy works for any number of classes', () => {
    expect(accuracy([0, 1, 2, 2], [0, 2, 2, 2])).toBe(0.75)
  })
})

describe('metrics of numbers', () => {
  const { actual, predicted, metrics } = golden.regression

  test.each(Object.keys(metrics) as MetricName[])('%s agrees with scikit-learn', (name) => {
    expect(metricOf(name, actual, predicted)).toSatisfy(near(metrics[name] as number))
  })

  test('R² of a constant column is not defined', () => {
    expect(rSquared([2, 2], [1, 3])).toBeNaN()
  })
})

describe('argsort', () => {
  test('orders like a stable sort, for few rows and for many', () => {
    const random = createRandom('argsort')
    for (const size of [0, 1, 100, 20_000]) {
      const values = Float64Array.from({ length: size }, () => Math.round(random.normal() * 300) / 100)
      const expected = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b)
      expect(Array.from(argsort(values))).toEqual(expected)
    }
  })

  test('takes negative zero for zero and keeps the order of tiny and huge numbers', () => {
    const some = [0, -0, 5e-324, -5e-324, 1e300, -1e300]
    const values = Array.from({ length: 6000 }, (_, i) => some[i % 6] as number)
    const sorted = Array.from(argsort(values), (row) => values[row]! + 0)
    expect(sorted).toEqual(values.map((value) => value + 0).sort((a, b) => a - b))
    expect(argsort([-0, 0, -0])).toEqual(Uint32Array.of(0, 1, 2))
  })
})
