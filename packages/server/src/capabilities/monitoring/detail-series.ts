import type { FeatureViolations, SliceQuality, WindowDetails } from '@trivium/contract'
import type { MonitorWindowTable } from './tables.ts'

/** What was looked at beside the rules; null for windows of earlier versions and without predictions. */
export const detailsOf = ({ details }: MonitorWindowTable): WindowDetails | null =>
  details === null ? null : (JSON.parse(details) as WindowDetails)

/** The metrics of each slice over windows (oldest first); the whole first, then slices by their predictions. */
export function sliceSeries(windows: readonly MonitorWindowTable[], by?: string) {
  const series = new Map<string, SliceSeries>()
  for (const row of windows) {
    for (const { by: column, value, ...measured } of detailsOf(row)?.quality ?? []) {
      if (by !== undefined && column !== null && column !== by) continue
      const key = JSON.stringify([column, value])
      const found = series.get(key) ?? { by: column, value, points: [] }
      found.points.push({ start: row.start_at, end: row.end_at, release: row.release, ...measured })
      series.set(key, found)
    }
  }
  const size = ({ points }: SliceSeries): number => points.reduce((sum, { predicted }) => sum + predicted, 0)
  return [...series.values()].toSorted(
    (a, b) => Number(a.by !== null) - Number(b.by !== null) || compare(a.by, b.by) || size(b) - size(a),
  )
}

interface SliceSeries {
  by: string | null
  value: string | null
  points: ({ start: number; end: number; release: string | null } & Omit<SliceQuality, 'by' | 'value'>)[]
}

const compare = (a: string | null, b: string | null): number => ((a ?? '') < (b ?? '') ? -1 : a === b ? 0 : 1)

/** Violations of each feature over windows (oldest first); features with most of them first. */
export function violationSeries(
  windows: readonly MonitorWindowTable[],
  shown: (details: WindowDetails | null) => WindowDetails | null,
) {
  const series = new Map<string, ViolationSeries>()
  for (const row of windows) {
    for (const { feature, allowed, ...counted } of shown(detailsOf(row))?.violations ?? []) {
      const found = series.get(feature) ?? { feature, allowed, total: 0, points: [] }
      found.points.push({ start: row.start_at, end: row.end_at, ...counted })
      series.set(feature, { ...found, allowed, total: found.total + counted.violations })
    }
  }
  return [...series.values()].toSorted((a, b) => b.total - a.total || compare(a.feature, b.feature))
}

interface ViolationSeries {
  feature: string
  allowed: string
  total: number
  points: ({ start: number; end: number } & Omit<FeatureViolations, 'feature' | 'allowed'>)[]
}
