import { pageTokenOf, type RunQuery, selectRuns } from '../../capabilities/tracking/index.ts'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { runListJson } from './run-json.ts'

/** A page of runs as MLflow's finished JSON. Runs on a reader thread. */
export async function runSearchBytes(
  db: Reader,
  input: { query: RunQuery; fingerprint: unknown },
  dialect: Dialect,
): Promise<string> {
  const { rows, more } = await selectRuns(db, dialect, input.query)
  const runs = await runListJson(db, dialect, input.query.project, rows)
  const next = more
    ? `,"next_page_token":${JSON.stringify(pageTokenOf(input.query.offset + input.query.limit, input.fingerprint))}`
    : ''
  return rows.length === 0 ? '{}' : `{"runs":[${runs.join(',')}]${next}}`
}
