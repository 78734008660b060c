import type { ReactNode } from 'react'
import { type StateKind, stateMark } from '../ui/state.tsx'
import { useWidth } from '../ui/use-width.ts'
import { formatValue } from '../ui/value.tsx'
import { ChartFrame } from './chart-frame.tsx'
import { type ChartForm, type SeriesColor, seriesStroke } from './chart-types.ts'
import { durationTicks, linearScale, niceDomain, niceTicks } from './scale.ts'
import { formatTick } from './time-series-layout.ts'

/** One bar. */
export interface BarItem {
  readonly label: string
  readonly value: number
  /** Colours the bar: failed runs. */
  readonly state?: StateKind | undefined
  /** The one that the page is about. */
  readonly current?: boolean | undefined
  /** Under the axis, in the state's colour: `gate blocked`. */
  readonly note?: string | undefined
}

interface BarsProps {
  readonly title: string
  readonly how?: ReactNode
  readonly items: readonly BarItem[]
  readonly form?: ChartForm
  readonly color?: SeriesColor
  readonly height?: number
  readonly summary?: string
  readonly caption?: ReactNode
}

/** Amounts side by side, from zero: rows by version, time by run, labels by day. */
export function Bars({
  title,
  how,
  items,
  form = 'number',
  color = 'base',
  height = 130,
  summary,
  caption,
}: BarsProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const top = form === 'share' ? 1 : Math.max(0, ...items.map((item) => item.value))
  const domain = niceDomain(0, top || 1, { count: 3, fromZero: true })
  const { ticks, decimals } = (form === 'duration' ? durationTicks : niceTicks)(domain[0], domain[1], 3)
  const labels = ticks.map((tick) =>
    form === 'number' || form === 'count' ? compact(tick) : formatTick(tick, form, decimals),
  )
  const plot = {
    left: Math.max(28, Math.max(...labels.map((label) => label.length)) * 6 + 8),
    top: 8,
    width: 0,
    height: height - 8 - 22,
  }
  plot.width = Math.max(40, width - plot.left - 4)
  const y = linearScale(domain, [plot.height, 0])
  const step = Math.min(44, plot.width / Math.max(1, items.length))
  const every = Math.max(1, Math.ceil(46 / step))
  const last = items.at(-1)
  return (
    <ChartFrame
      title={title}
      how={how}
      caption={caption}
      summary={
        summary ??
        (last ? `${items.length} bars, the last, ${last.label}, is ${formatValue(last.value, form)}.` : 'nothing yet.')
      }
      table={{ columns: ['', title], rows: items.map((item) => [item.label, item.value]) }}
    >
      <div ref={attach}>
        {width > 0 && (
          <svg className="c" width={width} height={height} aria-hidden>
            <g transform={`translate(${plot.left} ${plot.top})`}>
              {ticks.map((tick, index) => (
                <g key={tick}>
                  <path d={`M0 ${y(tick)}H${plot.width}`} stroke={index === 0 ? 'var(--axis)' : 'var(--grid)'} />
                  <text x={-6} y={y(tick) + 3.5} textAnchor="end">
                    {labels[index]}
                  </text>
                </g>
              ))}
              {items.map((item, index) => {
                const fill =
                  item.state && item.state !== 'ok'
                    ? stateMark(item.state)
                    : item.state === 'ok'
                      ? stateMark('ok')
                      : item.current
                        ? 'var(--s6)'
                        : seriesStroke(color)
                const strong = item.current || item.state === 'bad'
                return (
                  <g key={item.label}>
                    <title>{`${item.label}: ${formatValue(item.value, form)}${item.note ? `, ${item.note}` : ''}`}</title>
                    <rect
                      x={index * step + 1}
                      y={y(item.value)}
                      width={Math.max(1, step - 3)}
                      height={Math.max(0, plot.height - y(item.value))}
                      fill={fill}
                      fillOpacity={strong ? 1 : item.state ? 0.45 : 0.35}
                    />
                    {(index % every === 0 || index === items.length - 1) &&
                      !(index !== items.length - 1 && items.length - 1 - index < every) && (
                        <text x={index * step + step / 2} y={plot.height + 14} textAnchor="middle">
                          {item.label}
                        </text>
                      )}
                  </g>
                )
              })}
            </g>
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}

function compact(value: number): string {
  if (Math.abs(value) >= 1e6) return `${value / 1e6} M`
  return Math.abs(value) >= 1e4 ? `${value / 1e3} k` : formatValue(value, Number.isInteger(value) ? 'count' : 'number')
}
