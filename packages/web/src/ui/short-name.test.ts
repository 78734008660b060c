import { expect, test } from 'vitest'
import { shortName } from './short-name.ts'

test('ids are shortened to what tells them apart, names stay whole', () => {
  expect(shortName('rel_01m7z1n5d6p2a849gb3ma0225m')).toBe('rel_…0225m')
  expect(shortName('d5b152d08a0267819d082ccc4b3994d6')).toBe('d5b152d0')
  expect(shortName('arrival-delay-prod')).toBe('arrival-delay-prod')
  expect(shortName('arrival-delay:2001-03-26')).toBe('arrival-delay:2001-03-26')
})
