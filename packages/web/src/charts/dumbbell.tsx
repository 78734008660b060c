import type { ReactNode } from 'react'
import { formatCount } from '../ui/format-number.ts'
import { useWidth } from '../ui/use-width.ts'
import { formatValue } from '../ui/value.tsx'
import { ChartFrame } from './chart-frame.tsx'
import { type ChartForm, type SeriesColor, seriesStroke } from './chart-types.ts'
import { linearScale, niceDomain, niceTicks } from './scale.ts'
import { formatTick } from './time-series-layout.ts'

/** One slice: baseline hollow, candidate filled with its interval. */
export interface DumbbellRow {
  readonly name: string
  readonly count: number
  readonly baseline: number | null
  readonly candidate: number | null
  readonly low?: number | null
  readonly high?: number | null
}

interface DumbbellProps {
  readonly title: string
  readonly how?: ReactNode
  readonly rows: readonly DumbbellRow[]
  readonly form?: ChartForm
  readonly color?: SeriesColor
  readonly summary?: string
  readonly caption?: ReactNode
  readonly names?: { readonly baseline: string; readonly candidate: string }
}

const rowHeight = 20.8

/** Two things compared slice by slice; sort by count or by loss before. */
export function Dumbbell({
  title,
  how,
  rows,
  form = 'number',
  color = 's1',
  summary,
  caption,
  names = { baseline: 'baseline', candidate: 'candidate' },
}: DumbbellProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const values = rows
    .flatMap((row) => [row.baseline, row.candidate, row.low, row.high])
    .filter((n): n is number => typeof n === 'number')
  const domain = niceDomain(Math.min(...values), Math.max(...values), { count: 4 })
  const { ticks, decimals } = niceTicks(domain[0], domain[1], 4)
  const longest = Math.max(3, ...rows.map((row) => row.name.length))
  const nameWidth = Math.min(180, longest * 6.4 + 4)
  const left = nameWidth + 60
  const x = linearScale(domain, [left + 8, Math.max(left + 60, width - 12)])
  const height = rows.length * rowHeight
  const better = rows.filter(
    (row) => row.baseline !== null && row.candidate !== null && row.candidate > row.baseline,
  ).length
  return (
    <ChartFrame
      title={title}
      how={how}
      caption={caption}
      summary={summary ?? `${names.candidate} is higher than ${names.baseline} in ${better} of ${rows.length} slices.`}
      table={{
        columns: ['slice', 'rows', names.baseline, names.candidate, 'low', 'high'],
        rows: rows.map((row) => [row.name, row.count, row.baseline, row.candidate, row.low ?? null, row.high ?? null]),
      }}
    >
      <div ref={attach}>
        {width > 0 && (
          <svg className="c" width={width} height={height + 24} aria-hidden>
            {ticks.map((tick) => (
              <g key={tick}>
                <path d={`M${x(tick)} 0V${height}`} stroke="var(--grid)" />
                <text x={x(tick)} y={height + 15} textAnchor="middle">
                  {formatTick(tick, form, decimals)}
                </text>
              </g>
            ))}
            {rows.map((row, index) => {
              const y = index * rowHeight + rowHeight / 2
              const both = row.baseline !== null && row.candidate !== null
              return (
                <g key={row.name}>
                  <title>{`${row.name}: ${row.baseline === null ? 'none' : formatValue(row.baseline, form)}, then ${row.candidate === null ? 'none' : formatValue(row.candidate, form)}`}</title>
                  <text x="0" y={y + 3.5} className="tt">
                    {row.name.length * 6.4 > 180 ? `${row.name.slice(0, 13)}…${row.name.slice(-12)}` : row.name}
                  </text>
                  <text x={left - 16} y={y + 3.5} textAnchor="end">
                    {formatCount(row.count)}
                  </text>
                  {both && <path d={`M${x(row.baseline)} ${y}H${x(row.candidate)}`} stroke="var(--line-strong)" />}
                  {typeof row.low === 'number' && typeof row.high === 'number' && (
                    <path d={`M${x(row.low)} ${y}H${x(row.high)}`} stroke={seriesStroke(color)} strokeOpacity=".55" />
                  )}
                  {row.candidate !== null && <circle cx={x(row.candidate)} cy={y} r="3.5" fill={seriesStroke(color)} />}
                  {row.baseline !== null && (
                    <circle
                      cx={x(row.baseline)}
                      cy={y}
                      r="3.2"
                      fill="var(--surface)"
                      stroke="var(--base)"
                      strokeWidth="1.5"
                    />
                  )}
                </g>
              )
            })}
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}
