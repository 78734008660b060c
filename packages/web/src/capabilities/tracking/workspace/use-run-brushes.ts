import { type RunRow, searchRuns } from '@trivium/contract'
import type { Brush } from '../../../charts/parallel-layout.ts'
import { useContractQuery } from '../../../data/contract-query.ts'
import { valueOf, writeColumn } from '../run-keys.ts'
import { brushFilter, readBrushes } from './brush-filter.ts'

/** Runs that are drawn at most. */
const mostLines = 1000

export interface RunBrushes {
  readonly chosen: ReadonlyMap<string, Brush>
  readonly runs: readonly RunRow[]
  readonly total: number
  readonly isPending: boolean
  /** The condition on the table; empty where nothing is brushed, undefined where it would be too long. */
  readonly filter: string | undefined
}

/** The runs of parallel coordinates and what is brushed on them; reads nothing unless they are shown or brushed. */
export function useRunBrushes(
  project: string,
  search: { readonly experiment: string; readonly view: 'active' | 'archived' | 'deleted'; readonly filter?: string },
  axes: readonly string[],
  brush: readonly string[],
  shown: boolean,
): RunBrushes {
  const chosen = readBrushes(brush)
  const columns = [...new Set([...axes, ...chosen.keys()])].map(writeColumn).join(',')
  const query = useContractQuery(
    searchRuns,
    { params: { project }, query: { ...search, limit: mostLines, columns } },
    { enabled: columns !== '' && (shown || chosen.size > 0), keep: true },
  )
  const runs = query.data?.runs ?? []
  const filter =
    chosen.size === 0 || query.data === undefined
      ? ''
      : brushFilter(chosen, (id) => runs.map((run) => valueOf(run, id)))
  return { chosen, runs, total: query.data?.total ?? 0, isPending: query.isPending, filter }
}
