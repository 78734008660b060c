import type { LineageNode } from '@trivium/contract'
import { expect, test } from 'vitest'
import { foldNodes } from './fold-nodes.ts'

const node = (kind: string, name: string, depth: number): LineageNode =>
  ({ urn: `trivium://p/${kind}/${name}`, kind, name, version: null, depth, at: 0, fact: '' }) as unknown as LineageNode
const many = (kind: string, count: number, depth: number) =>
  Array.from({ length: count }, (_, at) => node(kind, `${kind}-${at}`, depth))
const names = (nodes: readonly LineageNode[]) => nodes.map(({ name }) => name)

test('a few of a kind are drawn as they are, and a group never stands for one', () => {
  const nodes = [node('model', 'late', 0), ...many('window', 5, 1)]
  expect(foldNodes(nodes, []).nodes).toHaveLength(6)
  expect(names(foldNodes([...nodes, node('window', 'sixth', 1)], []).nodes)).toContain('2 more')
})

test('a full column keeps what is on the way and counts the rest', () => {
  const nodes = [node('model', 'late', 0), ...many('window', 6, 1), ...many('evaluation', 5, 1)]
  expect(names(foldNodes(nodes, []).nodes)).toEqual(['late', 'window-0', 'window-1', '4 more', '5 evaluations'])
})

test('edges of folded nodes end at their group, once, and an opened group is drawn whole', () => {
  const nodes = [node('model', 'late', 0), ...many('window', 7, 1)]
  const edges = nodes.slice(1).map(({ urn }) => ({ from: 'trivium://p/model/late', to: urn, rel: 'input', as: '' }))
  const folded = foldNodes(nodes, edges as never)
  expect(folded.edges.filter(({ to }) => to === 'group:window/1')).toHaveLength(1)
  expect(foldNodes(nodes, edges as never, new Set(['group:window/1'])).nodes).toHaveLength(8)
})
