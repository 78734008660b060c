import { clockParts } from '../ui/format-time.ts'

/** Maps a number of the data to a pixel. */
export type Scale = (value: number) => number

/** A straight scale; an empty domain maps to the middle. */
export function linearScale([d0, d1]: readonly [number, number], [r0, r1]: readonly [number, number]): Scale {
  const span = d1 - d0
  return (value) => (span === 0 ? (r0 + r1) / 2 : r0 + ((value - d0) / span) * (r1 - r0))
}

/** Ticks at round numbers inside the domain, about `count` of them. */
export function niceTicks(
  min: number,
  max: number,
  count = 4,
): { readonly ticks: number[]; readonly step: number; readonly decimals: number } {
  if (!(max > min)) return { ticks: [min], step: 1, decimals: 2 }
  const raw = (max - min) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(raw))
  const fraction = raw / power
  const step = (fraction <= 1.2 ? 1 : fraction <= 2.4 ? 2 : fraction <= 6 ? 5 : 10) * power
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const ticks: number[] = []
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++)
    ticks.push(Number((i * step).toFixed(Math.min(12, decimals + 2))))
  return { ticks, step, decimals }
}

/** Ticks at whole numbers: there is no half prediction. */
export function countTicks(min: number, max: number, count = 4): ReturnType<typeof niceTicks> {
  const nice = niceTicks(min, max, count)
  if (nice.step >= 1) return nice
  return niceTicks(min, max, Math.max(1, Math.floor(max - min)))
}

const durations = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  1_200_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000,
]

/** Ticks of milliseconds at whole seconds, minutes and hours. */
export function durationTicks(
  min: number,
  max: number,
  count = 4,
): { readonly ticks: number[]; readonly step: number; readonly decimals: number } {
  const step = durations.find((one) => (max - min) / one <= count + 0.5)
  if (step === undefined || max - min < 4) return niceTicks(min, max, count)
  const ticks: number[] = []
  for (let at = Math.ceil(min / step) * step; at <= max; at += step) ticks.push(at)
  return { ticks, step, decimals: 0 }
}

/** Widens a domain to half a step of its ticks; `fromZero` for bars and counts. */
export function niceDomain(min: number, max: number, { count = 4, fromZero = false } = {}): [number, number] {
  let low = fromZero ? Math.min(0, min) : min
  let high = fromZero ? Math.max(0, max) : max
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  if (low === high) {
    const pad = low === 0 ? 1 : Math.abs(low) * 0.1
    low -= fromZero && low >= 0 ? 0 : pad
    high += pad
  }
  const step = niceTicks(low, high, count).step / 2
  return [round12(Math.floor(low / step + 1e-9) * step), round12(Math.ceil(high / step - 1e-9) * step)]
}

/** Drops what binary fractions add: 0.6250000000000001. */
function round12(value: number): number {
  return Number(value.toPrecision(12))
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const steps = [
  second,
  5 * second,
  15 * second,
  30 * second,
  minute,
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
]
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number) => String(n).padStart(2, '0')

/** Time as the clock in `zone` shows it, read as if it were UTC: equal steps of it are equal steps on the wall. */
function toLocal(at: number, zone: string): number {
  const p = clockParts(at, zone)
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) + (((at % 1000) + 1000) % 1000)
}

function fromLocal(local: number, zone: string): number {
  const guess = local - (toLocal(local, zone) - local)
  return local - (toLocal(guess, zone) - guess)
}

/** A tick of a time axis. */
export interface TimeTick {
  readonly at: number
  readonly label: string
}

/** Ticks at natural steps of the wall clock in `zone`, at most `most` of them; weeks begin on Monday. */
export function timeTicks(from: number, to: number, zone: string, most = 6): TimeTick[] {
  if (!(to > from)) return [{ at: from, label: label(from, zone, day) }]
  const step = steps.find((one) => (to - from) / one <= most)
  const ticks: TimeTick[] = []
  if (step === undefined) return monthTicks(from, to, zone, most)
  const monday = 4 * day // 1970-01-05 was a Monday
  const origin = step >= 7 * day ? monday : 0
  const start = toLocal(from, zone)
  const end = toLocal(to, zone)
  for (let local = Math.ceil((start - origin) / step) * step + origin; local <= end; local += step) {
    const at = fromLocal(local, zone)
    ticks.push({ at, label: label(at, zone, step) })
  }
  return ticks
}

function monthTicks(from: number, to: number, zone: string, most: number): TimeTick[] {
  const a = clockParts(from, zone)
  const b = clockParts(to, zone)
  const total = (b.year - a.year) * 12 + b.month - a.month + 1
  const every = [1, 2, 3, 6, 12, 24, 60, 120].find((one) => total / one <= most) ?? 120
  const ticks: TimeTick[] = []
  for (
    let month = Math.ceil((a.year * 12 + a.month - 1) / every) * every;
    month <= b.year * 12 + b.month - 1;
    month += every
  ) {
    const at = fromLocal(Date.UTC(Math.floor(month / 12), month % 12, 1), zone)
    if (at >= from && at <= to)
      ticks.push({
        at,
        label: every >= 12 || month % 12 === 0 ? String(Math.floor(month / 12)) : (months[month % 12] ?? ''),
      })
  }
  return ticks
}

function label(at: number, zone: string, step: number): string {
  const p = clockParts(at, zone)
  if (step >= day || (p.hour === 0 && p.minute === 0 && p.second === 0)) return `${p.day} ${months[p.month - 1]}`
  return step < minute ? `${two(p.hour)}:${two(p.minute)}:${two(p.second)}` : `${two(p.hour)}:${two(p.minute)}`
}

/** Moves labels apart so that none is nearer than `gap` to the next, as little as possible, inside `[low, high]`. */
export function spreadLabels(wanted: readonly number[], gaps: readonly number[], low: number, high: number): number[] {
  const order = wanted.map((_, index) => index).toSorted((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))
  const placed = [...wanted]
  for (let round = 0; round < 2; round++) {
    let edge = low
    for (const index of order) {
      const half = (gaps[index] ?? 14) / 2
      placed[index] = Math.max(placed[index] ?? 0, edge + half)
      edge = (placed[index] ?? 0) + half
    }
    edge = high
    for (const index of order.toReversed()) {
      const half = (gaps[index] ?? 14) / 2
      placed[index] = Math.min(placed[index] ?? 0, edge - half)
      edge = (placed[index] ?? 0) - half
    }
  }
  return placed
}
