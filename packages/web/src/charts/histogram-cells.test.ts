import { expect, test } from 'vitest'
import { cellPaths, histogramCells, levelOf, nearestOf, type StepHistogram } from './histogram-cells.ts'

const at = (step: number, edges: number[], counts: number[]): StepHistogram => ({
  step,
  edges,
  counts,
  count: counts.reduce((sum, one) => sum + one, 0),
  min: edges[0] ?? null,
  max: edges.at(-1) ?? null,
})

test('bins of different widths come into common rows, and nothing is lost', () => {
  const { shares, range, steps, borders, clipped } = histogramCells(
    [at(0, [0, 2, 4], [1, 3]), at(10, [1, 3], [8]), at(20, [0, 0.5, 4], [2, 0])],
    4,
  )
  expect([steps, borders, range, clipped]).toEqual([[0, 10, 20], [-5, 5, 15, 25], [0, 4], false])
  expect(shares.map((one) => [...one])).toEqual([
    [0.125, 0.125, 0.375, 0.375],
    [0, 0.5, 0.5, 0],
    [1, 0, 0, 0],
  ])
})

test('a step that exploded does not hide the others: what lies beyond is in the outermost row', () => {
  const steps = Array.from({ length: 40 }, (_, step) => at(step, [-1, 0, 1], [1, 1]))
  const { range, clipped, shares } = histogramCells([...steps, at(40, [-1e6, 0, 1e6], [3, 1])], 4)
  expect([range, clipped]).toEqual([[-1, 1], true])
  const exploded = [...(shares.at(-1) ?? [])]
  expect(exploded.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1)
})

test('one step, one value, no value: something is drawn of each', () => {
  const lone = histogramCells([at(7, [2, 2.5], [3])], 2)
  expect([lone.borders, lone.range]).toEqual([
    [6.5, 7.5],
    [2, 2.5],
  ])
  expect(histogramCells([{ ...at(0, [3.5, 4.5], [9]), min: 4, max: 4 }], 2).range).toEqual([3.6, 4.4])
  const empty = histogramCells([{ ...at(0, [0, 1], [0]), min: null, max: null }], 2)
  expect([empty.most, empty.range]).toEqual([0, [0, 1]])
  expect(histogramCells([]).steps).toEqual([])
  expect(histogramCells([at(1, [0, 1], [1]), at(1, [0, 2], [1])], 2).range).toEqual([0, 2])
})

test('cells of a level are one path, however many there are', () => {
  const points = Array.from({ length: 300 }, (_, step) =>
    at(
      step,
      Array.from({ length: 65 }, (_e, i) => i),
      Array.from({ length: 64 }, (_c, i) => (i * 7 + step) % 5),
    ),
  )
  const cells = histogramCells(points)
  const paths = cellPaths(cells, (step) => step, 100, 6)
  expect(paths).toHaveLength(6)
  expect(cellPaths({ ...histogramCells([at(0, [0, 1, 2], [1, 0])], 2) }, (x) => 10 * x, 100, 6)).toEqual([
    '',
    '',
    '',
    '',
    '',
    'M-5 100H5V50H-5z',
  ])
  expect([levelOf(0, 1, 6), levelOf(1e-6, 1, 6), levelOf(0.25, 1, 6), levelOf(1, 1, 6)]).toEqual([0, 1, 3, 6])
  expect([nearestOf([1, 5, 9], 6), nearestOf([1, 5, 9], 99)]).toEqual([1, 2])
})
