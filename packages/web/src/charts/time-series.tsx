import { type ReactNode, useId, useMemo, useState } from 'react'
import { AppLink } from '../ui/app-link.tsx'
import { useUiEnvironment } from '../ui/environment.tsx'
import { useWidth } from '../ui/use-width.ts'
import { ChartFrame } from './chart-frame.tsx'
import {
  type ChartFlag,
  type ChartForm,
  type ChartSeries,
  type ChartSpan,
  type ChartThreshold,
  type ChartZone,
  type SeriesColor,
  seriesOrder,
  seriesStroke,
} from './chart-types.ts'
import { describeSeries } from './describe-series.ts'
import { linearScale } from './scale.ts'
import { bandPath, linePath } from './svg-path.ts'
import { TimeSeriesLines } from './time-series-lines.tsx'
import { layoutTimeSeries, placeFlags } from './time-series-layout.ts'
import { CursorTable, endLabelsOf, isNumber, linesForExport, SeriesLegend, SeriesPoints } from './time-series-parts.tsx'

export interface TimeSeriesProps {
  readonly title?: string
  readonly how?: ReactNode
  /** One sentence; made from the numbers if left out. */
  readonly summary?: string
  readonly series: readonly ChartSeries[]
  /** `time` in milliseconds UTC, or `number` for steps and iterations. */
  readonly x?: 'time' | 'number'
  readonly xLabel?: string
  readonly form?: ChartForm
  /** The shared range of the page; else what the points span. */
  readonly domain?: readonly [number, number] | undefined
  readonly range?: readonly [number, number] | undefined
  /** Counts and bars begin at nothing. */
  readonly fromZero?: boolean
  readonly height?: number
  readonly flags?: readonly ChartFlag[]
  readonly spans?: readonly ChartSpan[]
  readonly thresholds?: readonly ChartThreshold[]
  readonly zones?: readonly ChartZone[]
  /** From here on labels are still arriving: hatched. */
  readonly maturity?: number | undefined
  /** Drag zooms: write the range to the URL; double click calls it without one. */
  readonly onRange?: (range: readonly [number, number] | undefined) => void
  /** Charts with the same key share the cursor. */
  readonly syncKey?: string
  readonly caption?: ReactNode
  readonly yTicks?: number
  /** Labels at the line's end; `false` for small multiples. */
  readonly endLabels?: boolean
  /** Past six series; `false` where the page has one for all its charts. */
  readonly legend?: boolean
}

const kindColors: Partial<Record<string, SeriesColor>> = { estimated: 's6', 'so-far': 's3' }

