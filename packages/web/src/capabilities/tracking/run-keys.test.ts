import type { RunRow } from '@trivium/contract'
import { expect, test } from 'vitest'
import { parseColumn, toOrder, usualAxes, usualCurve, writeEquals, writeKey } from './run-keys.ts'

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

const run = (name: string, params: Record<string, string>, metrics: Record<string, number> = {}) =>
  ({ id: name, name, params, metrics, tags: {} }) as unknown as RunRow

test('a scatter begins with a numeric parameter that differs, against the metric that the table is sorted by', () => {
  const runs = [run('a', { kind: 'x', depth: '3', same: '1' }), run('b', { kind: 'y', depth: '9', same: '1' })]
  const params = ['params.same', 'params.kind', 'params.depth']
  const metrics = ['metrics.auc', 'metrics.loss']
  expect(usualAxes(runs, metrics, params, 'metrics.loss')).toEqual({ x: 'params.depth', y: 'metrics.loss' })
  expect(usualAxes(runs, metrics, ['params.kind'], 'start_time')).toEqual({ x: 'params.kind', y: 'metrics.auc' })
  expect(usualAxes(runs, metrics, ['params.same'], 'start_time')).toEqual({ x: 'metrics.loss', y: 'metrics.auc' })
  expect(usualAxes(runs, [], params, '')).toEqual({ x: 'params.depth', y: undefined })
})

test('the small curve is that of a loss, else of the sorted or the first metric', () => {
  expect(usualCurve(['metrics.auc', 'metrics.val_loss'], 'metrics.auc')).toBe('val_loss')
  expect(usualCurve(['metrics.glossary', 'metrics.auc'], 'metrics.auc')).toBe('auc')
  expect(usualCurve(['metrics.auc'], 'start_time')).toBe('auc')
  expect(usualCurve([], 'start_time')).toBeUndefined()
})

test('a group is found again by a filter on its value, or on having none', () => {
  const depth = { id: 'params.max depth', group: 'params' as const, key: 'max depth' }
  expect(writeEquals(depth, '3')).toBe("params.`max depth` = '3'")
  expect(writeEquals(depth, "o'clock")).toBe('params.`max depth` = "o\'clock"')
  expect(writeEquals(depth, null)).toBe('params.`max depth` is null')
})
