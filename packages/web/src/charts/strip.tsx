import { type StateKind, stateMark, stateNames } from '../ui/state.tsx'

/** One period of a strip. */
export interface StripPeriod {
  /** For the summary and the tooltip: `24 Apr`. */
  readonly label: string
  readonly state: StateKind
}

interface StripProps {
  readonly periods: readonly StripPeriod[]
  /** For screen readers: what the row is about. */
  readonly label: string
  readonly width?: number
}

const heights: Record<StateKind, number> = { ok: 5, warn: 10, bad: 14, run: 7, person: 7, idle: 3, none: 5, cached: 3 }

/** Days in a row; height and colour together say the state, so that it reads in grey. */
export function Strip({ periods, label, width }: StripProps) {
  const step = width ? width / Math.max(1, periods.length) : 5.4
  const counts = new Map<StateKind, number>()
  for (const { state } of periods) counts.set(state, (counts.get(state) ?? 0) + 1)
  const words = [...counts]
    .map(([state, count]) => `${count} ${state === 'ok' ? 'in range' : stateNames[state]}`)
    .join(', ')
  return (
    <svg
      className="strip"
      width={Math.ceil(periods.length * step)}
      height="14"
      role="img"
      aria-label={`${label}: ${words}`}
    >
      {periods.map((period, index) => {
        const height = heights[period.state]
        const common = { x: index * step, y: 14 - height, width: Math.max(1, step - 1), height }
        const mark = stateMark(period.state)
        return (
          <g key={period.label}>
            <title>{`${period.label}, ${period.state === 'ok' ? 'in range' : stateNames[period.state]}`}</title>
            {period.state === 'none' ? (
              <rect
                x={common.x + 0.5}
                y={common.y + 0.5}
                width={common.width - 1}
                height={height - 1}
                fill="none"
                stroke={mark}
                strokeDasharray="1.5 1.5"
              />
            ) : (
              <rect {...common} fill={mark} fillOpacity={period.state === 'ok' ? 0.55 : 1} />
            )}
          </g>
        )
      })}
    </svg>
  )
}
