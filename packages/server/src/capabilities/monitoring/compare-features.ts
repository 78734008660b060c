import type { FeatureDrift, WindowDrift } from '@trivium/contract'
import {
  benjaminiHochberg,
  chiSquaredTest,
  driftVerdict,
  kolmogorovSmirnovBinned,
  minimumWindow,
  psiTest,
  sharesOf,
  totalVariation,
} from '../../kernel/stats/index.ts'
import type { ColumnCounts } from '../../kernel/tables/profile.ts'
import type { DriftSettings } from './policies.ts'
import type { WatchedFeature } from './watched-features.ts'

interface Tested {
  readonly effect: number
  readonly pValue: number
  readonly bins: number
}

/**
 * Compares every feature of a window with the reference. Values are tested by their distribution and, where some are missing, by how many; the p-values of all
 * features are corrected together (Benjamini–Hochberg). A breach needs both: a q-value at the level, and an effect at the floor.
 */
export function compareFeatures(
  pairs: readonly { feature: WatchedFeature; current: ColumnCounts }[],
  settings: DriftSettings,
): FeatureDrift[] {
  const judged = pairs.map(({ feature, current }) => {
    const measure = feature.kind === 'numeric' ? settings.numericMeasure : settings.categoricalMeasure
    const floor = settings.minEffect[feature.kind]
    const rows = current.count - current.nonFinite
    const tested =
      feature.kind === 'numeric'
        ? testNumbers(feature.reference, current, measure)
        : testCategories(feature.reference, current, measure)
    const needed = tested
      ? Math.max(settings.minRows, rowsNeeded(measure, feature.reference, floor, tested.bins))
      : Number.NaN
    const all = current.count + current.nulls
    const reason =
      tested === undefined
        ? 'The reference has no values of this feature.'
        : needed === Number.POSITIVE_INFINITY
          ? `The reference has too few rows (${referenceRows(feature.reference).toLocaleString('en-GB')}) to tell an effect of ${floor} from chance.`
          : all < needed
            ? `${all.toLocaleString('en-GB')} rows; ${needed.toLocaleString('en-GB')} are needed to tell an effect of ${floor} from chance.`
            : null
    return { feature, current, measure, floor, rows, all, tested, needed, reason }
  })
  const family = judged.filter(({ reason }) => reason === null)
  const qValues = benjaminiHochberg(family.map(({ tested }) => tested?.pValue ?? 1))
  return judged.map((one) => {
    const { feature, current, measure, floor, rows, all, tested, needed, reason } = one
    const q = reason === null ? (qValues[family.indexOf(one)] ?? null) : null
    const verdict =
      reason !== null || !tested || q === null
        ? ('unknown' as const)
        : driftVerdict(
            { effect: tested.effect, qValue: q, floor, rows: all, rowsNeeded: needed },
            { falseDiscoveryRate: settings.q },
          )
    return {
      feature: feature.feature,
      column: feature.column,
      kind: feature.kind,
      measure,
      effect: tested ? finite(tested.effect) : null,
      pValue: tested ? finite(tested.pValue) : null,
      q,
      minEffect: floor,
      rows,
      nulls: current.nulls + current.nonFinite,
      verdict,
      reason,
      open: false,
      change: describeChange(feature, current),
    }
  })
}

/** The whole window's word: a breach where one feature has one, unknown where nothing could be judged. */
export function windowVerdict(features: readonly FeatureDrift[]): WindowDrift['verdict'] {
  const verdicts = features.map(({ verdict }) => verdict)
  if (verdicts.includes('severe')) return 'severe'
  if (verdicts.includes('breach')) return 'breach'
  return verdicts.includes('clear') ? 'clear' : 'unknown'
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
const missingOf = ({ nulls, nonFinite }: ColumnCounts): number => nulls + nonFinite
const referenceRows = (column: ColumnCounts): number => column.count + column.nulls

function testNumbers(reference: ColumnCounts, current: ColumnCounts, measure: string): Tested | undefined {
  const [before, after] = [binCounts(reference), binCounts(current)]
  if (!before || !after) return undefined
  const values =
    measure === 'kolmogorov-smirnov'
      ? kolmogorovSmirnovBinned(before, after)
      : psiTest(before, after, { ordered: true })
  const bins = before.length
  const share = (counts: ColumnCounts) => missingOf(counts) / Math.max(1, referenceRows(counts))
  if (missingOf(reference) === 0 && missingOf(current) === 0) return { ...values, bins }
  const missing = chiSquaredTest(
    [reference.count - reference.nonFinite, missingOf(reference)],
    [current.count - current.nonFinite, missingOf(current)],
  )
  // Two looks at one feature: the smaller p-value counts twice.
  const effects = [Number.isNaN(values.effect) ? 0 : values.effect, Math.abs(share(current) - share(reference))]
  return { effect: Math.max(...effects), pValue: Math.min(1, 2 * Math.min(values.pValue, missing.pValue)), bins }
}

function binCounts({ bins }: ColumnCounts): number[] | undefined {
  return bins ? [bins.under, ...bins.counts, bins.over] : undefined
}

function testCategories(reference: ColumnCounts, current: ColumnCounts, measure: string): Tested | undefined {
  const [before, after] = [categoryCounts(reference), categoryCounts(current)]
  if (!before || !after || referenceRows(reference) === 0) return undefined
  if (measure === 'population-stability-index')
    return { ...psiTest(before, after, { ordered: false }), bins: before.length }
  const { pValue } = chiSquaredTest(before, after)
  const empty = after.every((count) => count === 0)
  return { effect: empty ? Number.NaN : totalVariation(sharesOf(before), sharesOf(after)), pValue, bins: before.length }
}

function categoryCounts(column: ColumnCounts): number[] | undefined {
  return column.top ? [...column.top.map(({ count }) => count), column.other ?? 0, column.nulls] : undefined
}

/** Rows that a window needs before chance alone stays below the floor. Total variation is at most √2 times Hellinger's distance. */
function rowsNeeded(measure: string, reference: ColumnCounts, floor: number, bins: number): number {
  const size = referenceRows(reference)
  if (measure === 'total-variation') return minimumWindow('hellinger', size, { floor: floor / Math.SQRT2, bins })
  return minimumWindow(measure as 'kolmogorov-smirnov' | 'population-stability-index', size, { floor, bins })
}

function describeChange({ kind, reference }: WatchedFeature, current: ColumnCounts): string | null {
  if (kind === 'numeric')
    return reference.mean === null || current.mean === null
      ? null
      : `mean ${short(reference.mean)} → ${short(current.mean)}`
  const total = [referenceRows(reference), referenceRows(current)] as const
  if (total[0] === 0 || total[1] === 0) return null
  const names = [...(reference.top ?? []).map(({ value }) => value || '(empty)'), 'others', 'missing']
  const [before, after] = [categoryCounts(reference) ?? [], categoryCounts(current) ?? []]
  let most = { name: '', from: 0, to: 0 }
  for (const [index, name] of names.entries()) {
    const [from, to] = [(before[index] ?? 0) / total[0], (after[index] ?? 0) / total[1]]
    if (Math.abs(to - from) > Math.abs(most.to - most.from)) most = { name, from, to }
  }
  return most.name === '' ? null : `${most.name} ${percent(most.from)} → ${percent(most.to)}`
}

const short = (value: number): string => String(Number(value.toPrecision(3)))
const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`
