import { predictErrors } from './gateway-errors.ts'

/** A checked value: numbers may be NaN where a float input has no value. */
export type InputValue = number | bigint | string | boolean

const ranges: Record<string, readonly [number, number]> = {
  INT32: [-2147483648, 2147483647],
  UINT8: [0, 255],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
}

/** Checks one value against a type of the Open Inference Protocol. `where` is the field, and the row where there are several. */
export function checkValue(datatype: string, value: unknown, where: () => string): InputValue {
  switch (datatype) {
    case 'FP32':
    case 'FP64':
      if (typeof value === 'number') return value
      // JSON has no NaN; a missing number is null, and models that were trained to do without get NaN.
      if (value === null) return Number.NaN
      throw wrong(where, 'a number', value)
    case 'BYTES':
      if (typeof value === 'string') return value
      throw wrong(where, 'text', value)
    case 'BOOL':
      if (typeof value === 'boolean') return value
      throw wrong(where, 'true or false', value)
    default: {
      if (typeof value === 'bigint') return value
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(where, 'a whole number', value)
      const range = ranges[datatype]
      if (range && (value < range[0] || value > range[1]))
        throw wrong(where, `a whole number from ${range[0]} to ${range[1]}`, value)
      return value
    }
  }
}

const wrong = (where: () => string, wanted: string, value: unknown) =>
  predictErrors.INVALID(`${where()} must be ${wanted}; got ${show(value)}.`)

/** A value as an error message quotes it, cut to a readable length. */
export function show(value: unknown): string {
  const text =
    value === undefined
      ? 'nothing'
      : typeof value === 'number' && !Number.isFinite(value)
        ? String(value)
        : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
