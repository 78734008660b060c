import { formatSigned } from '../ui/format-number.ts'
import { type SeriesColor, seriesStroke } from './chart-types.ts'
import { linearScale } from './scale.ts'

interface ForestProps {
  readonly value: number | null | undefined
  readonly low: number | null | undefined
  readonly high: number | null | undefined
  /** One scale for the column; see `forestDomain`. */
  readonly domain: readonly [number, number]
  /** Where no difference is, or the baseline's value. */
  readonly reference?: number | undefined
  /** `interval`: a dot with a fine line for values; `difference`: a square with whiskers. */
  readonly look?: 'difference' | 'interval'
  readonly color?: SeriesColor
  readonly width?: number
}

/** An interval in a table cell, on the column's shared scale with the reference as a line. */
export function Forest({
  value,
  low,
  high,
  domain,
  reference,
  look = 'difference',
  color = 's1',
  width = 92,
}: ForestProps) {
  if (value === null || value === undefined) return <span className="t3">–</span>
  const x = linearScale(domain, [4, width - 4])
  const clamp = (n: number) => Math.max(1, Math.min(width - 1, n))
  const at = clamp(x(value))
  const [from, to] = [clamp(x(low ?? value)), clamp(x(high ?? value))]
  const stroke = seriesStroke(color)
  const interval = typeof low === 'number' && typeof high === 'number'
  return (
    <svg
      width={width}
      height="18"
      role="img"
      aria-label={interval ? `${formatSigned(low)} to ${formatSigned(high)}` : 'no interval'}
    >
      {reference !== undefined &&
        (look === 'difference' ? (
          <path d={`M${x(reference)} 0V18`} stroke="var(--line-control)" />
        ) : (
          <path d={`M${x(reference)} 0V18`} stroke="var(--text-3)" strokeDasharray="2 2" />
        ))}
      {look === 'difference' ? (
        <>
          {interval && (
            <path d={`M${from} 9H${to}M${from} 6v6M${to} 6v6`} stroke={stroke} strokeWidth="1.4" fill="none" />
          )}
          <rect x={at - 2.8} y="6.2" width="5.6" height="5.6" fill={stroke} />
        </>
      ) : (
        <>
          {interval && <path d={`M${from} 9H${to}`} stroke={stroke} strokeWidth="1.2" />}
          <circle cx={at} cy="9" r="3" fill={stroke} />
        </>
      )}
    </svg>
  )
}

/** The scale that holds all intervals of a column and the reference, with a little room. */
export function forestDomain(
  items: readonly { readonly value?: number | null; readonly low?: number | null; readonly high?: number | null }[],
  reference?: number,
): [number, number] {
  const all = items
    .flatMap((item) => [item.value, item.low, item.high])
    .filter((n): n is number => typeof n === 'number' && Number.isFinite(n))
  if (reference !== undefined) all.push(reference)
  if (all.length === 0) return [0, 1]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const room = (high - low || Math.abs(high) || 1) * 0.06
  return [low - room, high + room]
}
