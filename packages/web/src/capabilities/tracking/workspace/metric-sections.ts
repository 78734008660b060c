import { PatternError, parsePattern, patternMatcher } from '@trivium/contract/text-pattern'

/** Metrics whose names begin alike. */
export interface MetricSection {
  /** What stands before the first slash; empty for names without one. */
  readonly prefix: string
  readonly keys: readonly string[]
}

/** Sections by what stands before the first slash (`train/loss`), by name; metrics without one come first. */
export function metricSections(keys: readonly string[]): MetricSection[] {
  const sections = new Map<string, string[]>()
  for (const key of keys) {
    const slash = key.indexOf('/')
    const prefix = slash > 0 ? key.slice(0, slash) : ''
    const list = sections.get(prefix)
    if (list) list.push(key)
    else sections.set(prefix, [key])
  }
  const compare = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })
  return [...sections]
    .map(([prefix, list]) => ({ prefix, keys: list.toSorted(compare) }))
    .toSorted((a, b) => compare(a.prefix, b.prefix))
}

/** Names that a regular expression finds, in linear time; `error` says what is wrong with it. */
export function findKeys(keys: readonly string[], pattern: string): { keys: readonly string[]; error?: string } {
  if (pattern === '') return { keys }
  try {
    const matches = patternMatcher(parsePattern(pattern))
    return { keys: keys.filter(matches) }
  } catch (error) {
    if (error instanceof PatternError) return { keys: [], error: error.message }
    throw error
  }
}