/** Something over time or steps: lines with intervals, flags, open alerts, thresholds and unripe days. */
export function TimeSeries(props: TimeSeriesProps) {
  const {
    title,
    how,
    series,
    x = 'time',
    xLabel,
    form = 'number',
    height = 232,
    flags = [],
    spans = [],
    thresholds = [],
    zones = [],
    maturity,
    onRange,
    syncKey,
    caption,
    fromZero = false,
    yTicks = 4,
  } = props
  const { zone } = useUiEnvironment()
  const [attach, width] = useWidth<HTMLDivElement>()
  const id = useId()
  const [cursor, setCursor] = useState<number>()
  const colored = useMemo(
    () =>
      series.map((one, index) => ({
        ...one,
        color: one.color ?? kindColors[one.kind ?? ''] ?? seriesOrder[index % 8] ?? 'base',
      })),
    [series],
  )
  const crowded = colored.length > 6
  const endLabels = (props.endLabels ?? true) && !crowded
  const { summary, table } = useMemo(
    () => describeSeries({ series: colored, x, xLabel, form, zone, summary: props.summary }),
    [colored, x, xLabel, form, zone, props.summary],
  )

  const layout = layoutTimeSeries({
    width: Math.max(width, 160),
    height,
    form,
    x,
    xLabel,
    zone,
    series: colored,
    thresholds,
    range: props.range,
    domain: props.domain,
    fromZero,
    yTicks,
    hasTop: flags.length + spans.length > 0,
    endLabels,
  })
  const { plot, domainX, domainY } = layout
  const toX = linearScale(domainX, [0, plot.width])
  const toY = linearScale(domainY, [plot.height, 0])
  const clamp = (value: number) => Math.max(0, Math.min(plot.width, value))
  const placedFlags = placeFlags(flags, toX, plot.width)
  const hasPoints = colored.some((one) => one.points.some((point) => point.y !== null))
  const ends = endLabels ? endLabelsOf(colored, thresholds, toY, plot.height) : []

  return (
    <ChartFrame title={title} how={how} summary={summary} table={table} caption={caption}>
      <div className="ts" ref={attach} style={{ height }}>
        {width > 0 && (
          <>
            <svg className="c" width={width} height={height} aria-hidden>
              <defs>
                <pattern
                  id={`${id}-ripe`}
                  width="6"
                  height="6"
                  patternUnits="userSpaceOnUse"
                  patternTransform="rotate(45)"
                >
                  <rect width="1" height="6" fill="var(--hatch)" fillOpacity=".55" />
                </pattern>
                <pattern
                  id={`${id}-est`}
                  width="5"
                  height="5"
                  patternUnits="userSpaceOnUse"
                  patternTransform="rotate(-45)"
                >
                  <rect width="1" height="5" fill="var(--s6)" fillOpacity=".5" />
                </pattern>
                <clipPath id={`${id}-clip`}>
                  <rect width={plot.width} height={plot.height} />
                </clipPath>
              </defs>
              <g transform={`translate(${plot.left} ${plot.top})`}>
                {zones.map((one) => {
                  const high = toY(Math.min(one.to ?? domainY[1], domainY[1]))
                  const low = toY(Math.max(one.from ?? domainY[0], domainY[0]))
                  return low > high ? (
                    <rect key={one.label} y={high} width={plot.width} height={low - high} fill="var(--sunken)" />
                  ) : null
                })}
                {layout.yTicks.map((tick) => (
                  <g key={tick.value}>
                    <path d={`M0 ${toY(tick.value)}H${plot.width}`} stroke="var(--grid)" />
                    <text x={-6} y={toY(tick.value) + 3.5} textAnchor="end">
                      {tick.label}
                    </text>
                  </g>
                ))}
                {layout.xTicks.map((tick) => (
                  <g key={tick.at}>
                    <path d={`M${toX(tick.at)} ${plot.height}v4`} stroke="var(--axis)" />
                    <text x={toX(tick.at)} y={plot.height + 15} textAnchor="middle">
                      {tick.label}
                    </text>
                  </g>
                ))}
                {xLabel && (
                  <text x={plot.width / 2} y={plot.height + 30} textAnchor="middle">
                    {xLabel}
                  </text>
                )}
                <path d={`M0 ${plot.height}H${plot.width}`} stroke="var(--axis)" />
                {spans.map((span) => {
                  const from = clamp(toX(span.from))
                  const to = clamp(span.to === undefined ? plot.width : toX(span.to))
                  return (
                    <g key={`${span.from}-${span.tone}`} fill={`var(--${span.tone}-mark)`}>
                      <rect x={from} y={-3} width={Math.max(0, to - from)} height={3} />
                      <rect x={from} width={Math.max(0, to - from)} height={plot.height} fillOpacity=".05" />
                    </g>
                  )
                })}
                {maturity !== undefined && toX(maturity) < plot.width && (
                  <rect
                    x={clamp(toX(maturity))}
                    width={plot.width - clamp(toX(maturity))}
                    height={plot.height}
                    fill={`url(#${id}-ripe)`}
                  />
                )}
                <g clipPath={`url(#${id}-clip)`}>
                  {colored.map((one) => {
                    const band =
                      one.kind === 'so-far' || one.kind === 'plan'
                        ? ''
                        : bandPath(
                            one.points.map((p) =>
                              p.y !== null && isNumber(p.low) && isNumber(p.high)
                                ? { x: toX(p.x), low: toY(p.low), high: toY(p.high) }
                                : null,
                            ),
                          )
                    return (
                      <g key={one.id}>
                        {one.area && (
                          <path
                            d={bandPath(
                              one.points.map((p) =>
                                p.y === null
                                  ? null
                                  : { x: toX(p.x), low: toY(Math.max(0, domainY[0])), high: toY(p.y) },
                              ),
                            )}
                            fill={seriesStroke(one.color)}
                            fillOpacity=".1"
                          />
                        )}
                        {one.raw && (
                          <path
                            d={linePath(one.raw.map((p) => (isNumber(p.y) ? [toX(p.x), toY(p.y)] : null)))}
                            fill="none"
                            stroke={seriesStroke(one.color)}
                            strokeOpacity=".35"
                          />
                        )}
                        {band !== '' && (
                          <path
                            d={band}
                            fill={one.kind === 'estimated' ? `url(#${id}-est)` : seriesStroke(one.color)}
                            fillOpacity={one.kind === 'estimated' ? 1 : 'var(--band)'}
                          />
                        )}
                      </g>
                    )
                  })}
                </g>
                {zones.map((one) => (
                  <text key={one.label} x={5} y={toY(Math.max(one.from ?? domainY[0], domainY[0])) - 4}>
                    {one.label}
                  </text>
                ))}
              </g>
            </svg>
            <TimeSeriesLines
              series={colored}
              plot={plot}
              domainX={domainX}
              domainY={domainY}
              onCursor={setCursor}
              onRange={onRange}
              syncKey={syncKey}
              svgLines={linesForExport(colored, plot, toX, toY)}
            />
            <svg className="c ts-over" width={width} height={height} aria-hidden>
              <g transform={`translate(${plot.left} ${plot.top})`}>
                {thresholds.map((one) => (
                  <path
                    key={one.label}
                    d={`M0 ${toY(one.value)}H${plot.width}`}
                    stroke="var(--bad-mark)"
                    strokeOpacity=".75"
                  />
                ))}
                {placedFlags.map((flag) => (
                  <g key={`${flag.x}-${flag.label}`} fill={flag.tone === 'warn' ? 'var(--warn)' : 'var(--text-2)'}>
                    <path
                      d={`M${flag.x} -8V${plot.height}`}
                      stroke={flag.tone === 'warn' ? 'var(--warn-mark)' : 'var(--text-2)'}
                      strokeDasharray="1 2"
                    />
                    <path d={`M${flag.x - 3.5} -13h7l-3.5 5z`} />
                    {flag.side !== 'none' && !flag.href && (
                      <text
                        x={flag.side === 'right' ? flag.x + 6 : flag.x - 6}
                        y={-8}
                        textAnchor={flag.side === 'right' ? 'start' : 'end'}
                        style={{ fill: flag.tone === 'warn' ? 'var(--warn)' : 'var(--text-2)' }}
                      >
                        {flag.label}
                      </text>
                    )}
                  </g>
                ))}
                {colored.map((one) => (
                  <SeriesPoints key={one.id} series={one} toX={toX} toY={toY} />
                ))}
                {ends.map((end) =>
                  end.lines.map((line, index) => (
                    <text
                      key={`${end.id}-${line}`}
                      className="lb"
                      x={plot.width + 6}
                      y={end.y + 3.5 + (index - (end.lines.length - 1) / 2) * 13}
                      style={{ fill: end.color }}
                    >
                      {line}
                    </text>
                  )),
                )}
              </g>
            </svg>
            {placedFlags.map(
              (flag) =>
                flag.href &&
                flag.side !== 'none' && (
                  <AppLink
                    key={`${flag.x}-${flag.label}`}
                    href={flag.href}
                    className="ts-flag"
                    data-tone={flag.tone}
                    style={
                      flag.side === 'right'
                        ? { left: plot.left + flag.x + 6, top: plot.top - 19 }
                        : { right: width - plot.left - flag.x + 6, top: plot.top - 19 }
                    }
                  >
                    {flag.label}
                  </AppLink>
                ),
            )}
            {cursor !== undefined && (
              <CursorTable
                series={colored}
                at={cursor}
                x={x}
                xLabel={xLabel}
                form={form}
                side={
                  toX(cursor) > plot.width / 2 ? { left: plot.left + 6 } : { right: width - plot.left - plot.width + 6 }
                }
                top={plot.top + 4}
                span={domainX[1] - domainX[0]}
                zone={zone}
              />
            )}
            {!hasPoints && (
              <p
                className="ts-none t3 sm"
                style={{ left: plot.left, width: plot.width, top: plot.top + plot.height / 2 - 8 }}
              >
                No points yet.
              </p>
            )}
          </>
        )}
      </div>
      {crowded && (props.legend ?? true) && <SeriesLegend series={colored} form={form} />}
    </ChartFrame>
  )
}
