import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { pageTokenOf } from './page-token.ts'
import { experimentNames, runFields } from './read-runs.ts'
import type { RunColumns } from './run-columns.ts'
import { countRuns, type RunQuery, runFragments, selectRuns } from './search-runs.ts'

/** A page of runs as finished JSON for our own API. Runs on a reader thread. */
export async function runListBytes(
  db: Reader,
  input: { query: RunQuery; columns: RunColumns; fingerprint: unknown },
  dialect: Dialect,
): Promise<string> {
  const { query, columns } = input
  const { rows, more } = await selectRuns(db, dialect, query)
  const total = more || query.offset > 0 ? await countRuns(db, dialect, query) : rows.length
  const runs = rows.map((row) => row.id)
  const fragments = async (of: 'metric' | 'param' | 'tag', keys: 'all' | readonly string[]) =>
    runFragments(db, dialect, {
      project: query.project,
      runs,
      of,
      form: 'members',
      ...(keys === 'all' ? {} : { keys }),
    })
  // At once: Postgres answers them side by side.
  const [metrics, params, tags, names] = await Promise.all([
    fragments('metric', columns.metrics),
    fragments('param', columns.params),
    fragments('tag', columns.tags),
    experimentNames(
      db,
      query.project,
      rows.map((row) => row.experiment_id),
    ),
  ])
  const items = rows.map((row) => {
    const fields = JSON.stringify(runFields(row, names.get(row.experiment_id) ?? ''))
    return `${fields.slice(0, -1)},"metrics":{${metrics.get(row.id) ?? ''}},"params":{${params.get(row.id) ?? ''}},"tags":{${tags.get(row.id) ?? ''}}}`
  })
  const next = more ? pageTokenOf(query.offset + query.limit, input.fingerprint) : null
  return `{"runs":[${items.join(',')}],"total":${total},"nextPageToken":${JSON.stringify(next)}}`
}
