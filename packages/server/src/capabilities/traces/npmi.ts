/**
 * Normalised pointwise mutual information of two properties: 1 where they always come together, 0 where they have nothing to do with each other, -1 where
 * they never meet. NaN where one of them never comes. `prior` is added to each of the four counts.
 */
export function npmi(
  { total, first, second, both }: { total: number; first: number; second: number; both: number },
  prior = 0,
): number {
  const only = [both, first - both, second - both, total - first - second + both]
  if (total <= 0 || first === 0 || second === 0 || only.some((n) => n < 0)) return Number.NaN
  if (both === total) return 1
  if (both === 0 && prior === 0) return -1
  const n = total + 4 * prior
  const joint = (both + prior) / n
  const a = (first + 2 * prior) / n
  const b = (second + 2 * prior) / n
  return Math.max(-1, Math.min(1, Math.log(joint / (a * b)) / -Math.log(joint)))
}
