import { binomialProbability } from '../special/binomial-probability.ts'

/**
 * Fisher's exact two-sided p-value of a 2×2 table [[a, b], [c, d]]: the probability of every table with the same
 * margins that is no more likely than this one. Takes as many steps as the smallest margin.
 */
export function fisherExact(a: number, b: number, c: number, d: number): number {
  const row = a + b
  const other = c + d
  const column = a + c
  const total = row + other
  if (total === 0) return 1
  const p = column / total
  const q = (b + d) / total
  const whole = binomialProbability(column, total, p, q)
  const probability = (x: number): number =>
    (binomialProbability(x, row, p, q) * binomialProbability(column - x, other, p, q)) / whole
  const limit = probability(a) * (1 + 1e-7)
  let sum = 0
  for (let x = Math.max(0, column - other); x <= Math.min(row, column); x++) {
    const each = probability(x)
    if (each <= limit) sum += each
  }
  return Math.min(1, sum)
}
