import { expect, test } from 'vitest'
import { formatSort, nextSort, parseSort } from './table-sort.ts'

test('a sort order survives the way into the URL and back', () => {
  expect(formatSort(parseSort('-metrics.auc,name'))).toBe('-metrics.auc,name')
  expect(parseSort(undefined)).toEqual([])
})

test('a click sorts down, then up, then not at all', () => {
  expect(nextSort(undefined, 'auc', false)).toBe('-auc')
  expect(nextSort('-auc', 'auc', false)).toBe('auc')
  expect(nextSort('auc', 'auc', false)).toBe('')
})

test('Shift keeps the first key', () => {
  expect(nextSort('-auc', 'age', true)).toBe('-auc,-age')
  expect(nextSort('-auc', 'age', false)).toBe('-age')
})
