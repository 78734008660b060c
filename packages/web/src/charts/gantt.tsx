import { formatDuration } from '../ui/format-time.ts'
import { type StateKind, stateMark, stateNames, stateShape } from '../ui/state.tsx'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import { linearScale } from './scale.ts'
import { formatDurationTick } from './time-series-layout.ts'

/** One step: a bar in its state's colour, waiting as a thin line before it, cached as a tick. */
export interface GanttRow {
  readonly id: string
  readonly name: string
  readonly state: StateKind
  /** Milliseconds UTC; undefined before it waits. */
  readonly queuedAt?: number | undefined
  readonly startedAt?: number | undefined
  readonly endedAt?: number | undefined
  /** After the bar: `38 s, origin_recent_delays v2`; cached: `from run #30, 16 Apr`. */
  readonly note?: string | undefined
}

interface GanttProps {
  readonly label: string
  readonly rows: readonly GanttRow[]
  /** The end of the axis while it runs. */
  readonly now?: number | undefined
  readonly selected?: string | undefined
  readonly onSelect?: (id: string) => void
}

const rowHeight = 26
const steps = [
  100, 250, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
  7_200_000, 21_600_000, 86_400_000,
]

/** The steps of a run over time, in the order of the graph. */
export function Gantt({ label, rows, now, selected, onSelect }: GanttProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const starts = rows.flatMap((row) => [row.queuedAt, row.startedAt]).filter((at): at is number => at !== undefined)
  const from = starts.length > 0 ? Math.min(...starts) : 0
  const ends = rows.flatMap((row) => [row.endedAt, row.startedAt]).filter((at): at is number => at !== undefined)
  const to = Math.max(from + 1, ...ends, now ?? 0)
  const left = Math.min(220, Math.max(90, 19 + Math.max(0, ...rows.map((row) => row.name.length)) * 6.8 + 12))
  const widest = Math.max(left + 60, width - 8)
  const x = linearScale([from, to], [left, widest - noteRoom(rows, from, to, now ?? to, left, widest)])
  const step = steps.find((one) => (to - from) / one <= Math.max(2, (width - left) / 120)) ?? 86_400_000
  const ticks = Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => i * step)
  const height = rows.length * rowHeight + 6
  const took = (row: GanttRow) =>
    row.startedAt === undefined ? undefined : (row.endedAt ?? now ?? row.startedAt) - row.startedAt
  const longest = rows.reduce<GanttRow | undefined>(
    (best, row) => ((took(row) ?? 0) > (best ? (took(best) ?? 0) : 0) ? row : best),
    undefined,
  )
  return (
    <ChartFrame
      summary={`${label}: ${rows.length} steps in ${formatDuration(to - from)}${longest ? `, the longest is ${longest.name} with ${formatDuration(took(longest) ?? 0)}` : ''}.`}
      table={{
        columns: ['step', 'state', 'starts after', 'takes'],
        rows: rows.map((row) => [
          row.name,
          stateNames[row.state],
          row.startedAt === undefined ? null : formatDuration(row.startedAt - from),
          took(row) === undefined ? null : formatDuration(took(row) ?? 0),
        ]),
      }}
    >
      <div ref={attach}>
        {width > 0 && (
          <svg className="c" width={width} height={height + 20} role="group" aria-label={label}>
            {ticks.map((tick) => (
              <g key={tick} aria-hidden>
                <path d={`M${x(from + tick)} 2V${height}`} stroke="var(--grid)" />
                <text x={x(from + tick)} y={height + 15} textAnchor="middle">
                  {formatDurationTick(tick)}
                </text>
              </g>
            ))}
            {rows.map((row, index) => (
              <Bar
                key={row.id}
                row={row}
                y={3 + index * rowHeight}
                left={left}
                width={width}
                x={x}
                now={now ?? to}
                selected={row.id === selected}
                onSelect={onSelect}
              />
            ))}
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}

/** How much room the notes need that fit neither after nor before their bar. */
function noteRoom(
  rows: readonly GanttRow[],
  from: number,
  to: number,
  now: number,
  left: number,
  right: number,
): number {
  const at = linearScale([from, to], [left, right])
  const missing = rows.map((row) => {
    if (row.startedAt === undefined || !row.note) return 0
    const room = row.note.length * 6 + 12
    const end = at(row.state === 'cached' ? row.startedAt : (row.endedAt ?? now))
    return at(row.startedAt) - room > left ? 0 : end + room - right
  })
  return Math.min((right - left) * 0.35, Math.max(0, ...missing))
}

interface BarProps {
  readonly row: GanttRow
  readonly y: number
  readonly left: number
  readonly width: number
  readonly x: (at: number) => number
  readonly now: number
  readonly selected: boolean
  readonly onSelect: ((id: string) => void) | undefined
}

function Bar({ row, y, left, width, x, now, selected, onSelect }: BarProps) {
  const mark = stateMark(row.state)
  const start = row.startedAt === undefined ? undefined : x(row.startedAt)
  const end = row.startedAt === undefined ? undefined : x(row.endedAt ?? now)
  const cached = row.state === 'cached'
  const at = cached ? (start ?? left) : (end ?? start ?? left)
  const note = row.note ?? ''
  const room = note.length * 6 + 12
  const noteLeft = at + room > width && (start ?? left) - room > left
  const select = onSelect && {
    role: 'button',
    tabIndex: 0,
    'aria-pressed': selected,
    onClick: () => onSelect(row.id),
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      onSelect(row.id)
    },
  }
  return (
    <g className={onSelect ? 'gantt-row' : undefined} {...select}>
      <rect
        className="gantt-hover"
        y={y}
        width={width}
        height={rowHeight - 1}
        fill={selected ? 'var(--selected)' : 'transparent'}
      />
      <svg x="0" y={y + 7} width="12" height="12" viewBox="0 0 12 12" className={`gl gl-${row.state}`}>
        <title>{stateNames[row.state]}</title>
        {stateShape(row.state)}
      </svg>
      <text x="19" y={y + 17} style={{ fontSize: 12, fill: 'var(--text)' }}>
        {row.name}
      </text>
      <path d={`M0 ${y + rowHeight - 0.5}H${width}`} stroke="var(--line)" />
      {row.queuedAt !== undefined && start !== undefined && start - x(row.queuedAt) > 1 && (
        <path d={`M${x(row.queuedAt)} ${y + 12.5}H${start}`} stroke="var(--line-control)" />
      )}
      {cached && start !== undefined && <path d={`M${start} ${y + 6}v13`} stroke={mark} strokeWidth="2" />}
      {!cached && start !== undefined && end !== undefined && (
        <rect
          x={start}
          y={y + 6}
          width={Math.max(1.5, end - start)}
          height="13"
          rx="1.5"
          fill={mark}
          fillOpacity=".72"
        />
      )}
      {note !== '' && start !== undefined && (
        <text x={noteLeft ? start - 6 : at + 6} y={y + 17} textAnchor={noteLeft ? 'end' : 'start'}>
          {note}
        </text>
      )}
    </g>
  )
}
