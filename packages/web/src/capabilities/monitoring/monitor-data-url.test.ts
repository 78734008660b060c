import { expect, test } from 'vitest'
import { monitorDataUrl } from './monitor-data-url.ts'

test('the address names the feature, and the window as a day', () => {
  expect(monitorDataUrl('p', 'delay', 'late share')).toBe('/p/p/monitors/delay?tab=data&feature=late+share')
  expect(monitorDataUrl('p', 'delay', 'x', Date.UTC(2001, 1, 12))).toBe(
    '/p/p/monitors/delay?tab=data&feature=x&window=2001-02-12',
  )
})
