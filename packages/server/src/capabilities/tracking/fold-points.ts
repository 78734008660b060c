import type { RunMetricTable } from './tables.ts'

/** A point of a metric as it is stored: NaN is 0 with a flag, infinities are the greatest finite numbers. */
export interface StoredPoint {
  readonly key: string
  readonly value: number
  readonly isNan: 0 | 1
  readonly step: number
  readonly timestamp: number
}

/** How a logged value is stored. */
export function storedValue(value: number): { value: number; isNan: 0 | 1 } {
  if (Number.isNaN(value)) return { value: 0, isNan: 1 }
  if (value === Number.POSITIVE_INFINITY) return { value: Number.MAX_VALUE, isNan: 0 }
  if (value === Number.NEGATIVE_INFINITY) return { value: -Number.MAX_VALUE, isNan: 0 }
  // -0 and 0 are one point.
  return { value: value === 0 ? 0 : value, isNan: 0 }
}

type Rollup = Pick<
  RunMetricTable,
  | 'last_value'
  | 'last_is_nan'
  | 'last_text'
  | 'last_step'
  | 'last_timestamp'
  | 'first_value'
  | 'first_is_nan'
  | 'first_step'
  | 'first_timestamp'
  | 'min_value'
  | 'max_value'
  | 'count'
  | 'nan_count'
>

/** The row of a metric after more points: latest and earliest by (step, timestamp, value), smallest, greatest, counts. */
export function foldPoints(before: Rollup | undefined, points: readonly StoredPoint[]): Rollup {
  let last: StoredPoint | undefined = before && {
    key: '',
    value: before.last_value,
    isNan: before.last_is_nan as 0 | 1,
    step: before.last_step,
    timestamp: before.last_timestamp,
  }
  let first: StoredPoint | undefined =
    before && before.first_step !== null
      ? {
          key: '',
          value: before.first_value ?? 0,
          isNan: before.first_is_nan as 0 | 1,
          step: before.first_step,
          timestamp: before.first_timestamp ?? 0,
        }
      : undefined
  let min = before?.min_value ?? null
  let max = before?.max_value ?? null
  let nans = before?.nan_count ?? 0
  for (const point of points) {
    if (last === undefined || isLater(point, last)) last = point
    if (first === undefined || isLater(first, point)) first = point
    if (point.isNan === 1) nans += 1
    else {
      if (min === null || point.value < min) min = point.value
      if (max === null || point.value > max) max = point.value
    }
  }
  if (last === undefined || first === undefined) throw new Error('A metric without points was folded.')
  return {
    last_value: last.value,
    last_is_nan: last.isNan,
    last_text: last.isNan === 1 ? '"NaN"' : JSON.stringify(last.value),
    last_step: last.step,
    last_timestamp: last.timestamp,
    first_value: first.value,
    first_is_nan: first.isNan,
    first_step: first.step,
    first_timestamp: first.timestamp,
    min_value: min,
    max_value: max,
    count: (before?.count ?? 0) + points.length,
    nan_count: nans,
  }
}

function isLater(a: StoredPoint, b: StoredPoint): boolean {
  if (a.step !== b.step) return a.step > b.step
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp
  return a.value > b.value
}
