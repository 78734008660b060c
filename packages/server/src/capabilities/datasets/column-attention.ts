import type { ClassBalance, ColumnAttention } from '@trivium/contract'
import { isoTime } from '../../kernel/clock/index.ts'
import { chiSquaredTest, kolmogorovSmirnovQuantiles, sharesOf, totalVariation } from '../../kernel/stats/index.ts'
import { type ColumnProfile, type Profile, quantilePoints } from '../../kernel/tables/profile.ts'

type Finding = ColumnAttention['findings'][number]

/** Share of one value from which a column has low variance: 95 to 5 as in Kuhn and Johnson, Applied Predictive Modeling (2013), section 3.5. */
export const lowVarianceShare = 0.95
const missingShare = 0.05
const moreMissing = 0.02
/** Largest difference of two distributions that is not worth a look. */
const shiftFloor = 0.1
const rareClass = 0.05

/**
 * The columns that somebody should look at, most urgent first: empty, constant or nearly so, missing values, values that are no numbers, identifiers among the
 * features, rare classes, and what differs from the profile `before`. Made from profiles alone, so a table of thousands of columns costs milliseconds.
 */
export function columnAttention(
  profile: Profile,
  { before, balance }: { before?: Profile | undefined; balance?: ClassBalance | null | undefined } = {},
): ColumnAttention[] {
  const earlier = new Map(before?.columns.map((column) => [column.name, column]))
  return profile.columns
    .map((column) => {
      const findings = [
        ...ofColumn(column, profile.rows),
        ...(before ? againstBefore(column, earlier.get(column.name), profile, before) : []),
        ...(balance?.column === column.name ? ofBalance(balance) : []),
      ].toSorted((a, b) => b.weight - a.weight)
      const score = Number((1 - findings.reduce((left, { weight }) => left * (1 - weight), 1)).toFixed(4))
      return { column: column.name, score, findings }
    })
    .filter(({ findings }) => findings.length > 0)
    .toSorted((a, b) => b.score - a.score || (a.column < b.column ? -1 : 1))
}

function ofColumn(column: ColumnProfile, rows: number): Finding[] {
  if (rows === 0) return []
  if (column.count === 0) return [{ kind: 'empty', weight: 0.95, message: 'Has no value in any row.' }]
  const findings: Finding[] = []
  const missing = column.nulls / rows
  if (missing >= missingShare)
    findings.push({
      kind: 'missing',
      weight: clamp(missing),
      message: `${percent(missing)} of the rows have no value.`,
    })
  if (column.nonFinite > 0)
    findings.push({
      kind: 'not-finite',
      weight: clamp(0.3 + column.nonFinite / column.count),
      message: `${column.nonFinite.toLocaleString('en-GB')} values are infinite or no numbers.`,
    })
  const { share, value } = dominant(column)
  if (share === 1) findings.push({ kind: 'constant', weight: 0.8, message: `Every value is ${value}.` })
  else if (share >= lowVarianceShare)
    findings.push({
      kind: 'low-variance',
      weight: 0.5,
      message: `At least ${percent(share)} of the values are ${value}.`,
    })
  if (column.kind === 'categorical' && column.count >= 100 && (column.distinct ?? 0) >= 0.95 * column.count)
    findings.push({
      kind: 'identifier',
      weight: 0.2,
      message: `${(column.distinct ?? 0).toLocaleString('en-GB')} different values in ${column.count.toLocaleString('en-GB')} rows: an identifier, no feature.`,
    })
  return findings
}

/** The most frequent value and its share: exact for text; for numbers a lower bound, how far one value reaches in the list of quantiles. */
export function dominant(column: ColumnProfile): { share: number; value: string } {
  if (column.top) {
    const [most] = column.top
    return { share: most ? most.count / column.count : 0, value: most?.value || '(empty)' }
  }
  if (!column.quantiles || column.nonFinite > 0) return { share: 0, value: '' }
  let best = { share: 0, value: '' }
  let from = 0
  for (const [index, value] of column.quantiles.entries()) {
    if (value !== column.quantiles[from]) from = index
    const share = (quantilePoints[index] ?? 0) - (quantilePoints[from] ?? 0)
    if (share > best.share) best = { share, value: shown(column, value) }
  }
  return best
}

function againstBefore(
  column: ColumnProfile,
  earlier: ColumnProfile | undefined,
  profile: Profile,
  before: Profile,
): Finding[] {
  if (!earlier || earlier.kind !== column.kind)
    return [{ kind: 'new', weight: 0.3, message: earlier ? `Was ${earlier.type}, is ${column.type}.` : 'Is new.' }]
  const findings: Finding[] = []
  const grown = column.nulls / Math.max(1, profile.rows) - earlier.nulls / Math.max(1, before.rows)
  if (grown >= moreMissing)
    findings.push({
      kind: 'more-missing',
      weight: clamp(0.3 + grown),
      message: `Missing values rose from ${percent(earlier.nulls / Math.max(1, before.rows))} to ${percent(column.nulls / Math.max(1, profile.rows))}.`,
    })
  const { effect, pValue } = shift(column, earlier, profile, before)
  if (effect >= shiftFloor && pValue < 0.001)
    findings.push({
      kind: 'shifted',
      weight: clamp(effect),
      message: `${percent(effect)} of the distribution moved${moved(column, earlier)}.`,
    })
  return findings
}

/** Kolmogorov and Smirnov's distance from the stored quantiles, or the total variation of categories. Time goes on: dates are not compared. */
function shift(
  column: ColumnProfile,
  earlier: ColumnProfile,
  profile: Profile,
  before: Profile,
): { effect: number; pValue: number } {
  if (column.kind === 'numeric' && column.quantiles && earlier.quantiles)
    return kolmogorovSmirnovQuantiles(
      { probabilities: before.quantilePoints, values: earlier.quantiles, n: earlier.count },
      { probabilities: profile.quantilePoints, values: column.quantiles, n: column.count },
    )
  if (column.top && earlier.top && column.count > 0 && earlier.count > 0) {
    // What is not in both lists of frequent values counts as one category: the distance is never larger than the true one.
    const after = new Map(column.top.map(({ value, count }) => [value, count]))
    const shared = earlier.top.filter(({ value }) => after.has(value))
    const counts = (total: number, listed: number[]) => [...listed, total - listed.reduce((sum, n) => sum + n, 0)]
    const was = counts(
      earlier.count,
      shared.map(({ count }) => count),
    )
    const is = counts(
      column.count,
      shared.map(({ value }) => after.get(value) ?? 0),
    )
    return { effect: totalVariation(sharesOf(was), sharesOf(is)), pValue: chiSquaredTest(was, is).pValue }
  }
  return { effect: 0, pValue: 1 }
}

const moved = (column: ColumnProfile, earlier: ColumnProfile): string =>
  column.mean === null || earlier.mean === null ? '' : `: mean ${short(earlier.mean)} → ${short(column.mean)}`

function ofBalance({ classes, rows }: ClassBalance): Finding[] {
  const least = classes.at(-1)
  if (!least || classes.length < 2 || least.count / rows >= rareClass) return []
  return [
    {
      kind: 'imbalance',
      weight: clamp(0.4 + (rareClass - least.count / rows) * 4),
      message: `Class ${least.value} is rare: ${percent(least.count / rows)} of the labels.`,
    },
  ]
}

const clamp = (value: number): number => Math.min(0.95, Number(value.toFixed(4)))
const short = (value: number): string => String(Number(value.toPrecision(4)))
const shown = (column: ColumnProfile, value: number): string =>
  column.kind === 'temporal' ? isoTime(value) : short(value)
const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`
