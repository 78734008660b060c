import type { DatabaseSync } from 'node:sqlite'
import { parsePattern, patternMatcher } from '../../kernel/text-pattern/index.ts'

const mostPatterns = 50

/** Adds `text_matches(pattern, text)` to a connection: 1 where the pattern (`kernel/text-pattern`) is found, NULL of NULL. */
export function addTextFunctions(raw: DatabaseSync): void {
  const matchers = new Map<string, (text: string) => boolean>()
  raw.function('text_matches', { deterministic: true }, (pattern, text) => {
    if (typeof pattern !== 'string' || text === null) return null
    let matcher = matchers.get(pattern)
    if (!matcher) {
      if (matchers.size >= mostPatterns) matchers.clear()
      matcher = patternMatcher(parsePattern(pattern))
      matchers.set(pattern, matcher)
    }
    return matcher(String(text)) ? 1 : 0
  })
}
