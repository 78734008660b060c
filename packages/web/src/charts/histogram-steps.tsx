import { histogramQuantiles } from '@trivium/contract'
import { type KeyboardEvent, memo, type PointerEvent, type ReactNode, useMemo, useState } from 'react'
import { useUiEnvironment } from '../ui/environment.tsx'
import { formatCount, formatNumber, formatShare } from '../ui/format-number.ts'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import type { ColoredSeries } from './chart-types.ts'
import { cellPaths, type HistogramCells, histogramCells, nearestOf, type StepHistogram } from './histogram-cells.ts'
import { linearScale } from './scale.ts'
import { TimeSeriesLines } from './time-series-lines.tsx'
import { layoutTimeSeries } from './time-series-layout.ts'
import { endLabelsOf, linesForExport } from './time-series-parts.tsx'

interface HistogramStepsProps {
  readonly title: string
  readonly how?: ReactNode
  /** By step. */
  readonly points: readonly StepHistogram[]
  readonly height?: number
  readonly syncKey?: string
  /** Drag zooms; double click calls it without a range. */
  readonly onRange?: (range: readonly [number, number] | undefined) => void
  readonly caption?: ReactNode
}

const levels = 6
const rows = 48
const quantiles = [
  { id: 'p95', share: 0.95 },
  { id: 'p50', share: 0.5 },
  { id: 'p5', share: 0.05 },
] as const

/** How values were spread at each step: the stronger the colour, the more of them; lines are quantiles. The cross-hair is that of the curves with the same key. */
export function HistogramSteps({ title, how, points, height = 190, syncKey, onRange, caption }: HistogramStepsProps) {
  const { zone } = useUiEnvironment()
  const [attach, width] = useWidth<HTMLDivElement>()
  const [hair, setHair] = useState<number>()
  const [cell, setCell] = useState<{ readonly step: number; readonly row: number }>()
  const cells = useMemo(() => histogramCells(points, rows), [points])
  const own = useMemo(() => [...new Map(points.map((one) => [one.step, one])).values()], [points])
  const [low, high] = cells.range
  const series = useMemo(
    () =>
      quantiles.map(
        ({ id, share }): ColoredSeries => ({
          id,
          label: id,
          color: 's2',
          points: own.map((one) => ({
            x: one.step,
            y: within(histogramQuantiles(one, [share])[0] ?? null, [low, high]),
          })),
        }),
      ),
    [own, low, high],
  )
  const table = useMemo(() => tableOf(own), [own])
  const layout = layoutTimeSeries({
    width: Math.max(width, 160),
    height,
    form: 'number',
    x: 'number',
    zone,
    series,
    thresholds: [],
    range: cells.range,
    domain: [cells.borders[0] as number, cells.borders.at(-1) as number],
    fromZero: false,
    yTicks: 4,
    hasTop: false,
    endLabels: true,
  })
  const { plot, domainX, domainY } = layout
  const toX = linearScale(domainX, [0, plot.width])
  const toY = linearScale(domainY, [plot.height, 0])
  const [begin, end] = domainX
  const at = cell?.step ?? hair
  const column = at === undefined ? undefined : nearestOf(cells.steps, at)
  const shown = column === undefined ? undefined : own[column]

  const point = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const [x, y] = [event.clientX - box.left - plot.left, event.clientY - box.top - plot.top]
    if (x < 0 || x > plot.width || y < 0 || y > plot.height) return setCell(undefined)
    const step = begin + (x / plot.width) * (end - begin)
    setCell({
      step: cells.steps[nearestOf(cells.steps, step)] as number,
      row: Math.min(rows - 1, Math.floor((1 - y / plot.height) * rows)),
    })
  }
  const walk = (event: KeyboardEvent<HTMLDivElement>) => {
    const move = moves[event.key]
    if (event.key === 'Escape') return setCell(undefined)
    if (!move || own.length === 0) return undefined
    event.preventDefault()
    const from = column ?? own.length - 1
    const next = Math.max(0, Math.min(own.length - 1, from + move[0] * (event.shiftKey ? 10 : 1)))
    const row = Math.max(0, Math.min(rows - 1, (cell?.row ?? middleRow(cells.shares[next])) + move[1]))
    return setCell({ step: cells.steps[next] as number, row })
  }

  return (
    <ChartFrame title={title} how={how} summary={summaryOf(own)} table={table} caption={caption}>
      <div
        className="ts hist"
        ref={attach}
        style={{ height }}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the arrow keys walk over its cells
        tabIndex={0}
        role="group"
        aria-label={`${title}: the arrow keys walk over steps and bins`}
        onPointerMove={point}
        onPointerLeave={() => setCell(undefined)}
        onKeyDown={walk}
        onBlur={() => setCell(undefined)}
      >
        {width > 0 && own.length > 0 && (
          <>
            <svg className="c" width={width} height={height} aria-hidden>
              <g transform={`translate(${plot.left} ${plot.top})`}>
                <Cells cells={cells} begin={begin} end={end} width={plot.width} height={plot.height} />
                {layout.yTicks.map((tick) => (
                  <text key={tick.value} x={-6} y={toY(tick.value) + 3.5} textAnchor="end">
                    {tick.label}
                  </text>
                ))}
                {layout.xTicks.map((tick) => (
                  <g key={tick.at}>
                    <path d={`M${toX(tick.at)} ${plot.height}v4`} stroke="var(--axis)" />
                    <text x={toX(tick.at)} y={plot.height + 15} textAnchor="middle">
                      {tick.label}
                    </text>
                  </g>
                ))}
                <path d={`M0 ${plot.height}H${plot.width}`} stroke="var(--axis)" />
              </g>
            </svg>
            <TimeSeriesLines
              series={series}
              plot={plot}
              domainX={domainX}
              domainY={domainY}
              onCursor={setHair}
              onRange={onRange}
              syncKey={syncKey}
              svgLines={linesForExport(series, plot, toX, toY)}
            />
            <svg className="c ts-over" width={width} height={height} aria-hidden>
              <g transform={`translate(${plot.left} ${plot.top})`}>
                {endLabelsOf(series, [], toY, plot.height).map((label) => (
                  <text
                    key={label.id}
                    className="lb"
                    x={plot.width + 6}
                    y={label.y + 3.5}
                    style={{ fill: label.color }}
                  >
                    {label.label}
                  </text>
                ))}
                {cell && column !== undefined && (
                  <rect
                    x={toX(cells.borders[column] as number)}
                    y={plot.height - ((cell.row + 1) / rows) * plot.height}
                    width={Math.max(2, toX(cells.borders[column + 1] as number) - toX(cells.borders[column] as number))}
                    height={plot.height / rows}
                    fill="none"
                    stroke="var(--text)"
                  />
                )}
              </g>
            </svg>
            {shown && (
              <Readout
                point={shown}
                value={cell && low + ((cell.row + 0.5) / rows) * (high - low)}
                side={
                  toX(shown.step) > plot.width / 2
                    ? { left: plot.left + 6 }
                    : { right: width - plot.left - plot.width + 6 }
                }
                top={plot.top + 4}
              />
            )}
          </>
        )}
      </div>
      <p className="sr-only" aria-live="polite">
        {cell && shown ? wordsOf(shown, low + ((cell.row + 0.5) / rows) * (high - low)) : ''}
      </p>
    </ChartFrame>
  )
}

