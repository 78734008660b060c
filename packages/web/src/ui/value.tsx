import {
  decimalsFor,
  formatBytes,
  formatCount,
  formatNumber,
  formatP,
  formatShare,
  formatSigned,
} from './format-number.ts'
import { formatDuration } from './format-time.ts'

/** How a number came to be; it decides the drawing everywhere. */
export type ValueKind = 'measured' | 'so-far' | 'estimated'
/** How a number is written. */
export type ValueForm = 'number' | 'share' | 'count' | 'bytes' | 'duration'

/** Writes a number in its form; `halfWidth` of its interval decides the decimals. */
export function formatValue(value: number, form: ValueForm = 'number', decimals?: number): string {
  if (form === 'share') return formatShare(value, decimals ?? 1)
  if (form === 'count') return formatCount(value)
  if (form === 'bytes') return formatBytes(value)
  if (form === 'duration') return formatDuration(value)
  return formatNumber(value, decimals)
}

const kindWords: Record<ValueKind, string> = { measured: '', 'so-far': 'so far', estimated: 'estimated' }

interface ValueProps {
  /** null prints a dash. */
  readonly value: number | null | undefined
  readonly form?: ValueForm
  readonly decimals?: number | undefined
  readonly unit?: string | undefined
  readonly kind?: ValueKind
  readonly strong?: boolean
}

/** A number with its unit; what is not measured says so in words. */
export function Value({ value, form = 'number', decimals, unit, kind = 'measured', strong = false }: ValueProps) {
  if (value === null || value === undefined) return <span className="t3">–</span>
  return (
    <span className="value nowrap" data-kind={kind}>
      <span className={strong ? 'b' : undefined}>{formatValue(value, form, decimals)}</span>
      {unit && <span className="t3"> {unit}</span>}
      {kind !== 'measured' && <span className="t3 sm"> {kindWords[kind]}</span>}
    </span>
  )
}

interface IntervalProps {
  readonly value: number | null | undefined
  readonly low: number | null | undefined
  readonly high: number | null | undefined
  readonly form?: 'number' | 'share'
  readonly unit?: string | undefined
  readonly kind?: ValueKind
  readonly decimals?: number | undefined
  readonly strong?: boolean
}

/** `0.6834 ± 0.0041`, or `0.013 (0.006 to 0.021)` where it is not symmetric; 95 % unless the page says otherwise. */
export function Interval({
  value,
  low,
  high,
  form = 'number',
  unit,
  kind = 'measured',
  decimals,
  strong = false,
}: IntervalProps) {
  if (value === null || value === undefined) return <span className="t3">–</span>
  if (low === null || low === undefined || high === null || high === undefined) {
    return <Value value={value} form={form} decimals={decimals} unit={unit} kind={kind} strong={strong} />
  }
  const half = (high - low) / 2
  const scale = form === 'share' ? 100 : 1
  const places = decimals ?? Math.max(form === 'share' ? 1 : 0, decimalsFor(half * scale))
  const write = (n: number) => (form === 'share' ? formatShare(n, places) : formatNumber(n, places))
  const symmetric = Math.abs(high - value - half) <= half * 0.04
  return (
    <span className="value nowrap" data-kind={kind}>
      <span className={strong ? 'b' : undefined}>{write(value)}</span>
      <span className="ci">
        {symmetric
          ? ` ± ${formatNumber(half * scale, places)}`
          : ` (${formatNumber(low * scale, places)} to ${formatNumber(high * scale, places)})`}
      </span>
      {unit && <span className="t3"> {unit}</span>}
      {kind !== 'measured' && <span className="t3 sm"> {kindWords[kind]}</span>}
    </span>
  )
}

interface DifferenceProps {
  readonly value: number | null | undefined
  readonly low?: number | null | undefined
  readonly high?: number | null | undefined
  readonly p?: number | null | undefined
  readonly decimals?: number | undefined
  readonly unit?: string | undefined
  /** Leaves interval and p to columns of their own. */
  readonly bare?: boolean
}

/** `+0.0182 (0.0141 to 0.0223), p < 0.001`: always signed. */
export function Difference({ value, low, high, p, decimals, unit, bare = false }: DifferenceProps) {
  if (value === null || value === undefined) return <span className="t3">–</span>
  const known = low !== null && low !== undefined && high !== null && high !== undefined
  const places = decimals ?? (known ? decimalsFor((high - low) / 2) : undefined)
  const sided = known && low < 0 && high > 0
  const edge = (n: number) => (sided ? formatSigned(n, places) : formatNumber(n, places))
  return (
    <span className="value nowrap">
      <span>{formatSigned(value, places)}</span>
      {unit && <span className="t3"> {unit}</span>}
      {!bare && known && <span className="ci"> ({`${edge(low)} to ${edge(high)}`})</span>}
      {!bare && p !== null && p !== undefined && (
        <span className="ci">, p {p < 0.001 ? formatP(p) : `= ${formatP(p)}`}</span>
      )}
    </span>
  )
}
