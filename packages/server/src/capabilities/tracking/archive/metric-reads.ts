import { AppError } from '../../../kernel/errors/index.ts'
import { defineErrors } from '../../../kernel/errors/index.ts'
import {
  type HistoryRow,
  type SampledQuery,
  type SampledSteps,
  sampleTogether,
  walkSteps,
  type selectHistory,
} from '../metric-history.ts'
import type { MetricSeriesAnswer, SeriesQuery } from '../metric-series-thread.ts'
import { sampleArchivedSeries } from './archived-series.ts'
import { type MetricPlace, metricPlaces, type MetricsQuery } from './metric-places.ts'
import { type ArchiveDeps, withArchived } from './read-archived.ts'

type HistoryQuery = Parameters<typeof selectHistory>[1]

/** Reads of metrics of which some points are in Parquet files. The same questions to the table alone are asked on a reader thread, see `whereHot`. */
export interface MetricReads {
  /** A page of all points of one metric by (timestamp, step, value), and whether more follow. */
  history(query: HistoryQuery): Promise<{ rows: HistoryRow[]; more: boolean }>
  /** Points of one metric in several runs, thinned as `selectSampledHistory` does it. */
  sampled(query: SampledQuery): Promise<{ run: string; rows: HistoryRow[] }[]>
  /** Curves of several runs and keys, thinned as `metricSeriesBytes` does it. */
  series(query: SeriesQuery): Promise<MetricSeriesAnswer>
}

const readErrors = defineErrors('METRICS', {
  MOVING: {
    status: 503,
    message: () => 'These metrics are being moved at the moment; ask again.',
    details: () => ({ retryAfter: 1 }),
  },
})

const threadOf = (name: string): URL =>
  new URL(`${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const hot = threadOf('./hot-points-thread')
const mostTurns = 5

export function createMetricReads(deps: ArchiveDeps): MetricReads {
  const { db } = deps
  const ask = async <T>(module: URL, name: string, input: unknown): Promise<T> =>
    JSON.parse(Buffer.from(await db.offload({ module, name, input })).toString()) as T

  /** Points that move while they are read are read again. */
  const steadily = async <T>(query: MetricsQuery, read: (places: MetricPlace[]) => Promise<T>): Promise<T> => {
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const before = await metricPlaces(db.read, query)
      const answer = await read(before).catch((error: unknown) => error as Error)
      const after = await metricPlaces(db.read, query)
      const isSteady = layout(before) === layout(after)
      if (!(answer instanceof Error) && isSteady) return answer
      // A file that was replaced meanwhile may be gone.
      if (answer instanceof Error && (isSteady || !(answer instanceof AppError))) throw answer
    }
    throw readErrors.MOVING()
  }

  return {
    history: (query) =>
      steadily({ project: query.project, runs: [query.run], keys: [query.key] }, async ([place]) => {
        if (!place) return { rows: [], more: false }
        if (place.blob === null) return ask(hot, 'hotPageBytes', query)
        const rows = await withArchived(deps, query.project, place, (metric) =>
          metric.page(query.offset, query.limit + 1),
        )
        return { rows: rows.slice(0, query.limit), more: rows.length > query.limit }
      }),
    sampled: (query) =>
      steadily({ project: query.project, runs: query.runs, keys: [query.key] }, (places) =>
        sampleTogether(
          places.map((place) => ({
            run: place.run,
            steps: (seeks) =>
              place.blob === null
                ? ask<SampledSteps | null>(hot, 'hotStepsBytes', { series: place.series, query, seeks }).then(
                    (found) => found ?? undefined,
                  )
                : withArchived(deps, query.project, place, async (metric) => {
                    const ends = await metric.ends(query)
                    if (!ends || !seeks) return ends && { ...ends, steps: [] }
                    const find = await metric.finder(ends.low, ends.high)
                    return { ...ends, steps: walkSteps(find, ends.low, ends.high, query.points) }
                  }),
            at: (steps) =>
              place.blob === null
                ? ask(hot, 'hotPointsBytes', { series: place.series, steps })
                : withArchived(deps, query.project, place, (metric) => metric.at(steps)),
          })),
          query.points,
        ),
      ),
    series: (query) =>
      steadily(query, async (places) => {
        const series: MetricSeriesAnswer['series'][number][] = []
        const order = ({ run, key }: MetricPlace): number =>
          query.runs.indexOf(run) * query.keys.length + query.keys.indexOf(key)
        for (const place of places.toSorted((a, b) => order(a) - order(b))) {
          if (place.blob === null) {
            const one = { ...query, runs: [place.run], keys: [place.key] }
            series.push(
              ...(await ask<MetricSeriesAnswer>(threadOf('../metric-series-thread'), 'hotSeriesBytes', one)).series,
            )
          } else
            series.push(
              await withArchived(deps, query.project, place, (metric) => sampleArchivedSeries(metric, place, query)),
            )
        }
        return { series }
      }),
  }
}

const layout = (places: readonly MetricPlace[]): string =>
  JSON.stringify(places.map(({ run, key, series, blob }) => [run, key, series, blob]))
