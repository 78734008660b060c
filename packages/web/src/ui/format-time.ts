const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const formatters = new Map<string, Intl.DateTimeFormat>()

/** The parts of a moment as a wall clock in `zone` shows them. */
export interface ClockParts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly weekday: string
}

/** The last moment of a calendar. */
const last = 8_640_000_000_000_000

/** A moment that a calendar has: clients log times beyond it, which read as its end. */
export const inCalendar = (at: number): number => Math.max(-last, Math.min(last, at))

/** Reads a moment as a wall clock in a time zone shows it. */
export function clockParts(at: number, zone: string): ClockParts {
  let format = formatters.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formatters.set(zone, format)
  }
  const found: Record<string, string> = {}
  for (const part of format.formatToParts(inCalendar(at))) found[part.type] = part.value
  const number = (name: string) => Number(found[name])
  return {
    year: number('year'),
    month: number('month'),
    day: number('day'),
    hour: number('hour'),
    minute: number('minute'),
    second: number('second'),
    weekday: found['weekday'] ?? '',
  }
}

const two = (n: number) => String(n).padStart(2, '0')

function clock(p: ClockParts, seconds = false): string {
  return seconds ? `${two(p.hour)}:${two(p.minute)}:${two(p.second)}` : `${two(p.hour)}:${two(p.minute)}`
}

function day(p: ClockParts): string {
  return `${p.day} ${months[p.month - 1]}`
}

/** `24 Apr`, with the year where it is not this one. */
export function formatDay(at: number, { now, zone }: { now: number; zone: string }): string {
  const p = clockParts(at, zone)
  return p.year === clockParts(now, zone).year ? day(p) : `${day(p)} ${p.year}`
}

/** Today `09:40`; this year `24 Apr 14:00`; else `24 Apr 2001`. */
export function formatTime(
  at: number,
  { now, zone, seconds = false }: { now: number; zone: string; seconds?: boolean },
): string {
  const [p, n] = [clockParts(at, zone), clockParts(now, zone)]
  if (p.year !== n.year) return `${day(p)} ${p.year}`
  if (p.month === n.month && p.day === n.day) return clock(p, seconds)
  return `${day(p)} ${clock(p, seconds)}`
}

/** Everything, for a tooltip or a copy: `Tue 24 Apr 2001 14:00:05 UTC`. */
export function formatExactTime(at: number, zone: string): string {
  const p = clockParts(at, zone)
  return `${p.weekday} ${day(p)} ${p.year} ${clock(p, true)} ${zone}`
}

/** The time of a log line: `02:00:44.012`. */
export function formatLogTime(at: number, zone: string): string {
  return `${clock(clockParts(at, zone), true)}.${String(Math.floor(at) % 1000).padStart(3, '0')}`
}

/** How long ago, in one unit: `2 min`, `3 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  if (seconds < 86_400 * 365) return `${Math.floor(seconds / 86_400)} d`
  return `${Math.floor(seconds / (86_400 * 365))} y`
}

/** Two units at most: `0.29 ms`, `6.2 s`, `4 min 12 s`, `5 h 20 min`, `6 d 16 h`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `\u2212${formatDuration(-ms)}`
  if (ms === 0) return '0 s'
  if (ms < 1) return `${Number(ms.toPrecision(2))} ms`
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${trimZero((ms / 1000).toFixed(1))} s`
  if (ms < 59_500) return `${Math.round(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
  const hours = Math.round(ms / 3_600_000)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '')
}

/** `23–29 Apr`, `30 Apr–1 May`, `08:00–09:00`; `to` is the last moment that belongs to the range. */
export function formatRange(from: number, to: number, { now, zone }: { now: number; zone: string }): string {
  const [a, b, n] = [clockParts(from, zone), clockParts(to, zone), clockParts(now, zone)]
  const year = b.year === n.year ? '' : ` ${b.year}`
  const sameDay = a.year === b.year && a.month === b.month && a.day === b.day
  if (sameDay) {
    if (clock(a) === '00:00' && clock(b) === '23:59') return `${day(a)}${year}`
    const times = `${clock(a)}\u2013${clock(b)}`
    return a.month === n.month && a.day === n.day && year === '' ? times : `${day(a)}${year} ${times}`
  }
  if (a.year !== b.year) return `${day(a)} ${a.year}\u2013${day(b)} ${b.year}`
  if (a.month === b.month) return `${a.day}\u2013${day(b)}${year}`
  return `${day(a)}\u2013${day(b)}${year}`
}
