import { getMetricSeries } from '@trivium/contract'
import { useQueries } from '@tanstack/react-query'
import { contractQueryOptions } from '../../data/contract-query.ts'
import { useClient } from '../../data/data-context.tsx'
import { useLiveRuns } from './use-live-runs.ts'

/** What the server gives curves of in one answer. */
const atOnce = 100
const points = 32

/** Small curves of one metric by run, for a table's column; runs without a curve are missing. */
export function useRunSparks(
  project: string,
  runs: readonly string[],
  metric: string | undefined,
): ReadonlyMap<string, readonly (number | null)[]> {
  const client = useClient()
  const parts = Array.from({ length: Math.ceil(runs.length / atOnce) }, (_, at) =>
    runs.slice(at * atOnce, (at + 1) * atOnce),
  )
  const queries = useQueries({
    queries: parts.map((part) => ({
      ...contractQueryOptions(client, getMetricSeries, {
        params: { project },
        query: { runs: part.join(','), keys: metric ?? '', points },
      }),
      enabled: metric !== undefined && metric !== '',
    })),
  })
  useLiveRuns(
    (run) => metric !== undefined && runs.includes(run),
    () => {
      for (const query of queries) void query.refetch()
    },
  )
  return new Map(
    queries.flatMap((query) =>
      (query.data?.series ?? [])
        .filter((one) => one.total > 1)
        .map((one) => [one.run, one.points.map(([, , value]) => value)] as const),
    ),
  )
}
