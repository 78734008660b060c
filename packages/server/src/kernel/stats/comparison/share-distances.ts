import { type Numbers, requireSameLength } from '../types.ts'

function sumOver(p: Numbers, q: Numbers, term: (p: number, q: number) => number): number {
  requireSameLength(p, q, 'Shares to compare')
  let sum = 0
  for (let i = 0; i < p.length; i++) sum += term(p[i] as number, q[i] as number)
  return sum
}

const relative = (p: number, q: number): number => (p === 0 ? 0 : p * Math.log(p / q))

/** Population stability index Σ(p−q)·ln(p/q) of two vectors of shares. Infinite when only one of a pair is zero. */
export function populationStabilityIndex(p: Numbers, q: Numbers): number {
  return sumOver(p, q, (a, b) => (a === b ? 0 : (a - b) * Math.log(a / b)))
}

/** Kullback–Leibler divergence Σp·ln(p/q) in nats. */
export function kullbackLeibler(p: Numbers, q: Numbers): number {
  return sumOver(p, q, relative)
}

/** Jensen–Shannon divergence in nats, between 0 and ln 2. */
export function jensenShannonDivergence(p: Numbers, q: Numbers): number {
  const twice = sumOver(p, q, (a, b) => relative(a, (a + b) / 2) + relative(b, (a + b) / 2))
  return Math.max(0, twice / 2)
}

/** Jensen–Shannon distance: the square root of the divergence in nats. (In base 2 it is 1/√ln 2 times as large.) */
export function jensenShannonDistance(p: Numbers, q: Numbers): number {
  return Math.sqrt(jensenShannonDivergence(p, q))
}

/** Hellinger distance √(½·Σ(√p−√q)²), between 0 and 1. */
export function hellingerDistance(p: Numbers, q: Numbers): number {
  return Math.sqrt(sumOver(p, q, (a, b) => (Math.sqrt(a) - Math.sqrt(b)) ** 2) / 2)
}

/** Total variation ½·Σ|p−q|: the largest difference that any set of bins can show. */
export function totalVariation(p: Numbers, q: Numbers): number {
  return sumOver(p, q, (a, b) => Math.abs(a - b)) / 2
}

/** The largest difference of a single share, max|p−q|. */
export function largestShareDifference(p: Numbers, q: Numbers): number {
  requireSameLength(p, q, 'Shares to compare')
  let largest = 0
  for (let i = 0; i < p.length; i++) largest = Math.max(largest, Math.abs((p[i] as number) - (q[i] as number)))
  return largest
}
