import { predictErrors } from '../../gateway/gateway-errors.ts'
import { show } from '../../gateway/check-value.ts'

/** Bytes of one value in the binary tensor extension; BYTES has a length before each value. */
const sizes: Record<string, number> = { FP32: 4, FP64: 8, INT64: 8, INT32: 4, UINT8: 1, BOOL: 1 }

const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1)

/** JSON data of a tensor, flat or nested, as a flat list of as many values as the shape says. */
export function jsonValues(name: string, shape: readonly number[], data: unknown): unknown[] {
  if (!Array.isArray(data))
    throw predictErrors.INVALID(`Input "${name}" must have "data" as a list; got ${show(data)}.`)
  const flat: unknown[] = data.some(Array.isArray) ? data.flat(Number.POSITIVE_INFINITY) : data
  if (flat.length !== product(shape))
    throw predictErrors.INVALID(
      `Input "${name}" has shape [${shape.join(', ')}], which is ${product(shape)} values, but ${flat.length} in "data".`,
    )
  return flat
}

/** Values of a tensor from raw little-endian bytes. */
export function binaryValues(
  name: string,
  datatype: string,
  shape: readonly number[],
  bytes: Buffer,
): ArrayLike<unknown> {
  const count = product(shape)
  if (datatype === 'BYTES') return textValues(name, count, bytes)
  const size = sizes[datatype] ?? 0
  if (bytes.length !== count * size)
    throw predictErrors.INVALID(
      `Input "${name}" has shape [${shape.join(', ')}], which is ${count * size} bytes of ${datatype}, but binary_data_size is ${bytes.length}.`,
    )
  // Tensors begin anywhere in a body; typed arrays want their own alignment.
  const own = new Uint8Array(bytes).buffer
  switch (datatype) {
    case 'FP32':
      return new Float32Array(own)
    case 'FP64':
      return new Float64Array(own)
    case 'INT64':
      return new BigInt64Array(own)
    case 'INT32':
      return new Int32Array(own)
    case 'BOOL':
      return Array.from(new Uint8Array(own), (value) => value !== 0)
    default:
      return new Uint8Array(own)
  }
}

function textValues(name: string, count: number, bytes: Buffer): string[] {
  const values: string[] = []
  let at = 0
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    if (at + 4 + length > bytes.length) break
    values.push(bytes.toString('utf8', at + 4, at + 4 + length))
    at += 4 + length
  }
  if (at !== bytes.length || values.length !== count)
    throw predictErrors.INVALID(
      `Input "${name}" must hold ${count} texts, each after its length in four bytes; ${values.length} can be read.`,
    )
  return values
}

/** Raw bytes of an output. */
export function toBinary(datatype: string, data: ArrayLike<number | bigint | string>): Buffer {
  if (datatype === 'BYTES') {
    return Buffer.concat(
      Array.from(data as ArrayLike<string>, (value) => {
        const text = Buffer.from(value)
        const length = Buffer.allocUnsafe(4)
        length.writeUInt32LE(text.length)
        return Buffer.concat([length, text])
      }),
    )
  }
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  const values = Array.from(data) as (number & bigint)[]
  const typed =
    datatype === 'FP32'
      ? Float32Array.from(values)
      : datatype === 'FP64'
        ? Float64Array.from(values)
        : datatype === 'INT64'
          ? BigInt64Array.from(values)
          : datatype === 'INT32'
            ? Int32Array.from(values)
            : Uint8Array.from(values)
  return Buffer.from(typed.buffer)
}

const raw = JSON as unknown as { rawJSON(text: string): unknown }

/** An output's values for JSON: 64-bit integers exactly, booleans as such. */
export function toJson(datatype: string, data: ArrayLike<number | bigint | string>): unknown[] {
  if (datatype === 'INT64')
    return Array.from(data, (value) =>
      Number.isSafeInteger(Number(value)) ? Number(value) : raw.rawJSON(String(value)),
    )
  if (datatype === 'BOOL') return Array.from(data, (value) => value !== 0)
  return Array.from(data)
}
