import { isoTime } from '../kernel/clock/iso-time.ts'
import { predictErrors } from './gateway-errors.ts'
import { show } from './check-value.ts'

const dayMs = 86_400_000

/** Milliseconds UTC of an event time that a caller sent: milliseconds, or ISO 8601 with a zone. At most a day ahead of now. */
export function readEventTime(value: unknown, now: number): number {
  const time =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(value)
        ? Date.parse(value)
        : Number.NaN
  if (!Number.isInteger(time) || time < 0)
    throw predictErrors.INVALID(
      `The event time must be milliseconds UTC or ISO 8601 such as 2001-03-04T05:06:07Z; got ${show(value)}.`,
    )
  if (time > now + dayMs)
    throw predictErrors.INVALID(`The event time ${isoTime(time)} lies more than a day ahead of now.`)
  return time
}
