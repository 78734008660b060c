import { PatternError, parsePattern } from '../../../kernel/text-pattern/index.ts'
import type { FilterTarget } from './filter-target.ts'
import type { Comparator, Comparison } from './filter-tree.ts'
import type { Field } from './read-field.ts'
import type { Tokens } from './tokens.ts'

const longestList = 1000
/** A day, or a moment; without a zone it is UTC. */
const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/

/** Reads what a field is compared with. */
export function readValue(
  tokens: Tokens,
  target: FilterTarget,
  field: Field,
  comparator: Comparator,
  now: () => number,
): Comparison['value'] {
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') return null
  if (comparator === 'IN' || comparator === 'NOT IN')
    return field.type === 'number' ? list(() => number(true)) : list(() => text(true))
  if (field.type === 'number') return number(false)
  const value = text(false)
  if (comparator === 'RLIKE') requirePattern(value)
  return value

  function number(listed: boolean): number {
    const { entity, key } = field
    const token = tokens.peek()
    const moment = entity === 'attribute' && target.times?.includes(key) ? readMoment() : undefined
    if (moment !== undefined) return moment
    if (token?.kind !== 'number')
      throw tokens.wrong(
        `Expected numeric value type for ${entity === 'metric' ? 'metric' : `numeric attribute: ${key}`}${listed ? ' in each entry of the list' : ''}. Found ${token?.text ?? 'nothing'}`,
      )
    tokens.at += 1
    return token.value
  }
  /** `'2026-11-01'`, `now()`, `now() - 7d`. */
  function readMoment(): number | undefined {
    const token = tokens.peek()
    if (token?.kind === 'string' && token.quote !== '`' && date.test(token.value)) {
      const plain = token.value.replace(' ', 'T')
      const at = Date.parse(/T/.test(plain) && !/(?:Z|[+-]\d\d:\d\d)$/.test(plain) ? `${plain}Z` : plain)
      if (Number.isNaN(at)) throw tokens.wrong(`${token.text} is no day or time that there is.`)
      tokens.at += 1
      return at
    }
    if (!tokens.isWord(token, 'NOW') || !tokens.isSymbol(tokens.peek(1), '(')) return undefined
    tokens.at += 2
    tokens.takeSymbol(')')
    const sign = tokens.peek()
    if (!tokens.isSymbol(sign, '+', '-')) return now()
    tokens.at += 1
    const span = tokens.peek()
    if (span?.kind !== 'duration') throw tokens.invalid('a span such as 7d, 12h, 30min, 2w or 90s is expected')
    tokens.at += 1
    return now() + (sign?.text === '-' ? -span.ms : span.ms)
  }
  function text(listed: boolean): string {
    const { entity } = field
    const token = tokens.peek()
    if (token?.kind !== 'string' || token.quote === '`') {
      const found = token?.text ?? 'nothing'
      throw tokens.wrong(
        listed
          ? `Expected a quoted string value for each entry of the list. Got value ${found}`
          : `Expected a quoted string value for ${entity === 'attribute' ? 'attributes' : `${entity} (e.g. 'my-value')`}. Got value ${found}`,
      )
    }
    tokens.at += 1
    return token.value
  }
  function list<T>(read: () => T): T[] {
    tokens.takeSymbol('(')
    const values: T[] = []
    for (;;) {
      values.push(read())
      if (values.length > longestList) throw tokens.invalid(`a list of more than ${longestList} values`)
      if (tokens.isSymbol(tokens.peek(), ',')) tokens.at += 1
      else break
    }
    tokens.takeSymbol(')')
    return values
  }
  function requirePattern(pattern: string): void {
    try {
      parsePattern(pattern)
    } catch (error) {
      if (error instanceof PatternError)
        throw tokens.wrong(`The regular expression '${pattern}' cannot be used: ${error.message}.`, tokens.peek(-1))
      throw error
    }
  }
}
