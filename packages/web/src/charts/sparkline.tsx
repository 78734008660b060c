import type { StateKind } from '../ui/state.tsx'
import { linearScale } from './scale.ts'
import { linePath } from './svg-path.ts'
import { type SeriesColor, seriesStroke } from './chart-types.ts'

interface SparklineProps {
  readonly values: readonly (number | null)[]
  /** 64 to 96. */
  readonly width?: number
  readonly height?: number
  /** One scale per column; else its own. */
  readonly domain?: readonly [number, number] | undefined
  readonly color?: SeriesColor
  /** Attention colours the line. */
  readonly tone?: StateKind | undefined
}

/** The shape of a series in a table cell; hidden from screen readers, because the cell holds the value. */
export function Sparkline({ values, width = 84, height = 18, domain, color = 'base', tone }: SparklineProps) {
  const there = values.filter((value): value is number => value !== null && Number.isFinite(value))
  if (there.length === 0) return <span className="t3">–</span>
  const stroke = tone === 'warn' || tone === 'bad' ? `var(--${tone}-mark)` : seriesStroke(color)
  const x = linearScale([0, Math.max(1, values.length - 1)], [1.5, width - 3])
  const y = linearScale(domain ?? [Math.min(...there), Math.max(...there)], [height - 3, 3])
  const points = values.map((value, index) =>
    value === null || !Number.isFinite(value) ? null : ([x(index), y(value)] as const),
  )
  const last = points.findLast((point) => point !== null)
  return (
    <svg className="spark" width={width} height={height} aria-hidden>
      <path d={linePath(points)} fill="none" stroke={stroke} strokeWidth="1.2" strokeLinejoin="round" />
      {last && <circle cx={last[0]} cy={last[1]} r="1.7" fill={stroke} />}
    </svg>
  )
}
