import { expect, test } from 'vitest'
import { edgePath } from './graph-edges.ts'

const at = (id: string, x: number, y: number) => ({ id, x, y })

test('neighbours on one row are joined by a straight line', () => {
  const [a, b] = [at('a', 0, 0), at('b', 180, 0)]
  expect(edgePath(a, b, [a, b]).path).toBe('M150 25H180')
})

test('an edge goes around a node that stands in its way', () => {
  const [a, middle, b] = [at('a', 0, 0), at('m', 180, 0), at('b', 360, 0)]
  const { path } = edgePath(a, b, [a, middle, b])
  expect(path).toContain('61') // below the node, which ends at 50
  expect(path).not.toBe('M150 25H360')
})

test('an edge within a column goes straight down or up', () => {
  const [a, b] = [at('a', 0, 0), at('b', 0, 80)]
  expect(edgePath(a, b, [a, b]).path).toBe('M75 50V80')
  expect(edgePath(b, a, [a, b]).path).toBe('M75 80V50')
})
