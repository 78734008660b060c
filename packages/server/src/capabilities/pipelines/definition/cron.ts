/** A cron expression of five fields (minute, hour, day of month, month, day of week), in UTC. */
export interface Cron {
  /** The last time at which it is due, not after `at`; undefined when there was none in the eight years before. */
  previous(at: number): number | undefined
  /** The first time at which it is due after `at`. */
  next(at: number): number | undefined
}

const ranges = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const
const names = ['minute', 'hour', 'day of month', 'month', 'day of week'] as const
const aliases: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
}
const dayMs = 86_400_000
const horizonDays = 8 * 366

/** Reads a cron expression; a message when it is none. */
export function parseCron(text: string): Cron | string {
  const fields = (aliases[text.trim()] ?? text).trim().split(/\s+/)
  if (fields.length !== 5)
    return `"${text}" is no cron expression: it has ${fields.length} fields, and five are needed (minute hour day month weekday).`
  const sets: Set<number>[] = []
  for (const [index, field] of fields.entries()) {
    const set = parseField(field, ranges[index] ?? [0, 0])
    if (!set) return `"${text}" is no cron expression: "${field}" is not a ${names[index]}.`
    sets.push(set)
  }
  const [minutes, hours, days, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ]
  if (weekdays.has(7)) weekdays.add(0)
  const anyDay = fields[2] === '*'
  const anyWeekday = fields[4] === '*'
  const dueOn = (midnight: number): boolean => {
    const date = new Date(midnight)
    if (!months.has(date.getUTCMonth() + 1)) return false
    const day = days.has(date.getUTCDate())
    const weekday = weekdays.has(date.getUTCDay())
    // As cron has it: two restricted day fields mean either.
    return anyDay || anyWeekday ? day && weekday : day || weekday
  }
  const times = [...hours]
    .flatMap((hour) => [...minutes].map((minute) => (hour * 60 + minute) * 60_000))
    .toSorted((a, b) => a - b)
  return {
    previous: (at) => {
      let midnight = Math.floor(at / dayMs) * dayMs
      for (let i = 0; i < horizonDays; i += 1, midnight -= dayMs) {
        if (!dueOn(midnight)) continue
        const time = times.findLast((t) => midnight + t <= at)
        if (time !== undefined) return midnight + time
      }
      return undefined
    },
    next: (at) => {
      let midnight = Math.floor(at / dayMs) * dayMs
      for (let i = 0; i < horizonDays; i += 1, midnight += dayMs) {
        if (!dueOn(midnight)) continue
        const time = times.find((t) => midnight + t > at)
        if (time !== undefined) return midnight + time
      }
      return undefined
    },
  }
}

function parseField(field: string, [low, high]: readonly [number, number]): Set<number> | undefined {
  const set = new Set<number>()
  for (const item of field.split(',')) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item)
    if (!match) return undefined
    const step = match[3] === undefined ? 1 : Number(match[3])
    const from = match[1] === undefined ? low : Number(match[1])
    const to =
      match[2] !== undefined ? Number(match[2]) : match[1] !== undefined && match[3] === undefined ? from : high
    if (step < 1 || from < low || to > high || from > to) return undefined
    for (let value = from; value <= to; value += step) set.add(value)
  }
  return set
}
