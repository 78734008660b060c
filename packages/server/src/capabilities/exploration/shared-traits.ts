import type { Factor, SharedTrait } from '@trivium/contract'
import { benjaminiHochberg, fisherExact, kolmogorovSmirnovTest, quantileOfSorted } from '../../kernel/stats/index.ts'
import type { FactorColumn } from './factor-columns.ts'

const level = 0.05
const most = 10

/** What runs have in common that others have not; `best` says which rows they are. */
export function sharedTraits(factors: readonly FactorColumn[], best: readonly boolean[]): SharedTrait[] {
  const tested = factors.flatMap((factor) => {
    const { kind, key, column } = factor
    return column.type === 'number'
      ? numberTrait({ kind, key }, column.values, best)
      : categoryTraits({ kind, key }, column.values, best)
  })
  const corrected = benjaminiHochberg(tested.map((trait) => trait.p))
  const seen = new Set<string>()
  return tested
    .map((trait, at) => ({ ...trait, p: corrected[at] as number }))
    .filter((trait) => trait.p <= level)
    .toSorted((a, b) => a.p - b.p)
    .filter(({ kind, key }) => {
      const fresh = !seen.has(`${kind} ${key}`)
      seen.add(`${kind} ${key}`)
      return fresh
    })
    .slice(0, most)
}

function numberTrait(factor: Factor, values: readonly (number | null)[], best: readonly boolean[]): SharedTrait[] {
  const of = (wanted: boolean) => values.flatMap((value, at) => (best[at] === wanted && value !== null ? value : []))
  const [own, rest] = [of(true), of(false)]
  if (own.length < 2 || rest.length < 2) return []
  const { pValue } = kolmogorovSmirnovTest(rest, own)
  return [{ ...factor, best: rangeText(own), rest: rangeText(rest), shareOfBest: null, shareOfRest: null, p: pValue }]
}

function categoryTraits(factor: Factor, values: readonly (string | null)[], best: readonly boolean[]): SharedTrait[] {
  const counts = new Map<string | null, [number, number]>()
  for (const [at, value] of values.entries()) {
    const own = counts.get(value) ?? [0, 0]
    own[best[at] ? 0 : 1] += 1
    counts.set(value, own)
  }
  const inBest = best.filter(Boolean).length
  const inRest = best.length - inBest
  return [...counts].flatMap(([value, [a, b]]) => {
    const [shareOfBest, shareOfRest] = [a / inBest, b / inRest]
    if (shareOfBest <= shareOfRest) return []
    const text = value === null ? 'not set' : shortValue(factor.kind, value)
    return [
      {
        ...factor,
        best: text,
        rest: text,
        shareOfBest,
        shareOfRest,
        p: fisherExact(a, inBest - a, b, inRest - b),
      },
    ]
  })
}

/** Where the middle four fifths of numbers lie. */
function rangeText(values: readonly number[]): string {
  const sorted = Float64Array.from(values).sort()
  const [low, high] = [quantileOfSorted(sorted, 0.1), quantileOfSorted(sorted, 0.9)]
  return low === high ? numberText(low) : `${numberText(low)} to ${numberText(high)}`
}

/** A number with four significant digits at most. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** Digests are named by their beginning. */
export function shortValue(kind: Factor['kind'], value: string): string {
  return kind === 'param' ? value : value.slice(0, 12)
}
