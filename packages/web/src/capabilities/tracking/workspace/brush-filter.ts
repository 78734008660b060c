import { type Brush, inBrush } from '../../../charts/parallel-layout.ts'
import { parseColumn, writeKey } from '../run-keys.ts'

/** Brushes by column, as the address keeps them: `metrics.auc~0.6~0.7,params.kind~=forest|tree`. */
export function readBrushes(parts: readonly string[]): Map<string, Brush> {
  const found = new Map<string, Brush>()
  for (const part of parts) {
    const [column = '', first = '', second] = part.split('~')
    const id = decodeURIComponent(column)
    if (!parseColumn(id)) continue
    if (first.startsWith('=')) {
      const words = first.slice(1).split('|').filter(Boolean).map(decodeURIComponent)
      if (words.length > 0) found.set(id, { words })
    } else if (second !== undefined && Number.isFinite(Number(first)) && Number.isFinite(Number(second)))
      found.set(id, { low: Number(first), high: Number(second) })
  }
  return found
}

/** Brushes as the address keeps them. */
export function writeBrushes(brushes: ReadonlyMap<string, Brush>): string[] {
  const plain = (text: string) => encodeURIComponent(text).replaceAll('~', '%7E')
  return [...brushes].map(([id, brush]) =>
    'words' in brush ? `${plain(id)}~=${brush.words.map(plain).join('|')}` : `${plain(id)}~${brush.low}~${brush.high}`,
  )
}

const longest = 3500

/**
 * The condition that finds the runs in the brushes. Parameters are text, so a range of one names the values in it that the drawn runs have;
 * undefined where that is too long to ask.
 */
export function brushFilter(
  brushes: ReadonlyMap<string, Brush>,
  valuesOf: (id: string) => readonly (string | number | undefined)[],
): string | undefined {
  const conditions = [...brushes].flatMap(([id, brush]) => {
    const column = parseColumn(id)
    if (!column) return []
    const key = writeKey(column)
    if (column.group === 'metrics')
      return 'words' in brush ? [] : [`${key} >= ${brush.low} and ${key} <= ${brush.high}`]
    const values = [
      ...new Set(
        valuesOf(id)
          .filter((value) => inBrush(brush, value))
          .map(String),
      ),
    ]
    return [values.length === 0 ? `${key} in ('')` : `${key} in (${values.map(quoted).join(', ')})`]
  })
  const filter = conditions.join(' and ')
  return filter.length > longest ? undefined : filter
}

const quoted = (value: string): string => (value.includes("'") ? `"${value}"` : `'${value}'`)

/** Both conditions, where there are both. */
export function bothFilters(first: string, second: string): string {
  if (first === '' || second === '') return first || second
  return `(${first}) and ${second}`
}
