import { InvalidArgumentError } from 'commander'

/** Reads a whole number of an option. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** Reads a time of an option, `2026-11-21`, `2026-11-21T14:00Z`, or how long ago (`90m`, `12h`, `7d`), as milliseconds UTC. */
export function pointInTime(text: string): number {
  const ago = /^(\d+)([mhd])$/.exec(text)
  if (ago) return Date.now() - Number(ago[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 'm' | 'h' | 'd']
  const at = Date.parse(text)
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(at))
    throw new InvalidArgumentError('It must be a date such as 2026-11-21T14:00Z, or how long ago such as 7d.')
  return at
}

/** Reads a length of time of an option, `90m`, `12h` or `7d`, as milliseconds. */
export function duration(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text)
  if (!match) throw new InvalidArgumentError('It must be a length of time such as 90m, 12h or 7d.')
  return Number(match[1]) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 's' | 'm' | 'h' | 'd']
}

/** Collects `key=value` options; a value that is JSON is taken as JSON. */
export function keyValue(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be written NAME=VALUE.')
  return { ...before, [text.slice(0, at)]: jsonOrText(text.slice(at + 1)) }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
