import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../bootstrap/random.ts'
import { binColumn, type ForestColumn } from './bin-column.ts'
import { forestImportance } from './forest-importance.ts'
import { growTree, predict } from './grow-tree.ts'

interface Table {
  readonly x: number[][]
  readonly y: number[]
}
/** Made by `fixtures/make-forest.py` with scikit-learn. */
const golden = JSON.parse(readFileSync(new URL('../fixtures/forest.json', import.meta.url), 'utf8')) as {
  tree: Table & { predictions: number[] }
  forest: Table & { importance: number[]; explained: number }
}
const numbers = (values: readonly number[]): ForestColumn => ({ type: 'number', values })

describe('importance by forests', () => {
  test('one tree foretells what scikit-learn’s tree foretells', () => {
    const { x, y, predictions } = golden.tree
    const columns = x.map((values) => binColumn(numbers(values)))
    const tree = growTree(columns, Float64Array.from(y), Uint32Array.from(y.keys()), { leaf: 5 })
    const own = y.map((_, row) => predict(tree, (at) => columns[at]?.bins[row] ?? 0))
    expect(own.map((value, row) => Math.abs(value - (predictions[row] ?? 0))).filter((off) => off > 1e-9)).toEqual([])
  })

  test('the importance of each column lies near what scikit-learn’s forests measure, within the interval', () => {
    const { x, y, importance, explained } = golden.forest
    const found = forestImportance(x.map(numbers), y)
    for (const [at, expected] of importance.entries()) {
      const own = found.importance[at]
      // A tenth of the runs is left out by each forest, so that they see a little less.
      expect(Math.abs((own?.value ?? 0) - expected), `column ${at}`).toBeLessThan(0.06)
      expect(own?.low).toBeLessThan(expected)
      expect(own?.high).toBeGreaterThan(expected)
    }
    const rank = (values: readonly number[]) =>
      values.map((_, at) => at).toSorted((a, b) => (values[b] ?? 0) - (values[a] ?? 0))
    expect(rank(found.importance.map((one) => one.value)).slice(0, 3)).toEqual(rank(importance).slice(0, 3))
    expect(Math.abs(found.explained.value - explained)).toBeLessThan(0.05)
  })

  test('categories count without an order, missing values are values, and what says nothing has an interval around 0', () => {
    const random = createRandom(7)
    const kinds = Array.from({ length: 200 }, () => ['z', 'a', 'm', null][random.below(4)] ?? null)
    const idle = kinds.map(() => random.uniform())
    const level = new Map<string | null, number>([
      ['z', 3],
      ['a', 0],
      ['m', 2],
      [null, -4],
    ])
    const target = kinds.map((kind) => (level.get(kind) ?? 0) + random.normal() * 0.3)
    const columns: ForestColumn[] = [
      { type: 'category', values: kinds },
      { type: 'number', values: idle },
    ]
    const found = forestImportance(columns, target)
    expect(found.explained.value).toBeGreaterThan(0.9)
    expect(found.importance[0]?.low).toBeGreaterThan(0.5)
    expect(found.importance[1]?.low).toBeLessThan(0.01)
    expect(found.importance[1]?.value).toBeLessThan(0.02)
    expect(forestImportance(columns, target)).toEqual(found)
  })
})
