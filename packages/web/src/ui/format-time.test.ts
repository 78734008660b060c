import { expect, test } from 'vitest'
import { formatAge, formatDuration, formatExactTime, formatLogTime, formatRange, formatTime } from './format-time.ts'

const now = Date.UTC(2001, 4, 3, 9, 40)
const utc = { now, zone: 'UTC' }

test('a moment is as short as the reader needs it', () => {
  expect(formatTime(Date.UTC(2001, 4, 3, 9, 31), utc)).toBe('09:31')
  expect(formatTime(Date.UTC(2001, 3, 24, 14, 0), utc)).toBe('24 Apr 14:00')
  expect(formatTime(Date.UTC(2000, 3, 24, 14, 0), utc)).toBe('24 Apr 2000')
})

test('the zone decides which day it is', () => {
  expect(formatTime(Date.UTC(2001, 4, 2, 23, 30), { now, zone: 'Europe/Berlin' })).toBe('01:30')
  expect(formatExactTime(now, 'UTC')).toBe('Thu 3 May 2001 09:40:00 UTC')
})

test('a time that no calendar has reads as its end', () => {
  for (const far of [8.64e15 + 1, Number.MAX_SAFE_INTEGER]) {
    expect(formatTime(far, utc)).toBe('13 Sep 275760')
    expect(formatExactTime(far, 'Europe/Berlin')).toContain('275760')
    expect(formatRange(-far, far, utc)).toContain('275760')
    expect(formatLogTime(far, 'UTC')).toMatch(/^00:00:00/)
  }
})

test('durations have two units at most', () => {
  expect(formatDuration(0.29)).toBe('0.29 ms')
  expect(formatDuration(240)).toBe('240 ms')
  expect(formatDuration(6000)).toBe('6 s')
  expect(formatDuration(252_000)).toBe('4 min 12 s')
  expect(formatDuration(59_700)).toBe('1 min 00 s')
  expect(formatDuration(5 * 3_600_000 + 20 * 60_000)).toBe('5 h 20 min')
  expect(formatDuration(160 * 3_600_000)).toBe('6 d 16 h')
})

test('ages use one unit', () => {
  expect(formatAge(130_000)).toBe('2 min')
  expect(formatAge(3 * 86_400_000)).toBe('3 d')
})

test('ranges name what their ends share once', () => {
  expect(formatRange(Date.UTC(2001, 3, 23), Date.UTC(2001, 3, 29, 23, 59), utc)).toBe('23–29 Apr')
  expect(formatRange(Date.UTC(2001, 3, 30), Date.UTC(2001, 4, 1), utc)).toBe('30 Apr–1 May')
  expect(formatRange(Date.UTC(2001, 4, 3, 8), Date.UTC(2001, 4, 3, 9), utc)).toBe('08:00–09:00')
  expect(formatRange(Date.UTC(2001, 3, 23), Date.UTC(2001, 3, 24) - 1, utc)).toBe('23 Apr')
})

test('log lines carry milliseconds', () => {
  expect(formatLogTime(Date.UTC(2001, 3, 30, 2, 0, 44, 12), 'UTC')).toBe('02:00:44.012')
})
