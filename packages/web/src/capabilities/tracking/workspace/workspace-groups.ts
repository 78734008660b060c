import { groupRuns, type RunGroup, searchRuns } from '@trivium/contract'
import { useQueries } from '@tanstack/react-query'
import { seriesOrder } from '../../../charts/chart-types.ts'
import { contractQueryOptions, useContractQuery } from '../../../data/contract-query.ts'
import { useClient } from '../../../data/data-context.tsx'
import { parseColumn, writeEquals } from '../run-keys.ts'
import type { CurveSet } from './metric-panel.tsx'

/** Runs of each group whose curves make its band. */
const mostOfGroup = 12

interface Search {
  readonly experiment: string
  readonly view: 'active' | 'archived' | 'deleted'
  readonly filter?: string
}

/** The largest groups of runs as sets of curves: at most eight, of at most twelve runs each. */
export function useGroupSets(project: string, search: Search, by: readonly string[]): readonly CurveSet[] | undefined {
  const client = useClient()
  const groups = useContractQuery(
    groupRuns,
    { params: { project }, query: { ...search, by: by.join(',') } },
    { enabled: by.length > 0, keep: true },
  )
  const largest = by.length === 0 ? [] : (groups.data?.groups ?? []).slice(0, seriesOrder.length)
  const members = useQueries({
    queries: largest.map((group) =>
      contractQueryOptions(client, searchRuns, {
        params: { project },
        query: { ...search, filter: filterOf(group, by, search.filter), limit: mostOfGroup, columns: '' },
      }),
    ),
  })
  if (by.length === 0) return undefined
  return largest.map((group, at) => {
    const runs = members[at]?.data?.runs ?? []
    const name = group.values.map((value) => value ?? 'none').join(', ')
    return {
      id: JSON.stringify(group.values),
      label: name,
      note: `${runs.length} of ${group.runs}`,
      color: seriesOrder[at] ?? 's1',
      runs: runs.map((run) => run.id),
    }
  })
}

function filterOf(group: RunGroup, by: readonly string[], filter: string | undefined): string {
  const own = by.flatMap((id, at) => {
    const column = parseColumn(id)
    return column ? [writeEquals(column, group.values[at] ?? null)] : []
  })
  return [...(filter ? [`(${filter})`] : []), ...own].join(' and ')
}
