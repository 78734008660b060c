import type { Numbers } from '../types.ts'

function ascending(pValues: Numbers): number[] {
  return Array.from(pValues, (_, i) => i).sort((a, b) => (pValues[a] as number) - (pValues[b] as number))
}

/**
 * Benjamini–Hochberg q-values in the order given: rejecting every q ≤ level keeps the expected share of false
 * rejections at or below level (for independent or positively dependent tests).
 */
export function benjaminiHochberg(pValues: Numbers): Float64Array {
  const order = ascending(pValues)
  const adjusted = new Float64Array(pValues.length)
  let smallest = 1
  for (let rank = order.length; rank >= 1; rank--) {
    const at = order[rank - 1] as number
    smallest = Math.min(smallest, ((pValues[at] as number) * order.length) / rank)
    adjusted[at] = smallest
  }
  return adjusted
}

/** Benjamini–Yekutieli q-values: valid under any dependence, stricter than Benjamini–Hochberg by 1 + ½ + … + 1/m. */
export function benjaminiYekutieli(pValues: Numbers): Float64Array {
  let harmonic = 0
  for (let i = 1; i <= pValues.length; i++) harmonic += 1 / i
  const order = ascending(pValues)
  const adjusted = new Float64Array(pValues.length)
  let smallest = 1
  for (let rank = order.length; rank >= 1; rank--) {
    const at = order[rank - 1] as number
    smallest = Math.min(smallest, ((pValues[at] as number) * order.length * harmonic) / rank)
    adjusted[at] = smallest
  }
  return adjusted
}

/** Holm's adjusted p-values in the order given: rejecting every one ≤ level keeps the chance of any false rejection at or below level. */
export function holm(pValues: Numbers): Float64Array {
  const order = ascending(pValues)
  const adjusted = new Float64Array(pValues.length)
  let largest = 0
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues[at] as number) * (order.length - rank)))
    adjusted[at] = largest
  })
  return adjusted
}
