import { fewEnough, type MetricSeriesAnswer, type SeriesQuery, thinRows } from '../metric-series-thread.ts'
import type { MetricPlace } from './metric-places.ts'
import type { ArchivedMetric } from './read-archived.ts'

/** A curve of a metric that has points in a file, thinned as one in the table. */
export async function sampleArchivedSeries(
  metric: ArchivedMetric,
  { run, key }: MetricPlace,
  query: SeriesQuery,
): Promise<MetricSeriesAnswer['series'][number]> {
  const total = await metric.count(query)
  if (total <= Math.max(fewEnough, query.points))
    return { run, key, points: thinRows(await metric.all(query), query.points), total }
  const ends = await metric.ends(query)
  if (!ends) return { run, key, points: [], total: 0 }
  const stretches = Math.max(1, Math.floor((query.points - 2) / 2))
  return { run, key, points: thinRows(await metric.extremes(query, ends, stretches)), total }
}
