/** A real minus, not a hyphen. */
export const minus = '\u2212'
/** Thin and unbreakable: stands before % and units. */
export const thinSpace = '\u202f'

const counts = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const fixed = new Map<number, Intl.NumberFormat>()

function withDecimals(digits: number): Intl.NumberFormat {
  let format = fixed.get(digits)
  if (!format) {
    format = new Intl.NumberFormat('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    fixed.set(digits, format)
  }
  return format
}

function realMinus(text: string): string {
  return text.replace('-', minus)
}

/** `118,093`. */
export function formatCount(value: number): string {
  return realMinus(counts.format(value))
}

/** `16.8 k`, `3.1 M`: for axes and strips only. */
export function formatCompact(value: number): string {
  const size = Math.abs(value)
  const [divisor, unit] = size >= 1e9 ? [1e9, 'G'] : size >= 1e6 ? [1e6, 'M'] : size >= 1e3 ? [1e3, 'k'] : [1, '']
  const scaled = value / divisor
  const text =
    Number.isInteger(scaled) || Math.abs(scaled) >= 100 ? counts.format(scaled) : String(Number(scaled.toPrecision(3)))
  return realMinus(unit === '' ? text : `${text} ${unit}`)
}

/** How many decimals an interval's half width deserves: two digits, or one from 5 on: 0.0041 gives 4, 0.006 gives 3. */
export function decimalsFor(halfWidth: number): number {
  if (!Number.isFinite(halfWidth) || halfWidth <= 0) return 4
  const power = Math.floor(Math.log10(halfWidth) + 1e-9)
  const digits = halfWidth / 10 ** power < 4.95 ? 1 : 0
  return Math.min(8, Math.max(0, digits - power))
}

/** A number as people write it: fixed decimals where given, else four significant digits; very small ones as `3.1e-7`. */
export function formatNumber(value: number, decimals?: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : `${minus}infinite`
  if (decimals !== undefined) return realMinus(dropNegativeZero(withDecimals(Math.min(decimals, 12)).format(value)))
  if (Number.isInteger(value)) return formatCount(value)
  const size = Math.abs(value)
  if (size < 1e-4) return realMinus(value.toExponential(1)).replace(/e[\u2212-]/, 'e-')
  if (size >= 10_000) return formatCount(value)
  return realMinus(withDecimals(Math.max(0, 3 - Math.floor(Math.log10(size)))).format(value))
}

function dropNegativeZero(text: string): string {
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text
}

/** `+0.0182`, `−0.0027`, `0.0000` without a sign. */
export function formatSigned(value: number, decimals?: number): string {
  const text = formatNumber(value, decimals)
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text
}

/** A share of one as `15.7 %`. */
export function formatShare(share: number, decimals = 1): string {
  return `${formatNumber(share * 100, decimals)}${thinSpace}%`
}

/** Three decimals, or `< 0.001`. */
export function formatP(p: number): string {
  return p < 0.001 ? '< 0.001' : formatNumber(p, 3)
}

/** `412 kB`, `1.9 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const text = unit === 0 || value >= 100 ? counts.format(value) : withDecimals(1).format(value)
  return `${text} ${units[unit]}`
}

/** `1 run`, `12 runs`; pass the plural where it is not regular. */
export function formatPlural(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}
