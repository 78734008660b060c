import { createRandom, type Random } from '../bootstrap/random.ts'
import { studentTQuantile } from '../special/student-t.ts'
import type { Interval } from '../types.ts'
import { type BinnedColumn, binColumn, type ForestColumn } from './bin-column.ts'
import { growTree, predict } from './grow-tree.ts'

const forests = 10
/** Trees of one forest: many for few rows, which vary most by chance, and fewer for many, which take long. */
const [fewestTrees, mostTrees, cellsAndTrees] = [40, 150, 80_000]
const leaf = 5
const level = 0.95

/** A figure of the forests with its 95 % interval. */
export interface Estimated extends Interval {
  readonly value: number
}

export interface ForestImportance {
  readonly forests: number
  /** In all forests together. */
  readonly trees: number
  /** Share of the target's variance that the forests foretell in rows that they were not grown from (out-of-bag R²). */
  readonly explained: Estimated
  /** One for each column. */
  readonly importance: readonly Estimated[]
}

/**
 * How much each column says of a number: permutation importance on out-of-bag rows of random forests (L. Breiman, "Random forests", Machine Learning 45,
 * 2001, 5–32) as a share of the target's variance: 0 says nothing; columns that say the same share it. Forests look at a third of the columns at each split.
 * The intervals are the delete-a-group jackknife's (P. S. Kott, "The delete-a-group jackknife", Journal of Official Statistics 17, 2001, 521–526): each of ten
 * forests leaves another tenth of the clusters out. What the chance of its own trees adds to that is taken off (S. Wager and others, "Confidence intervals for
 * random forests", Journal of Machine Learning Research 15, 2014, 1625–1651). Rows of one cluster are repeats of the same thing. The same rows give the same figures.
 */
export function forestImportance(
  columns: readonly ForestColumn[],
  target: readonly number[],
  clusters: readonly number[] = target.map((_, at) => at),
): ForestImportance {
  const binned = columns.map(binColumn)
  const wanted = Math.ceil(cellsAndTrees / Math.max(1, target.length * columns.length))
  const trees = Math.min(mostTrees, Math.max(fewestTrees, wanted))
  const numbers = Float64Array.from(target)
  const random = createRandom('forest importance')
  const groupOf = new Map(shuffled([...new Set(clusters)], random).map((cluster, at) => [cluster, at % forests]))
  const found = Array.from({ length: forests }, (_, group) => {
    const rows = Uint32Array.from(numbers.keys()).filter((row) => groupOf.get(clusters[row] as number) !== group)
    return growForest(binned, numbers, rows, { trees, random })
  })
  return {
    forests,
    trees: forests * trees,
    explained: jackknife(
      found.map((one) => one.explained),
      0,
    ),
    importance: columns.map((_, at) =>
      jackknife(
        found.map((one) => one.importance[at] as number),
        mean(found.map((one) => one.noise[at] as number)),
      ),
    ),
  }
}

/** One forest: its out-of-bag R², and the rise of the out-of-bag error by each column's shuffling, mean over trees, as a share of the variance, with the variance of that mean. */
function growForest(
  columns: readonly BinnedColumn[],
  target: Float64Array,
  rows: Uint32Array,
  { trees, random }: { trees: number; random: Random },
): { explained: number; importance: Float64Array; noise: Float64Array } {
  const variance = varianceOf(target, rows)
  const drawn = { columns: Math.max(1, Math.ceil(columns.length / 3)), random }
  const said = new Float64Array(target.length)
  const asked = new Uint32Array(target.length)
  const importance = new Float64Array(columns.length)
  const squares = new Float64Array(columns.length)
  for (let tree = 0; tree < trees; tree += 1) {
    const bag = Uint32Array.from(rows, () => rows[random.below(rows.length)] as number)
    const inBag = new Uint8Array(target.length)
    for (const row of bag) inBag[row] = 1
    const grown = growTree(columns, target, bag, { leaf, drawn })
    const outside = rows.filter((row) => inBag[row] === 0)
    if (outside.length === 0) continue
    const errorWith = (swapped: number, other: Uint32Array): number => {
      let error = 0
      for (const [i, row] of outside.entries()) {
        const value = predict(grown, (at) => {
          const from = at === swapped ? (other[i] as number) : row
          return (columns[at] as BinnedColumn).bins[from] as number
        })
        if (swapped < 0) {
          said[row] = (said[row] as number) + value
          asked[row] = (asked[row] as number) + 1
        }
        error += (value - (target[row] as number)) ** 2
      }
      return error / outside.length
    }
    const before = errorWith(-1, outside)
    for (const at of columns.keys()) {
      const rise = (errorWith(at, Uint32Array.from(shuffled([...outside], random))) - before) / variance
      importance[at] = (importance[at] as number) + rise / trees
      squares[at] = (squares[at] as number) + (rise * rise) / trees
    }
  }
  const judged = rows.filter((row) => asked[row] !== 0)
  let error = 0
  for (const row of judged) error += ((said[row] as number) / (asked[row] as number) - (target[row] as number)) ** 2
  const noise = squares.map((square, at) => Math.max(0, square - (importance[at] as number) ** 2) / (trees - 1))
  return { explained: 1 - error / judged.length / varianceOf(target, judged), importance, noise }
}

function varianceOf(target: Float64Array, rows: Uint32Array): number {
  let [sum, squares] = [0, 0]
  for (const row of rows) sum += target[row] as number
  const mean = sum / rows.length
  for (const row of rows) squares += ((target[row] as number) - mean) ** 2
  return squares / rows.length
}

/**
 * The mean of figures, each without another tenth, and its interval: (g − 1)/g times the sum of their squared deviations is its variance, of which (g − 1)²/g
 * times `noise` is the chance of each figure's own trees. What is left is never less than the chance of one forest: taking off
 * what was itself estimated may leave nothing, and no figure is that sure.
 */
function jackknife(figures: readonly number[], noise: number): Estimated {
  const g = figures.length
  const value = mean(figures)
  const spread = ((g - 1) / g) * figures.reduce((sum, one) => sum + (one - value) ** 2, 0)
  const variance = Math.max(noise, spread - ((g - 1) ** 2 / g) * noise)
  const half = studentTQuantile((1 + level) / 2, g - 1) * Math.sqrt(variance)
  return { value, level, low: value - half, high: value + half }
}

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length

function shuffled<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1)
    const kept = list[i] as T
    list[i] = list[j] as T
    list[j] = kept
  }
  return list
}
