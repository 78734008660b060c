import { type ClockName, useNow, useUiEnvironment } from './environment.tsx'
import { formatAge, formatDay, formatExactTime, formatRange, formatTime, inCalendar } from './format-time.ts'

interface TimeProps {
  /** Milliseconds UTC; null prints a dash. */
  readonly at: number | null | undefined
  /** `auto` 24 Apr 14:00; `day` 24 Apr; `age` 3 d. */
  readonly show?: 'auto' | 'day' | 'age'
  readonly clock?: ClockName
  readonly seconds?: boolean
}

/** A moment, as short as it can be; exact with zone on hover. */
export function Time({ at, show = 'auto', clock = 'wall', seconds = false }: TimeProps) {
  const { zone } = useUiEnvironment()
  const now = useNow(clock)
  if (at === null || at === undefined) return <span className="t3">–</span>
  const text =
    show === 'age'
      ? formatAge(now - at)
      : show === 'day'
        ? formatDay(at, { now, zone })
        : formatTime(at, { now, zone, seconds })
  return (
    <time dateTime={new Date(inCalendar(at)).toISOString()} title={formatExactTime(at, zone)} className="nowrap">
      {text}
    </time>
  )
}

interface TimeRangeProps {
  readonly from: number
  /** The last moment that belongs to the range. */
  readonly to: number
  readonly clock?: ClockName
}

/** `23–29 Apr`. */
export function TimeRange({ from, to, clock = 'event' }: TimeRangeProps) {
  const { zone } = useUiEnvironment()
  const now = useNow(clock)
  return (
    <span className="nowrap" title={`${formatExactTime(from, zone)} to ${formatExactTime(to, zone)}`}>
      {formatRange(from, to, { now, zone })}
    </span>
  )
}
