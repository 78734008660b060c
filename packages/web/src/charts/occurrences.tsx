import { AppLink } from '../ui/app-link.tsx'
import { useUiEnvironment } from '../ui/environment.tsx'
import { formatDuration, formatExactTime } from '../ui/format-time.ts'
import { type StateKind, stateMark, stateNames } from '../ui/state.tsx'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import { linearScale, timeTicks } from './scale.ts'

/** One thing that ran. */
export interface Occurrence {
  readonly id: string
  readonly from: number
  readonly to?: number | undefined
  readonly state: StateKind
  readonly href?: string | undefined
}

interface OccurrencesProps {
  readonly label: string
  readonly rows: readonly {
    readonly name: string
    readonly href?: string | undefined
    readonly items: readonly Occurrence[]
  }[]
  readonly domain: readonly [number, number]
  /** The present, drawn as a line. */
  readonly now?: number | undefined
}

const rowHeight = 24

/** What ran when: one row per pipeline, one mark per run. */
export function Occurrences({ label, rows, domain, now }: OccurrencesProps) {
  const { zone } = useUiEnvironment()
  const [attach, width] = useWidth<HTMLDivElement>()
  const left = Math.min(200, Math.max(90, Math.max(0, ...rows.map((row) => row.name.length)) * 6.8 + 16))
  const x = linearScale(domain, [left, Math.max(left + 60, width - 10)])
  const height = rows.length * rowHeight
  const end = now ?? domain[1]
  const failed = rows.reduce((sum, row) => sum + row.items.filter((item) => item.state === 'bad').length, 0)
  const total = rows.reduce((sum, row) => sum + row.items.length, 0)
  return (
    <ChartFrame
      summary={`${label}: ${total} in all, ${failed} failed.`}
      table={{
        columns: ['', 'at', 'state', 'took'],
        rows: rows.flatMap((row) =>
          row.items.map((item) => [
            row.name,
            formatExactTime(item.from, zone),
            stateNames[item.state],
            formatDuration((item.to ?? end) - item.from),
          ]),
        ),
      }}
    >
      <div ref={attach}>
        {width > 0 && (
          <svg className="c" width={width} height={height + 22} role="group" aria-label={label}>
            {timeTicks(domain[0], domain[1], zone, Math.max(2, Math.min(7, Math.floor((width - left) / 90)))).map(
              (tick) => (
                <g key={tick.at} aria-hidden>
                  <path d={`M${x(tick.at)} 0V${height}`} stroke="var(--grid)" />
                  <text x={x(tick.at)} y={height + 15} textAnchor="middle">
                    {tick.label}
                  </text>
                </g>
              ),
            )}
            {rows.map((row, index) => {
              const y = index * rowHeight
              const name = (
                <text x="0" y={y + 16} style={{ fontSize: 12, fill: 'var(--text-2)' }}>
                  {row.name}
                </text>
              )
              return (
                <g key={row.name}>
                  {row.href ? <AppLink href={row.href}>{name}</AppLink> : name}
                  <path d={`M${left} ${y + rowHeight - 0.5}H${width}`} stroke="var(--line)" />
                  {row.items.map((item) => {
                    const at = x(item.from)
                    const bar = (
                      <rect
                        x={at}
                        y={y + 6}
                        width={Math.max(4.5, x(item.to ?? end) - at)}
                        height="12"
                        rx="1"
                        fill={stateMark(item.state)}
                        fillOpacity={item.state === 'ok' ? 0.6 : 1}
                      >
                        <title>{`${row.name}, ${stateNames[item.state]}, ${formatExactTime(item.from, zone)}`}</title>
                      </rect>
                    )
                    return item.href ? (
                      <AppLink
                        key={item.id}
                        href={item.href}
                        aria-label={`${row.name}, ${stateNames[item.state]}, ${formatExactTime(item.from, zone)}`}
                      >
                        {bar}
                      </AppLink>
                    ) : (
                      <g key={item.id}>{bar}</g>
                    )
                  })}
                </g>
              )
            })}
            {now !== undefined && <path d={`M${x(now)} 0V${height}`} stroke="var(--text)" />}
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}
