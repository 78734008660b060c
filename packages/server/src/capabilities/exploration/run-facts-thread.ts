import type { RunMetricDirection } from '@trivium/contract'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { type RunQuery, selectRuns } from '../tracking/index.ts'
import { readRunFacts } from './read-run-facts.ts'

export interface ExplanationInput {
  readonly query: RunQuery
  readonly metric: string
  readonly direction: RunMetricDirection | null
}

/** The facts of the runs of a search, as JSON that `explain-thread` reads. Runs on a reader thread. */
export async function runFactsBytes(db: Reader, input: ExplanationInput, dialect: Dialect): Promise<string> {
  const { query, metric, direction } = input
  const { rows, more } = await selectRuns(db, dialect, query)
  const facts = await readRunFacts(db, query.project, rows, metric)
  return JSON.stringify({ metric, direction, truncated: more, facts }, (_, value: unknown) =>
    value instanceof Map ? [...value] : value,
  )
}
