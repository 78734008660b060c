import type { TraceSpan } from '@trivium/contract'
import { expect, test } from 'vitest'
import { spanOrder } from './span-order.ts'

const span = (id: string, parent: string | null): TraceSpan => ({
  id,
  parent,
  name: id,
  type: 'UNKNOWN',
  status: 'OK',
  message: null,
  startUs: 0,
  endUs: 1,
  inputs: null,
  outputs: null,
  attributes: {},
  events: [],
})
const placed = (...spans: TraceSpan[]) => spanOrder(spans).map(({ span: { id }, depth }) => `${depth}${id}`)

test('each span stands before what it called, in the order in which they began', () => {
  expect(placed(span('a', null), span('b', 'a'), span('c', 'a'), span('d', 'b'))).toEqual(['0a', '1b', '2d', '1c'])
})

test('a span whose parent is not there stands at the top, and a circle ends', () => {
  expect(placed(span('a', 'gone'), span('b', 'a'))).toEqual(['0a', '1b'])
  expect(placed(span('a', 'b'), span('b', 'a'), span('c', 'c'))).toEqual(['0c', '0a', '1b'])
})
