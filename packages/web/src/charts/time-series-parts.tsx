import { formatValue } from '../ui/value.tsx'
import {
  type ChartForm,
  type ChartThreshold,
  type ColoredSeries,
  dashOf,
  seriesStroke,
  seriesText,
} from './chart-types.ts'
import { spreadLabels } from './scale.ts'
import { linePath } from './svg-path.ts'
import { formatCursorTime } from './time-series-layout.ts'

/** A number that is there. */
export const isNumber = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value)

/** The points of a series that are drawn: few, hollow or flagged ones; error bars where labels are still arriving. */
export function SeriesPoints({
  series,
  toX,
  toY,
}: {
  readonly series: ColoredSeries
  readonly toX: (n: number) => number
  readonly toY: (n: number) => number
}) {
  const stroke = seriesStroke(series.color)
  const there = series.points.filter((point) => isNumber(point.y))
  const hollow = series.kind === 'estimated' || series.kind === 'so-far'
  const every = series.kind === 'estimated' ? Math.max(1, Math.round(there.length / 12)) : 1
  const all = hollow || (there.length < 20 && series.kind !== 'plan')
  return (
    <g>
      {there.map((point, index) => {
        const x = toX(point.x)
        const y = toY(point.y ?? 0)
        const bars = series.kind === 'so-far' && isNumber(point.low) && isNumber(point.high)
        const alone = there.length === 1
        if (
          !point.flagged &&
          !bars &&
          !alone &&
          (!all || index % every !== 0) &&
          !(hollow && index === there.length - 1)
        )
          return null
        return (
          <g key={point.x}>
            {bars && (
              <path d={`M${x} ${toY(point.low ?? 0)}V${toY(point.high ?? 0)}`} stroke={stroke} strokeWidth="1.4" />
            )}
            <circle
              cx={x}
              cy={y}
              r={point.flagged ? 2.6 : 2.2}
              fill={point.flagged ? 'var(--warn-mark)' : hollow ? 'var(--surface)' : stroke}
              stroke={point.flagged ? 'none' : hollow ? stroke : 'none'}
              strokeWidth="1.2"
            />
          </g>
        )
      })}
    </g>
  )
}

/** Names at the lines' ends, moved apart. */
export function endLabelsOf(
  series: readonly ColoredSeries[],
  thresholds: readonly ChartThreshold[],
  toY: (n: number) => number,
  height: number,
) {
  const wanted = [
    ...series.flatMap((one) => {
      const last = one.points.findLast((point) => isNumber(point.y))
      return last ? [{ id: one.id, label: one.label, y: toY(last.y ?? 0), color: seriesText(one.color) }] : []
    }),
    ...thresholds.map((one) => ({
      id: `threshold ${one.label}`,
      label: one.label,
      y: toY(one.value),
      color: 'var(--bad)',
    })),
  ].map((one) => ({ ...one, lines: one.label.split('\n') }))
  const placed = spreadLabels(
    wanted.map((one) => one.y),
    wanted.map((one) => one.lines.length * 13 + 3),
    -6,
    height + 8,
  )
  return wanted.map((one, index) => ({ ...one, y: placed[index] ?? one.y }))
}

/** The lines as SVG text, for the download. */
export function linesForExport(
  series: readonly ColoredSeries[],
  plot: { left: number; top: number },
  toX: (n: number) => number,
  toY: (n: number) => number,
): string {
  return series
    .map((one) => {
      const path = linePath(one.points.map((point) => (isNumber(point.y) ? [toX(point.x), toY(point.y)] : null)))
      const dash = dashOf(one.kind).join(' ')
      return `<path transform="translate(${plot.left} ${plot.top})" d="${path}" fill="none" stroke="${seriesStroke(one.color)}" stroke-width="1.6" stroke-linejoin="round"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`
    })
    .join('')
}

interface CursorTableProps {
  readonly series: readonly ColoredSeries[]
  readonly at: number
  readonly x: 'time' | 'number'
  readonly xLabel: string | undefined
  readonly form: ChartForm
  /** Away from the cursor. */
  readonly side: { readonly left: number } | { readonly right: number }
  readonly top: number
  readonly span: number
  readonly zone: string
}

/** The values under the cursor. */
export function CursorTable({ series, at, x, xLabel, form, side, top, span, zone }: CursorTableProps) {
  const head = x === 'time' ? formatCursorTime(at, zone, span) : `${xLabel ?? 'step'} ${formatValue(at, 'number')}`
  return (
    <table className="ts-cursor" style={{ ...side, top }} aria-hidden>
      <caption>{head}</caption>
      <tbody>
        {series.map((one) => {
          const point = nearest(one.points, at)
          if (!point || !isNumber(point.y) || Math.abs(point.x - at) > span / 20) return null
          return (
            <tr key={one.id}>
              <th style={{ color: seriesText(one.color) }}>{one.label.replace('\n', ' ')}</th>
              <td>{formatValue(point.y, form)}</td>
              {isNumber(point.low) && isNumber(point.high) ? (
                <td className="t3">{`${formatValue(point.low, form)} to ${formatValue(point.high, form)}`}</td>
              ) : (
                <td />
              )}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function nearest<P extends { readonly x: number }>(points: readonly P[], at: number): P | undefined {
  let low = 0
  let high = points.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((points[middle]?.x ?? 0) < at) low = middle + 1
    else high = middle
  }
  const [a, b] = [points[low - 1], points[low]]
  if (!a || !b) return b ?? a
  return Math.abs(a.x - at) < Math.abs(b.x - at) ? a : b
}

/** Names and last values, past six series. */
export function SeriesLegend({
  series,
  form,
}: {
  readonly series: readonly ColoredSeries[]
  readonly form: ChartForm
}) {
  return (
    <ul className="ts-legend">
      {series.map((one) => {
        const last = one.points.findLast((point) => isNumber(point.y))
        return (
          <li key={one.id}>
            <i style={{ background: seriesStroke(one.color) }} />
            <span>{one.label}</span>
            {last && <span className="t3">{formatValue(last.y ?? 0, form)}</span>}
          </li>
        )
      })}
    </ul>
  )
}
