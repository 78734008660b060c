import { type PointerEvent, type ReactNode, useId, useMemo, useState } from 'react'
import { formatNumber } from '../ui/format-number.ts'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import { type SeriesColor, seriesStroke } from './chart-types.ts'
import { type Brush, inBrush, type ParallelLine, parallelAxis } from './parallel-layout.ts'
import { linearScale } from './scale.ts'
import { linePath } from './svg-path.ts'

interface ParallelProps {
  readonly title: string
  readonly how?: ReactNode
  /** Names of the axes, in order. */
  readonly axes: readonly string[]
  readonly lines: readonly ParallelLine[]
  /** By the index of the axis. */
  readonly brushes?: ReadonlyMap<number, Brush>
  /** A stretch of an axis was drawn over; undefined takes its brush away. */
  readonly onBrush?: (axis: number, brush: Brush | undefined) => void
  /** The axis that lines are coloured by, from light to dark as the value rises. */
  readonly colorBy?: number | undefined
  readonly marked?: ReadonlyMap<string, SeriesColor>
  readonly height?: number
  readonly onOpen?: (id: string) => void
  readonly caption?: ReactNode
}

const [top, foot] = [26, 12]

/** Things as lines over parallel axes; drawing over an axis keeps the lines that pass there. */
export function Parallel(props: ParallelProps) {
  const { title, how, axes: names, lines, brushes, onBrush, colorBy, marked, height = 260, onOpen, caption } = props
  const [attach, width] = useWidth<HTMLDivElement>()
  const [hovered, setHovered] = useState<string>()
  const [drawing, setDrawing] = useState<{ axis: number; from: number; to: number }>()
  const id = useId()
  const axes = useMemo(
    () =>
      names.map((name, index) =>
        parallelAxis(
          name,
          lines.map((line) => line.values[index]),
        ),
      ),
    [names, lines],
  )
  const longest = Math.max(0, ...(axes.at(-1)?.ticks ?? []).map((tick) => Math.min(14, tick.label.length)))
  const x = linearScale([0, Math.max(1, axes.length - 1)], [22, Math.max(120, width - longest * 6.2 - 24)])
  const room = axes.length > 1 ? x(1) - x(0) : width
  const y = linearScale([0, 1], [height - foot, top])
  const kept = (line: ParallelLine) => [...(brushes ?? [])].every(([at, brush]) => inBrush(brush, line.values[at]))
  const drawn = lines.map((line) => ({
    line,
    on: kept(line),
    path: linePath(
      axes.map((axis, index) => {
        const share = axis.share(line.values[index])
        return share === undefined ? null : [x(index), y(share)]
      }),
    ),
  }))
  const left = drawn.filter((one) => one.on).length
  const stroke = (line: ParallelLine): string => {
    const mark = marked?.get(line.id)
    if (mark) return seriesStroke(mark)
    const share = colorBy === undefined ? undefined : axes[colorBy]?.share(line.values[colorBy])
    return share === undefined ? 'var(--text-3)' : `var(--seq-${2 + Math.round(Math.max(0, Math.min(1, share)) * 4)})`
  }
  const over = drawn.find((one) => one.line.id === hovered)
  const shareAt = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    return Math.max(0, Math.min(1, (box.bottom - 6 - event.clientY) / (box.height - 12)))
  }
  return (
    <ChartFrame
      title={title}
      how={how}
      caption={caption}
      summary={`${lines.length} lines over ${names.join(', ')}${(brushes?.size ?? 0) > 0 ? `; ${left} lie in what is marked` : ''}.`}
      table={{
        columns: ['name', ...names],
        rows: drawn
          .filter((one) => one.on)
          .map(({ line }) => [line.label, ...names.map((_, i) => line.values[i] ?? null)]),
      }}
    >
      <div ref={attach} style={{ height }} className="par">
        {width > 0 && (
          // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- leaving the picture ends the hovering; the table of the page holds the same
          <svg className="c" width={width} height={height} aria-hidden onMouseLeave={() => setHovered(undefined)}>
            {[false, true].map((on) =>
              drawn
                .filter((one) => one.on === on)
                .map(({ line, path }) => (
                  // oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- the table of the page opens the same things by keyboard
                  <path
                    key={line.id}
                    d={path}
                    fill="none"
                    stroke={on ? stroke(line) : 'var(--line-strong)'}
                    strokeWidth={on && marked?.has(line.id) ? 2.2 : 1.2}
                    strokeOpacity={on ? (lines.length > 200 ? 0.55 : 0.9) : 0.35}
                    style={onOpen && on ? { cursor: 'pointer' } : undefined}
                    onMouseEnter={on ? () => setHovered(line.id) : undefined}
                    onClick={onOpen && on ? () => onOpen(line.id) : undefined}
                  />
                )),
            )}
            {over && <path d={over.path} fill="none" stroke="var(--text)" strokeWidth="2.4" pointerEvents="none" />}
            {axes.map((axis, index) => {
              const brush = brushes?.get(index)
              const reach = drawing?.axis === index ? [drawing.from, drawing.to] : brush && axis.reach(brush)
              const most = Math.max(4, Math.floor(room / 6.6) - 2)
              return (
                <g key={`${id}-${axis.name}`}>
                  <text
                    className="tt lb"
                    x={index === 0 ? 0 : x(index)}
                    y={11}
                    textAnchor={index === 0 ? 'start' : index === axes.length - 1 ? 'end' : 'middle'}
                    dx={index === axes.length - 1 ? longest * 6.2 : 0}
                  >
                    <title>{axis.name}</title>
                    {axis.name.length > most ? `${axis.name.slice(0, most - 1)}…` : axis.name}
                  </text>
                  <path d={`M${x(index)} ${top}V${height - foot}`} stroke="var(--line-control)" />
                  {axis.ticks.map((tick) => (
                    <g key={tick.label}>
                      <path d={`M${x(index)} ${y(tick.share)}h4`} stroke="var(--line-control)" />
                      <text
                        x={x(index) + 6}
                        y={y(tick.share) + 3.5}
                        stroke="var(--surface)"
                        strokeWidth="3"
                        paintOrder="stroke"
                      >
                        {tick.label.length > 14 ? `${tick.label.slice(0, 13)}…` : tick.label}
                      </text>
                    </g>
                  ))}
                  {reach && (
                    <rect
                      x={x(index) - 6}
                      width={12}
                      y={y(Math.min(1.03, Math.max(reach[0] ?? 0, reach[1] ?? 0)))}
                      height={Math.max(2, Math.abs(y(reach[0] ?? 0) - y(reach[1] ?? 0)))}
                      fill="var(--accent)"
                      fillOpacity=".22"
                      stroke="var(--accent)"
                    />
                  )}
                  {onBrush && (
                    <rect
                      className="par-axis"
                      data-axis={axis.name}
                      x={x(index) - 12}
                      width={24}
                      y={top - 6}
                      height={height - top - foot + 12}
                      onPointerDown={(event) => {
                        event.currentTarget.setPointerCapture(event.pointerId)
                        const at = shareAt(event)
                        setDrawing({ axis: index, from: at, to: at })
                      }}
                      onPointerMove={(event) => {
                        if (drawing?.axis === index) setDrawing({ ...drawing, to: shareAt(event) })
                      }}
                      onPointerUp={() => {
                        if (drawing === undefined) return
                        const found =
                          Math.abs(drawing.to - drawing.from) < 0.015
                            ? undefined
                            : axis.brushOf(drawing.from, drawing.to)
                        onBrush(index, found && 'words' in found && found.words.length === 0 ? undefined : found)
                        setDrawing(undefined)
                      }}
                    />
                  )}
                </g>
              )
            })}
            {over && (
              <text className="tt lb" x={width / 2} y={height} textAnchor="middle" pointerEvents="none">
                {`${over.line.label}: ${names.map((name, i) => `${name} ${written(over.line.values[i])}`).join(', ')}`.slice(
                  0,
                  Math.floor(width / 6.4),
                )}
              </text>
            )}
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}

const written = (value: number | string | undefined): string =>
  typeof value === 'number' ? formatNumber(value) : (value ?? '–')
