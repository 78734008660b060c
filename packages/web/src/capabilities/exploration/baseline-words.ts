import type { Baseline, PublishedSpread } from '@trivium/contract'
import { formatPlural } from '../../ui/format-number.ts'

const short = (value: number): string => String(Number(value.toPrecision(4)))

/** The uncertainty that was published: `sd 0.01, 5 repeats`. */
export function spreadWords(spread: PublishedSpread): string {
  if (spread.kind === 'none') return 'no spread published'
  const repeats = spread.repeats ? `, ${formatPlural(spread.repeats, 'repeat')}` : ''
  if (spread.kind === 'sd') return `sd ${short(spread.sd)}${repeats}`
  if (spread.kind === 'se') return `standard error ${short(spread.se)}${repeats}`
  const ends = `${short(spread.low)} to ${short(spread.high)}`
  if (spread.kind === 'range') return `${ends} in all${repeats}`
  return `${short((spread.level ?? 0.95) * 100)} % interval ${ends}${repeats}`
}

/** `flights@3`, or the name where the data is not here. */
export function datasetWords({ dataset }: Pick<Baseline, 'dataset'>): string {
  return dataset.version === null ? dataset.name : `${dataset.name}@${dataset.version}`
}

/** Where a baseline is read. */
export function baselineHref(project: string, id: string): string {
  return `/p/${encodeURIComponent(project)}/baselines/${encodeURIComponent(id)}`
}
