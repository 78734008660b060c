import { expect, test } from 'vitest'
import {
  decimalsFor,
  formatBytes,
  formatCompact,
  formatCount,
  formatNumber,
  formatP,
  formatShare,
  formatSigned,
} from './format-number.ts'

test('numbers carry thousands, a real minus and no false digits', () => {
  expect(formatCount(118093)).toBe('118,093')
  expect(formatNumber(-0.0027, 4)).toBe('−0.0027')
  expect(formatNumber(0.67182)).toBe('0.6718')
  expect(formatNumber(3.1e-7)).toBe('3.1e-7')
  expect(formatNumber(12345.6)).toBe('12,346')
  expect(formatNumber(-0.00001, 3)).toBe('0.000')
  expect(formatNumber(Number.NaN)).toBe('NaN')
})

test('a difference always shows its sign, but nothing has none', () => {
  expect(formatSigned(0.0182, 4)).toBe('+0.0182')
  expect(formatSigned(-0.08, 2)).toBe('−0.08')
  expect(formatSigned(0.00001, 3)).toBe('0.000')
})

test('decimals follow the interval: two digits, or one from 5 on', () => {
  expect(decimalsFor(0.0041)).toBe(4)
  expect(decimalsFor(0.006)).toBe(3)
  expect(decimalsFor(0.0168)).toBe(3)
  expect(decimalsFor(0.013)).toBe(3)
  expect(decimalsFor(12)).toBe(0)
})

test('shares, p-values, bytes and axis numbers read as the guide says', () => {
  expect(formatShare(0.157)).toBe('15.7\u202f%')
  expect(formatP(0.0004)).toBe('< 0.001')
  expect(formatP(0.11)).toBe('0.110')
  expect(formatBytes(412_000)).toBe('412 kB')
  expect(formatBytes(1_900_000)).toBe('1.9 MB')
  expect(formatCompact(16_840)).toBe('16.8 k')
  expect(formatCompact(100_000)).toBe('100 k')
})
