import { expect, test } from 'vitest'
import { newId } from './new-id.ts'

test('ids have their form, sort by when they were made, and never repeat', async () => {
  const ids: string[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    for (let i = 0; i < 1000; i += 1) ids.push(newId('x'))
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  for (const id of ids) expect(id).toMatch(/^x_[0-9a-hjkmnp-tv-z]{26}$/)
  expect(ids).toEqual([...new Set(ids)].toSorted())
})

test('an id holds the time at which it was made', () => {
  const before = Date.now()
  const digits = newId('x').slice(2, 12)
  const time = [...digits].reduce((sum, digit) => sum * 32 + '0123456789abcdefghjkmnpqrstvwxyz'.indexOf(digit), 0)
  expect(time).toBeGreaterThanOrEqual(before)
  expect(time).toBeLessThanOrEqual(Date.now())
})
