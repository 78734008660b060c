import { trackingErrors } from './errors.ts'
import { tokenize } from './filter/tokenize.ts'

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
