import { FailedError } from '../fail.ts'

/** A field of a protobuf message: its number, and its bytes or number. */
export type Field =
  | { readonly number: number; readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'fixed32' | 'fixed64'; readonly bytes: Uint8Array }

/** The fields of a protobuf message, in order; throws for bytes that are none. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const at = { offset: 0 }
  while (at.offset < message.length) {
    const key = varint(message, at)
    const number = Number(key >> 3n)
    const wire = Number(key & 7n)
    if (wire === 0) yield { number, kind: 'varint', value: varint(message, at) }
    else if (wire === 2) yield { number, kind: 'bytes', bytes: take(message, at, Number(varint(message, at))) }
    else if (wire === 1) yield { number, kind: 'fixed64', bytes: take(message, at, 8) }
    else if (wire === 5) yield { number, kind: 'fixed32', bytes: take(message, at, 4) }
    else throw new FailedError('the record is no protobuf message')
  }
}

function varint(message: Uint8Array, at: { offset: number }): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = message[at.offset]
    if (byte === undefined) break
    at.offset += 1
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new FailedError('the record is no protobuf message')
}

function take(message: Uint8Array, at: { offset: number }, length: number): Uint8Array {
  const end = at.offset + length
  if (!Number.isSafeInteger(length) || end > message.length) throw new FailedError('the record is no protobuf message')
  const bytes = message.subarray(at.offset, end)
  at.offset = end
  return bytes
}

/** Text of a field. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
