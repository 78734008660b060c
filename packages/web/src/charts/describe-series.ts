import { formatValue } from '../ui/value.tsx'
import type { ChartTable } from './chart-table.ts'
import type { ChartForm, ChartSeries } from './chart-types.ts'
import { formatCursorTime } from './time-series-layout.ts'

interface DescribeInput {
  readonly series: readonly ChartSeries[]
  readonly x: 'time' | 'number'
  readonly xLabel: string | undefined
  readonly form: ChartForm
  readonly zone: string
  readonly summary: string | undefined
}

/** A chart over time in one sentence, and its numbers as a table. */
export function describeSeries({ series, x, xLabel, form, zone, summary }: DescribeInput): {
  summary: string
  table: ChartTable
} {
  const all = [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))].toSorted((a, b) => a - b)
  const span = (all.at(-1) ?? 0) - (all[0] ?? 0)
  const name = (at: number) => (x === 'time' ? formatCursorTime(at, zone, span) : formatValue(at, 'number'))
  const sentences = series.map((one) => {
    const label = one.label.replace('\n', ' ')
    const there = one.points.filter((point) => point.y !== null)
    const [first, last] = [there[0], there.at(-1)]
    if (!first || !last) return `${label} has no points yet`
    if (first === last) return `${label} is ${formatValue(last.y ?? 0, form)} at ${name(last.x)}`
    return `${label} goes from ${formatValue(first.y ?? 0, form)} at ${name(first.x)} to ${formatValue(last.y ?? 0, form)} at ${name(last.x)}`
  })
  const columns = [x === 'time' ? 'time' : (xLabel ?? 'step')]
  for (const one of series) {
    const label = one.label.replace('\n', ' ')
    columns.push(one.kind && one.kind !== 'measured' && !label.includes(one.kind) ? `${label} (${one.kind})` : label)
    if (one.points.some((point) => typeof point.low === 'number')) columns.push(`${label}, low`, `${label}, high`)
  }
  const byX = series.map((one) => new Map(one.points.map((point) => [point.x, point])))
  const rows = all.map((at) => {
    const row: (string | number | null)[] = [name(at)]
    for (const [index, one] of series.entries()) {
      const point = byX[index]?.get(at)
      row.push(point?.y ?? null)
      if (one.points.some((p) => typeof p.low === 'number')) row.push(point?.low ?? null, point?.high ?? null)
    }
    return row
  })
  return { summary: summary ?? `${sentences.join('; ')}.`, table: { columns, rows } }
}
