import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { trackingErrors } from './errors.ts'
import { tokenize } from './filter/tokenize.ts'
import { pageTokenOf } from './page-token.ts'
import { experimentNames, runFields } from './read-runs.ts'
import { countRuns, type RunQuery, runFragments, selectRuns } from './search-runs.ts'

/** Which values a list carries: all, or these keys. */
export interface RunColumns {
  readonly metrics: 'all' | readonly string[]
  readonly params: 'all' | readonly string[]
  readonly tags: 'all' | readonly string[]
}

/** Reads `metrics.auc,params.kind,tags.*` or `*`. */
export function parseColumns(text: string | undefined): RunColumns {
  if (text === undefined || text.trim() === '*') return { metrics: 'all', params: 'all', tags: 'all' }
  const columns = { metrics: [] as string[], params: [] as string[], tags: [] as string[] }
  const all = new Set<string>()
  for (const piece of text
    .split(',')
    .map((p) => p.trim())
    .filter(Boolean)) {
    const group = piece.slice(0, piece.indexOf('.')).replace(/s?$/, 's')
    const key = piece.slice(piece.indexOf('.') + 1)
    if (!(group in columns) || key === '')
      throw trackingErrors.INVALID(
        `"${piece}" is no column. Columns look like metrics.auc, params.kind or tags.team; * is all.`,
      )
    if (key === '*') all.add(group)
    else columns[group as 'metrics'].push(key.startsWith('`') ? unquote(key) : key)
  }
  const of = (group: 'metrics' | 'params' | 'tags') => (all.has(group) ? ('all' as const) : columns[group])
  return { metrics: of('metrics'), params: of('params'), tags: of('tags') }
}

function unquote(key: string): string {
  const [token] = tokenize(key)
  return token?.kind === 'string' ? token.value : key
}

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
  const metrics = await fragments('metric', columns.metrics)
  const params = await fragments('param', columns.params)
  const tags = await fragments('tag', columns.tags)
  const names = await experimentNames(
    db,
    query.project,
    rows.map((row) => row.experiment_id),
  )
  const items = rows.map((row) => {
    const fields = JSON.stringify(runFields(row, names.get(row.experiment_id) ?? ''))
    return `${fields.slice(0, -1)},"metrics":{${metrics.get(row.id) ?? ''}},"params":{${params.get(row.id) ?? ''}},"tags":{${tags.get(row.id) ?? ''}}}`
  })
  const next = more ? pageTokenOf(query.offset + query.limit, input.fingerprint) : null
  return `{"runs":[${items.join(',')}],"total":${total},"nextPageToken":${JSON.stringify(next)}}`
}
