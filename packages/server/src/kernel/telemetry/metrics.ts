import { type MetricDefinition, type MetricName, metricDefinitions } from '@trivium/contract'
import type { Logger } from '../logging/index.ts'
import type { Principal } from '../principal/index.ts'

/** Values of the labels of one figure, all that its definition names. */
export type Labels = Readonly<Record<string, string>>

/** One reading at the moment of a scrape. */
export interface Reading {
  readonly metric: MetricName
  readonly labels: Labels
  readonly value: number
}

/** Reads figures that nobody counts along the way. It leaves out what `reader` may not see. */
export type Collector = (reader: Principal) => Promise<readonly Reading[]>

/** Formats of the exposition: Prometheus text 0.0.4, or OpenMetrics 1.0. */
export type MetricsFormat = 'prometheus' | 'openmetrics'

/** The figures of this process. Those of others, and those in the database, come from collectors when somebody asks. */
export interface Metrics {
  /** Puts one duration in seconds into a histogram. */
  observe(metric: MetricName, labels: Labels, seconds: number): void
  collect(collector: Collector): void
  render(reader: Principal, format: MetricsFormat): Promise<string>
}

/** Upper bounds in seconds, from one millisecond to half a minute. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

interface Histogram {
  readonly labels: Labels
  /** By bucket, not summed up; the last one holds what is beyond all bounds. */
  readonly counts: number[]
  sum: number
}

export function createMetrics({ logger }: { logger: Logger }): Metrics {
  const histograms = new Map<MetricName, Map<string, Histogram>>()
  const collectors: Collector[] = []
  let errors = 0

  async function readAll(reader: Principal): Promise<Reading[]> {
    const read = await Promise.all(
      collectors.map((collector) =>
        collector(reader).catch((error: unknown) => {
          errors += 1
          logger.warn({ err: error }, 'some figures could not be collected')
          return []
        }),
      ),
    )
    return [...read.flat(), { metric: 'trivium_metrics_errors_total', labels: {}, value: errors }]
  }

  return {
    observe: (metric, labels, seconds) => {
      let series = histograms.get(metric)
      if (!series) histograms.set(metric, (series = new Map()))
      const key = Object.values(labels).join('\n')
      let one = series.get(key)
      if (!one) series.set(key, (one = { labels, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }))
      const found = bounds.findIndex((bound) => seconds <= bound)
      const bucket = found < 0 ? bounds.length : found
      one.counts[bucket] = (one.counts[bucket] ?? 0) + 1
      one.sum += seconds
    },
    collect: (collector) => void collectors.push(collector),
    render: async (reader, format) => {
      const readings = Map.groupBy(await readAll(reader), ({ metric }) => metric)
      const lines: string[] = []
      for (const name of Object.keys(metricDefinitions) as MetricName[]) {
        const samples = [
          ...(readings.get(name) ?? []).map(({ labels, value }) => sample(name, labels, value)),
          ...[...(histograms.get(name)?.values() ?? [])].flatMap((one) => histogramLines(name, one)),
        ]
        if (samples.length > 0) lines.push(...head(name, format), ...samples)
      }
      if (format === 'openmetrics') lines.push('# EOF')
      return `${lines.join('\n')}\n`
    },
  }
}

/** HELP and TYPE of a family. OpenMetrics names a counter without `_total` and tells the unit. */
function head(name: MetricName, format: MetricsFormat): string[] {
  const { type, unit, help }: MetricDefinition = metricDefinitions[name]
  const open = format === 'openmetrics'
  const family = open && type === 'counter' ? name.replace(/_total$/, '') : name
  return [
    `# HELP ${family} ${help}`,
    `# TYPE ${family} ${type}`,
    ...(open && unit !== undefined ? [`# UNIT ${family} ${unit}`] : []),
  ]
}

function histogramLines(name: MetricName, { labels, counts, sum }: Histogram): string[] {
  let seen = 0
  const buckets = counts.map((count, index) => {
    seen += count
    const bound = bounds[index]
    return sample(`${name}_bucket`, { ...labels, le: bound === undefined ? '+Inf' : boundText(bound) }, seen)
  })
  return [...buckets, sample(`${name}_sum`, labels, sum), sample(`${name}_count`, labels, seen)]
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`
}

/** The canonical form of a bound has a decimal point: `1.0` (OpenMetrics 1.0, "Considerations: Canonical Numbers"). */
const boundText = (bound: number): string => (Number.isInteger(bound) ? `${bound}.0` : String(bound))

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
