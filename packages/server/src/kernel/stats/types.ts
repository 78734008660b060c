/** Numbers that the statistics read: a typed array is fastest, a plain array works. */
export type Numbers = ArrayLike<number>

/** The two ends of a confidence interval and its level, such as 0.95. */
export interface Interval {
  readonly low: number
  readonly high: number
  readonly level: number
}

/** How many observations stand behind each side of a comparison. */
export interface SampleSizes {
  readonly reference: number
  readonly current: number
}

/**
 * What a two-sample comparison found: `effect` is the distance itself, `statistic` what is tested, `pValue` the chance
 * of so much under no drift. `degreesOfFreedom` 0 with `pValue` 1 means that nothing could be tested (one bin only).
 */
export interface TwoSampleTest {
  readonly effect: number
  readonly statistic: number
  readonly pValue: number
  readonly n: SampleSizes
  readonly degreesOfFreedom?: number
}

/** The size of one sample whose noise equals that of comparing two: nm/(n+m). */
export function effectiveSize(n: SampleSizes): number {
  return (n.reference * n.current) / (n.reference + n.current)
}

/** Throws when two columns that belong together differ in length. */
export function requireSameLength(a: Numbers, b: Numbers, what: string): void {
  if (a.length !== b.length) {
    throw new RangeError(`${what} must have the same length, but have ${a.length} and ${b.length} values.`)
  }
}
