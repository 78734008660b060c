import { clockParts, formatDuration } from '../ui/format-time.ts'
import { formatValue } from '../ui/value.tsx'
import type { ChartFlag, ChartForm, ChartSeries, ChartThreshold } from './chart-types.ts'
import { countTicks, durationTicks, niceDomain, niceTicks, timeTicks } from './scale.ts'

const characterWidth = 6.1
const textWidth = (text: string) => Math.max(...text.split('\n').map((line) => line.length)) * characterWidth

/** Writes a tick of the y axis with the decimals of its step. */
export function formatTick(value: number, form: ChartForm, decimals: number): string {
  if (form === 'share') return formatValue(value, 'share', Math.max(0, decimals - 2))
  if (form === 'number')
    return Math.abs(value) >= 1000 ? formatValue(value, 'count') : formatValue(value, 'number', decimals)
  return form === 'duration' ? formatDurationTick(value) : formatValue(value, form)
}

/** `1 min`, not `1 min 00 s`. */
export function formatDurationTick(ms: number): string {
  return ms === 0 ? '0' : formatDuration(ms).replace(/ 00 (s|min)$/, '')
}

const ticksOf: Record<ChartForm, typeof niceTicks> = {
  number: niceTicks,
  share: niceTicks,
  count: countTicks,
  bytes: niceTicks,
  duration: durationTicks,
}

interface DomainInput {
  readonly series: readonly ChartSeries[]
  readonly thresholds: readonly ChartThreshold[]
  readonly range?: readonly [number, number] | undefined
  readonly fromZero: boolean
  readonly yTicks: number
}

/** The y domain that holds all points, intervals and thresholds. */
export function yDomain({ series, thresholds, range, fromZero, yTicks }: DomainInput): [number, number] {
  if (range) return [range[0], range[1]]
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { points, raw = [] } of series) {
    for (const { y, low: l, high: h } of [...points, ...raw]) {
      for (const value of [y, l, h]) {
        if (value === null || value === undefined || !Number.isFinite(value)) continue
        low = Math.min(low, value)
        high = Math.max(high, value)
      }
    }
  }
  for (const { value } of thresholds) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return niceDomain(low, high, { count: yTicks, fromZero })
}

interface LayoutInput extends DomainInput {
  readonly width: number
  readonly height: number
  readonly form: ChartForm
  readonly x: 'time' | 'number'
  readonly xLabel?: string | undefined
  readonly zone: string
  readonly domain?: readonly [number, number] | undefined
  readonly hasTop: boolean
  readonly endLabels: boolean
}

/** Where everything of a chart over time stands. */
export function layoutTimeSeries(input: LayoutInput) {
  const { width, height, form, x, zone, series, thresholds, hasTop, endLabels } = input
  const domainY = yDomain(input)
  const nice = ticksOf[form](domainY[0], domainY[1], input.yTicks)
  const yTicks = nice.ticks.map((value) => ({ value, label: formatTick(value, form, nice.decimals) }))
  const left = Math.max(24, Math.ceil(Math.max(...yTicks.map((tick) => textWidth(tick.label))) + 10))
  const labels = endLabels ? [...series.map((one) => one.label), ...thresholds.map((one) => one.label)] : []
  const right =
    labels.length > 0
      ? Math.min(
          Math.round(Math.max(width * 0.3, Math.min(150, width * 0.42))),
          Math.ceil(Math.max(...labels.map(textWidth)) + 12),
        )
      : 6
  const top = hasTop ? 28 : 8
  const bottom = input.xLabel ? 36 : 22
  const plot = { left, top, width: Math.max(40, width - left - right), height: Math.max(40, height - top - bottom) }
  const xs = series.flatMap((one) => one.points.map((point) => point.x))
  const domainX: [number, number] = input.domain
    ? [input.domain[0], input.domain[1]]
    : xs.length > 0
      ? [Math.min(...extent(xs)), Math.max(...extent(xs))]
      : [0, 1]
  if (domainX[0] === domainX[1]) {
    // A lone day stands between its neighbours, a lone moment in its hour.
    const pad = x !== 'time' ? 1 : domainX[0] % 86_400_000 === 0 ? 86_400_000 : 3_600_000
    domainX[0] -= pad
    domainX[1] += pad
  }
  const mostTicks = Math.max(2, Math.min(8, Math.floor(plot.width / 64)))
  const xTicks = x === 'time' ? timeTicks(domainX[0], domainX[1], zone, mostTicks) : numberTicks(domainX, mostTicks)
  return { plot, domainX, domainY, xTicks, yTicks }
}

/** The least and the largest, without spreading a long list into arguments. */
function extent(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

function numberTicks(domain: readonly [number, number], count: number) {
  const { ticks, decimals } = niceTicks(domain[0], domain[1], Math.min(6, count))
  return ticks.map((at) => ({ at, label: formatTick(at, 'number', decimals) }))
}

/** A flag with the side of its label; near ones are merged into one with a count. */
export interface PlacedFlag {
  readonly x: number
  readonly label: string
  readonly side: 'left' | 'right' | 'none'
  readonly tone: 'plain' | 'warn'
  readonly href?: string | undefined
  readonly all: readonly ChartFlag[]
}

/** Merges flags nearer than 60 px where their labels have no room, and turns labels to the left near the right edge. */
export function placeFlags(flags: readonly ChartFlag[], toX: (at: number) => number, width: number): PlacedFlag[] {
  const sorted = flags.map((flag) => ({ flag, x: toX(flag.at) })).filter(({ x }) => x >= -1 && x <= width + 1)
  sorted.sort((a, b) => a.x - b.x)
  const groups: { x: number; all: ChartFlag[] }[] = []
  for (const { flag, x } of sorted) {
    const last = groups.at(-1)
    if (last && x - last.x < 60 && groups.length + sorted.length > 4) last.all.push(flag)
    else groups.push({ x, all: [flag] })
  }
  const placed: PlacedFlag[] = []
  let limit = width
  // from the right: the last label turns left at the edge, and the ones before it make room
  for (let index = groups.length - 1; index >= 0; index--) {
    const { x, all } = groups[index] as (typeof groups)[number]
    const text = all.length === 1 ? (all[0]?.label ?? '') : `${all.length} ${plural(all)}`
    const need = textWidth(text) + 8
    const before = groups[index - 1]?.x ?? -20
    const side = x + need <= limit ? 'right' : x - need >= before + 8 ? 'left' : 'none'
    limit = side === 'left' ? x - need - 4 : x - 8
    const tone = all.some((flag) => flag.tone === 'warn') ? 'warn' : 'plain'
    placed.unshift({ x, label: text, side, tone, href: all.length === 1 ? all[0]?.href : undefined, all })
  }
  return placed
}

function plural(flags: readonly ChartFlag[]): string {
  if (flags.every((flag) => flag.tone === 'warn')) return 'alerts'
  return flags.some((flag) => flag.tone === 'warn') ? 'events' : 'releases'
}

/** The moment under the cursor in words. */
export function formatCursorTime(at: number, zone: string, span: number): string {
  const p = clockParts(at, zone)
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const date = `${p.day} ${months[p.month - 1]}`
  const time = `${String(p.hour).padStart(2, '0')}:${String(p.minute).padStart(2, '0')}`
  if (span > 20 * 86_400_000 && p.hour === 0 && p.minute === 0) return date
  return span < 600_000 ? `${time}:${String(p.second).padStart(2, '0')}` : `${date} ${time}`
}
