import { type RunRow, searchRuns } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'

/** The runs that stand above the table whatever its sort and filter: the baseline first, then those that are pinned, also of other experiments. */
export function usePinnedRuns(
  project: string,
  baseline: string,
  pinned: readonly string[],
  columns: string,
): { readonly baseline: RunRow | undefined; readonly runs: readonly RunRow[]; readonly refetch: () => void } {
  const ids = [...new Set([baseline, ...pinned])].filter((id) => /^[\w-]+$/.test(id))
  const query = useContractQuery(
    searchRuns,
    {
      params: { project },
      query: { filter: `run_id in (${ids.map((id) => `'${id}'`).join(', ')})`, view: 'all', limit: 100, columns },
    },
    { enabled: ids.length > 0, keep: true },
  )
  const found = ids.length === 0 ? [] : (query.data?.runs ?? [])
  const runs = ids.flatMap((id) => found.find((run) => run.id === id) ?? [])
  return {
    baseline: runs.find((run) => run.id === baseline),
    runs,
    refetch: () => {
      if (ids.length > 0) void query.refetch()
    },
  }
}
