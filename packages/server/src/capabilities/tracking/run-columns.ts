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

/** Reads what runs are grouped by: `params.kind,tags.team`, one to three of them. */
export function parseGroupColumns(text: string): { of: 'param' | 'tag'; key: string }[] {
  const pieces = text
    .split(',')
    .map((piece) => piece.trim())
    .filter(Boolean)
  if (pieces.length < 1 || pieces.length > 3)
    throw trackingErrors.INVALID('Runs are grouped by one to three columns, such as params.kind,tags.team.')
  return pieces.map((piece) => {
    const { metrics, params, tags } = parseColumns(piece)
    const [param, tag] = [params === 'all' ? undefined : params[0], tags === 'all' ? undefined : tags[0]]
    if (metrics.length > 0 || (param === undefined && tag === undefined))
      throw trackingErrors.INVALID(`Runs are grouped by a parameter or a tag, such as params.kind, not by "${piece}".`)
    return param === undefined ? { of: 'tag' as const, key: tag ?? '' } : { of: 'param' as const, key: param }
  })
}

function unquote(key: string): string {
  const [token] = tokenize(key)
  return token?.kind === 'string' ? token.value : key
}
