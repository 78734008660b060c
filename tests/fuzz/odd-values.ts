import type { Random } from './random.ts'

/** Texts that programs stumble over: ends of encodings, names of prototypes, words of query languages, paths, formats. */
export const oddTexts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfffy',
  '\ufeff',
  '\u202e',
  '🦓',
  'é',
  'ﷺ'.repeat(40),
  'Ⅷ',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  '.',
  '..',
  '../../../../etc/passwd',
  '..\\..\\x',
  '/etc/passwd',
  'C:\\x',
  '//host/share',
  'a/../../b',
  '%00',
  '%2e%2e%2f',
  "'",
  '"',
  "' or 1=1 --",
  '`x`',
  '$1',
  '${x}',
  '%s%n',
  '*',
  '\\',
  '\n',
  '\r\nx-odd: 1',
  '<script>alert(1)</script>',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '0',
  '1e400',
  '9223372036854775808',
  '99999999999999999999999999',
  '-1',
  '0x10',
  '1.5',
  'true',
  '[]',
  '{}',
  '{"a":1}',
  '@',
  'a@',
  '@1',
  'a@b@c',
  'a/b/c',
  'model/0',
  'model/-1',
  'late/99999999999999999999',
  'late@99999999999999999999',
  'trivium://',
  'trivium://default',
  'trivium://default/run/',
  'trivium://../x/y@z',
  'https://',
  'https://[::1',
  'http://169.254.169.254/',
  'file:///etc/passwd',
  '2001-02-30T99:99:99Z',
  '0d',
  '999999999999999999d',
  '1h',
  'prn_',
  '0'.repeat(64),
  'f'.repeat(64),
  'x'.repeat(300),
  'y'.repeat(5000),
]

const oddNumbers: readonly number[] = [
  0, -0, 1, -1, 0.1, 1.5, 255, 256, 65536, 2147483647, 2147483648, -2147483649, 4294967296, 9007199254740991,
  9007199254740992, -9007199254740993, 9223372036854775807, 1e19, 1e21, 1e100, 1.7976931348623157e308, -1e308, 5e-324,
  8640000000000000, 8640000000000001,
]

export function oddText(random: Random): string {
  if (random.chance(0.85)) return random.pick(oddTexts)
  const length = random.below(12)
  return String.fromCharCode(...Array.from({ length }, () => random.below(random.chance(0.5) ? 128 : 65536)))
}

export function oddNumber(random: Random): number {
  return random.chance(0.8) ? random.pick(oddNumbers) : (random.next() - 0.5) * 10 ** random.below(25)
}

/** Anything that JSON can hold, and not too much of it. */
export function oddValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 5 : 9)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return oddNumber(random)
  if (kind <= 4) return oddText(random)
  const size = random.below(4)
  if (kind <= 6) return Array.from({ length: size }, () => oddValue(random, depth + 1))
  if (kind === 7)
    return Object.fromEntries(Array.from({ length: size }, () => [oddText(random), oddValue(random, depth + 1)]))
  return nested(random.pick([20, 200, 3000]), random.chance(0.5))
}

function nested(depth: number, lists: boolean): unknown {
  let value: unknown = 1
  for (let n = 0; n < depth; n += 1) value = lists ? [value] : { a: value }
  return value
}
