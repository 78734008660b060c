import { expect, test } from 'vitest'
import { layoutByColumn, layoutByRank, nodeHeight, nodeWidth } from './graph-layout.ts'

const edges = [
  { from: 'a', to: 'b' },
  { from: 'a', to: 'c' },
  { from: 'b', to: 'd' },
  { from: 'c', to: 'd' },
]
const nodes = ['a', 'b', 'c', 'd'].map((id) => ({ id }))

test('what depends stands right of what it depends on, and nothing overlaps', () => {
  const placed = new Map(layoutByRank(nodes, edges).map((node) => [node.id, node]))
  for (const { from, to } of edges)
    expect((placed.get(to)?.x ?? 0) - (placed.get(from)?.x ?? 0)).toBeGreaterThanOrEqual(nodeWidth)
  expect(Math.abs((placed.get('b')?.y ?? 0) - (placed.get('c')?.y ?? 0))).toBeGreaterThanOrEqual(nodeHeight)
})

test('an edge to something that is not drawn is left out', () => {
  expect(layoutByRank(nodes, [...edges, { from: 'd', to: 'gone' }])).toHaveLength(4)
})

test('columns keep their order and rows do not overlap', () => {
  const placed = layoutByColumn(
    [
      { id: 'a', column: 0 },
      { id: 'b', column: 1 },
      { id: 'c', column: 1 },
      { id: 'd', column: 3 },
    ],
    edges,
  )
  const at = new Map(placed.map((node) => [node.id, node]))
  expect(at.get('d')?.x).toBeGreaterThan(at.get('b')?.x ?? 0)
  expect(Math.abs((at.get('b')?.y ?? 0) - (at.get('c')?.y ?? 0))).toBeGreaterThanOrEqual(nodeHeight)
  expect(Math.min(...placed.map((node) => node.y))).toBeGreaterThanOrEqual(0)
})
