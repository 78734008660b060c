import { type ReactNode, useState } from 'react'
import { formatNumber } from '../ui/format-number.ts'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import { type SeriesColor, seriesStroke, seriesText } from './chart-types.ts'
import { linearScale, niceDomain, niceTicks } from './scale.ts'
import { logTicks, placeScatter, type ScatterPoint } from './scatter-layout.ts'
import { formatTick } from './time-series-layout.ts'

interface ScatterProps {
  readonly title: string
  readonly how?: ReactNode
  readonly points: readonly ScatterPoint[]
  /** Names of both axes. */
  readonly names: { readonly x: string; readonly y: string }
  /** Points that stand out, with their names beside them. */
  readonly marked?: ReadonlyMap<string, SeriesColor>
  readonly height?: number
  readonly onOpen?: (id: string) => void
  readonly caption?: ReactNode
}

/** Things by two of their numbers; `x` may be words, which then stand side by side. */
export function Scatter({ title, how, points, names, marked, height = 170, onOpen, caption }: ScatterProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const [hovered, setHovered] = useState<string>()
  const { placed, kind, ticks: words } = placeScatter(points)
  const ys = placed.map((point) => point.y)
  const y0 = niceDomain(Math.min(...ys), Math.max(...ys), { count: 4 })
  const yTicks = niceTicks(y0[0], y0[1], 4)
  const yText = (tick: number) => formatTick(tick, 'number', yTicks.decimals)
  const left = Math.max(24, ...yTicks.ticks.map((tick) => yText(tick).length * 6.4 + 8))
  const [top, bottom] = [8, height - 22]
  const y = linearScale(y0, [bottom, top])
  const xs = placed.map((point) => point.at)
  const [lowest, highest] = [Math.min(...xs), Math.max(...xs)]
  const x0: readonly [number, number] =
    kind === 'words'
      ? [-0.5, words.length - 0.5]
      : kind === 'log'
        ? [lowest - (highest - lowest) * 0.06, highest + (highest - lowest) * 0.06]
        : niceDomain(lowest, highest, { count: 5 })
  const x = linearScale(x0, [left + 6, Math.max(left + 60, width - 10)])
  const ordered = placed.toSorted((a, b) => Number(marked?.has(a.id) ?? false) - Number(marked?.has(b.id) ?? false))
  const over = placed.find((point) => point.id === hovered)
  const room = words.length === 0 ? 0 : (width - left) / words.length
  const numbers = niceTicks(x0[0], x0[1], 5)
  const xTicks =
    kind === 'words'
      ? []
      : kind === 'log'
        ? logTicks(x0[0], x0[1]).map((value) => ({ at: Math.log10(value), label: formatPlain(value) }))
        : numbers.ticks.map((at) => ({ at, label: formatTick(at, 'number', numbers.decimals) }))
  return (
    <ChartFrame
      title={title}
      how={
        <>
          {how}
          {kind === 'log' && ', logarithmic'}
        </>
      }
      caption={caption}
      summary={`${placed.length} points of ${names.y} against ${names.x}.`}
      table={{
        columns: ['name', names.x, names.y],
        rows: placed.map((point) => [point.label, point.x, point.y]),
      }}
    >
      <div ref={attach} style={{ height }}>
        {width > 0 && (
          // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- leaving the picture ends the hovering; the table above holds the same
          <svg className="c" width={width} height={height} aria-hidden onMouseLeave={() => setHovered(undefined)}>
            {yTicks.ticks.map((tick) => (
              <g key={tick}>
                <path d={`M${left} ${y(tick)}H${width}`} stroke="var(--grid)" />
                <text x={left - 6} y={y(tick) + 3.5} textAnchor="end">
                  {yText(tick)}
                </text>
              </g>
            ))}
            <path d={`M${left} ${bottom}H${width}`} stroke="var(--axis)" />
            {xTicks.map((tick) => (
              <text key={tick.at} x={x(tick.at)} y={height - 6} textAnchor="middle">
                {tick.label}
              </text>
            ))}
            {kind === 'words' &&
              words.map((word, index) => (
                <text key={word} x={x(index)} y={height - 6} textAnchor="middle">
                  <title>{word}</title>
                  {word.length * 6.4 > room ? `${word.slice(0, Math.max(2, Math.floor(room / 6.4) - 1))}…` : word}
                </text>
              ))}
            {ordered.map((point) => {
              const color = marked?.get(point.id)
              return (
                // oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- the list of the page opens the same things by keyboard
                <circle
                  key={point.id}
                  cx={x(point.at)}
                  cy={y(point.y)}
                  r={color ? 4.2 : 3.4}
                  fill={seriesStroke(color ?? 'base')}
                  fillOpacity={color ? 1 : 0.55}
                  stroke="var(--surface)"
                  style={onOpen ? { cursor: 'pointer' } : undefined}
                  onMouseEnter={() => setHovered(point.id)}
                  onClick={onOpen && (() => onOpen(point.id))}
                />
              )
            })}
            {over && (
              <text
                className="lb"
                x={Math.min(x(over.at) + 8, width - 8)}
                y={Math.max(12, y(over.y) - 7)}
                textAnchor={x(over.at) > width * 0.6 ? 'end' : 'start'}
                style={{ fill: seriesText(marked?.get(over.id) ?? 'base'), pointerEvents: 'none' }}
              >
                {`${over.label}: ${formatNumber(over.y)} at ${typeof over.x === 'number' ? formatNumber(over.x) : over.x}`}
              </text>
            )}
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}

/** `0.05`, not `0.05000`: ticks are round. */
const formatPlain = (value: number): string =>
  value >= 1000 ? formatTick(value, 'number', 0) : String(Number(value.toPrecision(3)))
