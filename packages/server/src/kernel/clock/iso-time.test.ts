import { expect, test } from 'vitest'
import { isoTime } from './index.ts'

test('a time beyond the calendar reads as the end of it, and breaks nothing', () => {
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z')
  for (const far of [8_640_000_000_000_001, Number.MAX_SAFE_INTEGER])
    expect([isoTime(far), isoTime(-far)]).toEqual(['+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z'])
})
