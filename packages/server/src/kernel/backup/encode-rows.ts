import { createHash } from 'node:crypto'
import type { SqlValue } from '../db/database.ts'

/** What JSON has no word for. */
type Tagged = { readonly number: string } | { readonly bytes: string }

/** One value as a backup writes it, the same for both databases. */
export function encodeValue(value: SqlValue): string | number | null | Tagged {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'bigint') return { number: value.toString() }
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { number: String(Object.is(value, -0) ? '-0' : value) }
  return { bytes: Buffer.from(value).toString('base64') }
}

export function decodeValue(value: string | number | null | Tagged): SqlValue {
  if (value === null || typeof value !== 'object') return value
  if ('bytes' in value) return Buffer.from(value.bytes, 'base64')
  return /^-?\d{16,}$/.test(value.number) ? BigInt(value.number) : Number(value.number)
}

/**
 * A digest of rows that does not depend on their order, because two databases return them in different ones: the sum of the rows' SHA-256 modulo 2^256
 * (AdHash; Bellare and Micciancio 1997). Against accidents, not against somebody who makes rows up.
 */
export function createRowDigest(): { add(line: string): void; hex(): string } {
  const modulus = 1n << 256n
  let sum = 0n
  return {
    add: (line) => {
      sum = (sum + BigInt(`0x${createHash('sha256').update(line).digest('hex')}`)) % modulus
    },
    hex: () => sum.toString(16).padStart(64, '0'),
  }
}
