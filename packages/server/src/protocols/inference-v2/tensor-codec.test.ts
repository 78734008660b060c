import { expect, test } from 'vitest'
import { binaryValues, jsonValues, toBinary, toJson } from './tensor-codec.ts'

test.each<[string, ArrayLike<number | bigint | string>]>([
  ['FP32', Float32Array.of(1.5, -2)],
  ['FP64', Float64Array.of(0.1, 1e300)],
  ['INT64', BigInt64Array.of(-5n, 9007199254740993n)],
  ['INT32', Int32Array.of(-7, 2147483647)],
  ['UINT8', Uint8Array.of(0, 255)],
  ['BYTES', ['', 'ÄÖ, "x"\n']],
])('%s survives the way through bytes, wherever they begin', (datatype, values) => {
  const bytes = toBinary(datatype, values)
  const shifted = Buffer.concat([Buffer.from([9]), bytes]).subarray(1)
  expect(Array.from(binaryValues('x', datatype, [2], shifted))).toEqual(Array.from(values))
})

test('truth values are one byte and true or false', () => {
  expect(binaryValues('x', 'BOOL', [3], Buffer.from([0, 1, 7]))).toEqual([false, true, true])
  expect(toJson('BOOL', Uint8Array.of(0, 1))).toEqual([false, true])
})

test('integers beyond 2^53 are written exactly', () => {
  expect(JSON.stringify(toJson('INT64', BigInt64Array.of(9007199254740993n, -1n)))).toBe('[9007199254740993,-1]')
})

test('nested lists are flattened, and a wrong number of values is named', () => {
  expect(
    jsonValues(
      'x',
      [2, 2],
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ).toEqual([1, 2, 3, 4])
  expect(() => jsonValues('x', [2, 2], [1, 2, 3])).toThrow(
    'Input "x" has shape [2, 2], which is 4 values, but 3 in "data".',
  )
  expect(() => binaryValues('x', 'FP32', [2], Buffer.alloc(7))).toThrow('8 bytes of FP32, but binary_data_size is 7')
  expect(() => binaryValues('x', 'BYTES', [2], Buffer.from([200, 0, 0, 0, 65]))).toThrow('must hold 2 texts')
})
