import { useEffect, useEffectEvent, useRef } from 'react'
import './valid-language.ts'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { type ChartSeries, type ColoredSeries, dashOf } from './chart-types.ts'
import { useTokenColor } from './use-token-colors.ts'

interface TimeSeriesLinesProps {
  readonly series: readonly ColoredSeries[]
  readonly plot: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }
  readonly domainX: readonly [number, number]
  readonly domainY: readonly [number, number]
  readonly onCursor: (at: number | undefined) => void
  readonly onRange: ((range: readonly [number, number] | undefined) => void) | undefined
  readonly syncKey: string | undefined
  /** The same lines as SVG text, for the download. */
  readonly svgLines: string
}

const pad = 4

/** The lines of a chart over time, on a canvas: what is under and over them is SVG. */
export function TimeSeriesLines({
  series,
  plot,
  domainX,
  domainY,
  onCursor,
  onRange,
  syncKey,
  svgLines,
}: TimeSeriesLinesProps) {
  const color = useTokenColor()
  const holder = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const told = useEffectEvent(onCursor)
  const zoomed = useEffectEvent((range: readonly [number, number] | undefined) => onRange?.(range))
  const canZoom = onRange !== undefined
  const shape = series.map((one) => `${one.id}:${one.kind ?? ''}:${one.color}`).join('|')
  const [x0, x1] = domainX
  const [y0, y1] = domainY

  useEffect(() => {
    const element = holder.current
    if (!element) return
    const options: uPlot.Options = {
      width: plot.width + 2 * pad,
      height: plot.height + 2 * pad,
      padding: [pad, pad, pad, pad],
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: { x: { time: false, range: () => [x0, x1] }, y: { range: () => [y0, y1] } },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: canZoom, y: false, setScale: false },
        ...(syncKey ? { sync: { key: syncKey, scales: ['x', null] as [string, null] } } : {}),
      },
      series: [
        {},
        ...shape.split('|').map((text): uPlot.Series => {
          const [, kind, name] = text.split(':')
          const dash = dashOf((kind || undefined) as ChartSeries['kind'])
          return {
            stroke: color(name ?? 'base'),
            width: 1.6,
            points: { show: false },
            ...(dash.length > 0 ? { dash } : {}),
          }
        }),
      ],
      hooks: {
        setCursor: [
          (u) => {
            const { idx, left } = u.cursor
            told(left === undefined || left < 0 || idx === null || idx === undefined ? undefined : u.data[0][idx])
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return
            zoomed([u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')])
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          },
        ],
      },
    }
    const made = new uPlot(options, [[]], element)
    chart.current = made
    const reset = () => zoomed(undefined)
    made.over.addEventListener('dblclick', reset)
    return () => {
      made.destroy()
      chart.current = undefined
    }
  }, [plot.width, plot.height, x0, x1, y0, y1, shape, color, syncKey, canZoom])

  useEffect(() => {
    const tables = series.map((one): uPlot.AlignedData => [one.points.map((p) => p.x), one.points.map((p) => p.y)])
    // join keeps a null as a gap and leaves out what only other series have
    const data = tables.length > 0 ? uPlot.join(tables) : ([[]] as uPlot.AlignedData)
    chart.current?.setData(data, true)
  }, [series, plot.width, plot.height, x0, x1, y0, y1, color, syncKey, canZoom])

  return (
    <div
      ref={holder}
      className="ts-lines"
      data-lines={svgLines}
      style={{ left: plot.left - pad, top: plot.top - pad }}
    />
  )
}
