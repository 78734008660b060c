import type { ReactNode } from 'react'
import { formatCount, formatNumber } from '../ui/format-number.ts'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import { type SeriesColor, seriesStroke, seriesText } from './chart-types.ts'
import { linearScale, niceDomain, niceTicks } from './scale.ts'
import { formatTick } from './time-series-layout.ts'

/** Counts in the same bins as the other side; they are drawn as shares. */
export interface DistributionSide {
  readonly label: string
  readonly counts: readonly number[]
}

interface DistributionProps {
  readonly title: string
  readonly how?: ReactNode
  /** Edges of the bins, one more than bins; or the names of categories. */
  readonly edges?: readonly number[]
  readonly categories?: readonly string[]
  readonly reference: DistributionSide
  readonly current: DistributionSide
  readonly xLabel?: string
  readonly color?: SeriesColor
  readonly height?: number
  readonly summary?: string
  readonly caption?: ReactNode
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)

/** Reference as an outline, current as bars, in the same bins. */
export function Distribution({
  title,
  how,
  edges,
  categories,
  reference,
  current,
  xLabel,
  color = 's2',
  height = 210,
  summary,
  caption,
}: DistributionProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const bins = categories?.length ?? Math.max(0, (edges?.length ?? 1) - 1)
  const [nReference, nCurrent] = [sum(reference.counts), sum(current.counts)]
  const share = (side: DistributionSide, n: number) =>
    Array.from({ length: bins }, (_, i) => (n === 0 ? 0 : (side.counts[i] ?? 0) / n))
  const [before, now] = [share(reference, nReference), share(current, nCurrent)]
  const domainY = niceDomain(0, Math.max(0.01, ...before, ...now), { count: 3, fromZero: true })
  const ticksY = niceTicks(domainY[0], domainY[1], 3)
  const plot = { left: 38, top: 22, width: Math.max(60, width - 44), height: height - 22 - (xLabel ? 36 : 22) }
  const y = linearScale(domainY, [plot.height, 0])
  const x = categories
    ? linearScale([0, bins], [0, plot.width])
    : linearScale([edges?.[0] ?? 0, edges?.at(-1) ?? 1], [0, plot.width])
  const edge = (i: number) => (categories ? x(i) : x(edges?.[i] ?? 0))
  const ticksX =
    edges && !categories
      ? niceTicks(edges[0] ?? 0, edges.at(-1) ?? 1, Math.min(6, Math.floor(plot.width / 60)))
      : undefined
  let outline = `M${edge(0)} ${plot.height}`
  for (let i = 0; i < bins; i++) outline += `V${y(before[i] ?? 0)}H${edge(i + 1)}`
  outline += `V${plot.height}`
  const name = (i: number) =>
    categories?.[i] ?? `${formatNumber(edges?.[i] ?? 0)} to ${formatNumber(edges?.[i + 1] ?? 0)}`
  const peakNow = now.indexOf(Math.max(...now))
  const keyX = Math.min(plot.width * 0.45, Math.max(0, edge(peakNow + 1) + 8))
  return (
    <ChartFrame
      title={title}
      how={how ?? 'share of rows'}
      caption={caption}
      summary={
        summary ??
        `most of ${current.label} lies in ${name(peakNow)}, most of ${reference.label} in ${name(before.indexOf(Math.max(...before)))}.`
      }
      table={{
        columns: ['bin', `${reference.label}, share`, `${current.label}, share`],
        rows: Array.from({ length: bins }, (_, i) => [
          name(i),
          Number((before[i] ?? 0).toFixed(4)),
          Number((now[i] ?? 0).toFixed(4)),
        ]),
      }}
    >
      <div ref={attach}>
        {width > 0 && (
          <svg className="c" width={width} height={height} aria-hidden>
            <g transform={`translate(${plot.left} ${plot.top})`}>
              {ticksY.ticks.map((tick) => (
                <g key={tick}>
                  <path d={`M0 ${y(tick)}H${plot.width}`} stroke="var(--grid)" />
                  <text x={-6} y={y(tick) + 3.5} textAnchor="end">
                    {formatTick(tick, 'share', ticksY.decimals)}
                  </text>
                </g>
              ))}
              {now.map((value, i) => (
                <rect
                  key={name(i)}
                  x={edge(i) + 0.5}
                  y={y(value)}
                  width={Math.max(0.5, edge(i + 1) - edge(i) - 1)}
                  height={Math.max(0, plot.height - y(value))}
                  fill={seriesStroke(color)}
                  fillOpacity=".75"
                >
                  <title>{`${name(i)}: ${(value * 100).toFixed(1)} % now, ${((before[i] ?? 0) * 100).toFixed(1)} % before`}</title>
                </rect>
              ))}
              <path d={outline} fill="none" stroke="var(--base)" strokeWidth="1.4" />
              <path d={`M0 ${plot.height}H${plot.width}`} stroke="var(--axis)" />
              {ticksX?.ticks.map((tick) => (
                <text key={tick} x={x(tick)} y={plot.height + 15} textAnchor="middle">
                  {formatTick(tick, 'number', ticksX.decimals)}
                </text>
              ))}
              {categories?.map((category, i) => {
                const room = edge(1) - edge(0)
                const fits = category.length * 6.2 <= room - 2
                return fits || i % Math.ceil(34 / Math.max(1, room)) === 0 ? (
                  <text key={category} x={edge(i) + room / 2} y={plot.height + 15} textAnchor="middle">
                    {category.length > 12 ? `${category.slice(0, 11)}…` : category}
                  </text>
                ) : null
              })}
              {xLabel && (
                <text x={plot.width / 2} y={plot.height + 31} textAnchor="middle">
                  {xLabel}
                </text>
              )}
              <text className="lb" x={keyX} y={-8} style={{ fill: seriesText(color) }}>
                {`${current.label}, ${formatCount(nCurrent)}`}
              </text>
              <text className="lb" x={keyX} y={8} style={{ fill: 'var(--base)' }}>
                {`${reference.label}, ${formatCount(nReference)}`}
              </text>
            </g>
          </svg>
        )}
      </div>
    </ChartFrame>
  )
}

interface HistogramProps {
  /** Counts per bin. */
  readonly counts: readonly number[]
  /** The version before, in the same bins: outlined. */
  readonly before?: readonly number[] | undefined
  readonly width?: number
  readonly height?: number
  readonly color?: SeriesColor
  /** For screen readers; without it the drawing is hidden. */
  readonly label?: string
}

/** A distribution in a table cell: filled now, outlined before. */
export function Histogram({ counts, before, width = 148, height = 24, color = 's6', label }: HistogramProps) {
  const [n, m] = [sum(counts) || 1, sum(before ?? []) || 1]
  const now = counts.map((count) => count / n)
  const then = before?.map((count) => count / m)
  const top = Math.max(...now, ...(then ?? []), 1e-9)
  const step = width / Math.max(1, counts.length)
  const y = (value: number) => height - (value / top) * (height - 1)
  const outline = then
    ? `M0 ${height}${then.map((value, i) => `V${y(value).toFixed(1)}H${((i + 1) * step).toFixed(1)}`).join('')}V${height}`
    : ''
  return (
    <svg width={width} height={height} {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}>
      {now.map((value, i) => (
        // bins have no other identity than their place
        <rect
          key={`${i}-${value}`}
          x={i * step + 0.4}
          y={y(value)}
          width={Math.max(0.5, step - 0.8)}
          height={height - y(value)}
          fill={seriesStroke(color)}
          fillOpacity=".75"
        />
      ))}
      {then && <path d={outline} fill="none" stroke="var(--base)" />}
    </svg>
  )
}
