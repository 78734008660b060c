import type { ValueForm, ValueKind } from '../ui/value.tsx'

/** One of the eight series colours, or the neutral of baselines and references. */
export type SeriesColor = 's1' | 's2' | 's3' | 's4' | 's5' | 's6' | 's7' | 's8' | 'base'

/** A point of a series; `y` null is a gap. */
export interface ChartPoint {
  readonly x: number
  readonly y: number | null
  /** 95 % interval unless the chart says otherwise. */
  readonly low?: number | null
  readonly high?: number | null
  /** Drawn as a point in the colour of attention. */
  readonly flagged?: boolean
}

/** A line of a chart; the kind decides how it is drawn. */
export interface ChartSeries {
  readonly id: string
  /** At the line's end; `\n` parts lines. */
  readonly label: string
  /** `plan` is a forecast or a plan. */
  readonly kind?: ValueKind | 'plan'
  readonly color?: SeriesColor
  readonly points: readonly ChartPoint[]
  /** What was measured, where `points` are smoothed: faint, underneath. */
  readonly raw?: readonly ChartPoint[]
  /** Fills the area down to zero, for counts. */
  readonly area?: boolean
}

/** Something that happened: ▾ above the plot, with a dotted line. */
export interface ChartFlag {
  readonly at: number
  readonly label: string
  readonly tone?: 'plain' | 'warn'
  readonly href?: string | undefined
}

/** A time in which an alert or incident was open. */
export interface ChartSpan {
  readonly from: number
  /** Open still, if left out. */
  readonly to?: number | undefined
  readonly tone: 'warn' | 'bad'
  readonly label?: string
}

/** A limit or objective, named. */
export interface ChartThreshold {
  readonly value: number
  readonly label: string
}

/** A range of y in which nothing matters. */
export interface ChartZone {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly label: string
}

/** The axis and cursor form of numbers. */
export type ChartForm = ValueForm

/** `var(--s1)`. */
export function seriesStroke(color: SeriesColor): string {
  return `var(--${color})`
}

/** `var(--s1-text)`: the readable form for labels. */
export function seriesText(color: SeriesColor): string {
  return color === 'base' ? 'var(--text)' : `var(--${color}-text)`
}

/** The colours in their fixed order, for things without one of their own. */
export const seriesOrder: readonly SeriesColor[] = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8']

/** Dashes by kind: the same on the canvas and in the downloaded file. */
export function dashOf(kind: ChartSeries['kind']): number[] {
  if (kind === 'estimated') return [4, 3]
  if (kind === 'so-far') return [1.5, 2.5]
  return kind === 'plan' ? [2, 4] : []
}

/** A series whose colour is settled. */
export type ColoredSeries = ChartSeries & { readonly color: SeriesColor }
