import { expect, test } from 'vitest'
import { parseColumn, toOrder, writeKey } from './run-keys.ts'

test('a sort order of the URL becomes an order of the API', () => {
  expect(toOrder('-metrics.auc,start_time')).toBe('metrics.auc desc, start_time asc')
  expect(toOrder('')).toBeUndefined()
})

test('keys that are no plain words stand in backticks', () => {
  expect(toOrder('params.learning rate')).toBe('params.`learning rate` asc')
  expect(writeKey({ id: '', group: 'metrics', key: 'val/auc' })).toBe('metrics.`val/auc`')
})

test('the key of a column may hold dots, other ids are no columns', () => {
  expect(parseColumn('metrics.val.auc')?.key).toBe('val.auc')
  expect(parseColumn('start_time')).toBeUndefined()
})