interface CellsProps {
  readonly cells: HistogramCells
  readonly begin: number
  readonly end: number
  readonly width: number
  readonly height: number
}

/** Drawn anew when the histograms or the room change, not when the pointer moves. */
const Cells = memo(function Cells({ cells, begin, end, width, height }: CellsProps) {
  return cellPaths(cells, linearScale([begin, end], [0, width]), height, levels).map((path, level) => (
    <path key={`seq-${level + 1}`} d={path} fill={`var(--seq-${level + 1})`} shapeRendering="crispEdges" />
  ))
})

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
}

const middleRow = (shares: Float64Array | undefined): number =>
  shares === undefined ? 0 : Math.max(0, shares.indexOf(Math.max(...shares)))

const within = (value: number | null, [low, high]: readonly [number, number]): number | null =>
  value === null ? null : Math.min(high, Math.max(low, value))

/** The bin of the histogram itself that holds a value: rows are only how it is drawn. */
function binOf(
  { edges, counts }: StepHistogram,
  value: number,
): { from: number; to: number; count: number } | undefined {
  const index = edges.findLastIndex((edge) => edge <= value)
  if (index < 0 || index >= counts.length) return undefined
  return { from: edges[index] as number, to: edges[index + 1] as number, count: counts[index] as number }
}

interface ReadoutProps {
  readonly point: StepHistogram
  /** Where the pointer is; undefined where it is on another chart. */
  readonly value: number | undefined
  readonly side: { readonly left: number } | { readonly right: number }
  readonly top: number
}

function Readout({ point, value, side, top }: ReadoutProps) {
  const bin = value === undefined ? undefined : binOf(point, value)
  return (
    <table className="ts-cursor" style={{ ...side, top }} aria-hidden>
      <caption>{`step ${formatCount(point.step)}`}</caption>
      <tbody>
        <tr>
          <th>values</th>
          <td>{formatCount(point.count)}</td>
        </tr>
        {value !== undefined && (
          <tr>
            <th>{bin ? `${formatNumber(bin.from)} to ${formatNumber(bin.to)}` : `at ${formatNumber(value)}`}</th>
            <td>{bin ? `${formatNumber(bin.count)}, ${formatShare(bin.count / Math.max(1, point.count))}` : 'none'}</td>
          </tr>
        )}
        {quantiles.map(({ id, share }) => (
          <tr key={id}>
            <th style={{ color: 'var(--s2-text)' }}>{id}</th>
            <td>{numberText(histogramQuantiles(point, [share])[0])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : formatNumber(value)

function wordsOf(point: StepHistogram, value: number): string {
  const bin = binOf(point, value)
  const [p5, p50, p95] = histogramQuantiles(point, [0.05, 0.5, 0.95]).map(numberText)
  const held = bin
    ? `${formatNumber(bin.count)} of ${formatCount(point.count)} values from ${formatNumber(bin.from)} to ${formatNumber(bin.to)}`
    : `no value at ${formatNumber(value)}`
  return `Step ${point.step}: ${held}; p5 ${p5}, p50 ${p50}, p95 ${p95}.`
}

function summaryOf(points: readonly StepHistogram[]): string {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return 'no histogram yet.'
  const words = (one: StepHistogram) => {
    const [p5, p50, p95] = histogramQuantiles(one, [0.05, 0.5, 0.95]).map(numberText)
    return `p5 ${p5}, p50 ${p50}, p95 ${p95} at step ${one.step}`
  }
  return first === last ? `${words(first)}.` : `${points.length} steps; ${words(first)}; ${words(last)}.`
}

function tableOf(points: readonly StepHistogram[]) {
  return {
    columns: ['step', 'values', 'least', 'p5', 'p50', 'p95', 'most'],
    rows: points.map((one) => [
      one.step,
      one.count,
      one.min,
      ...histogramQuantiles(one, [0.05, 0.5, 0.95]).map((value) => value && Number(value.toPrecision(6))),
      one.max,
    ]),
  }
}
