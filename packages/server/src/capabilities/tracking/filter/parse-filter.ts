import type { FilterTarget, RunTarget } from './filter-target.ts'
import type { Comparator, Comparison, Expression, RunExpression, TermComparison } from './filter-tree.ts'
import { calculates, type Field, readField } from './read-field.ts'
import { beginsTerm, numeric, readTerm } from './read-term.ts'
import { readValue } from './read-value.ts'
import { type Tokens, tokensOf } from './tokens.ts'

const mostComparisons = 100
const deepest = 20
const byOrder: readonly Comparator[] = ['=', '!=', '<', '<=', '>', '>=']
const ofAll: readonly Comparator[] = ['IN', 'NOT IN', 'IS NULL', 'IS NOT NULL']
const numbers = [...byOrder, ...ofAll]
const texts: readonly Comparator[] = ['=', '!=', 'LIKE', 'ILIKE', 'RLIKE', ...ofAll]

/**
 * Parses MLflow's filter grammar and what we add: OR, NOT, parentheses, IN and IS NULL of everything, RLIKE (`=~`), dates and `now()` for times, and for runs arithmetic and
 * the first, last, smallest, greatest and best of a metric. Returns undefined for an empty filter. Whatever is wrong is BAD_FILTER, with the place; it throws nothing else.
 */
export function parseFilter(
  filter: string | undefined | null,
  target: RunTarget,
  now?: () => number,
): RunExpression | undefined
export function parseFilter(
  filter: string | undefined | null,
  target: FilterTarget,
  now?: () => number,
): Expression | undefined
export function parseFilter(
  filter: string | undefined | null,
  target: FilterTarget,
  now: () => number = Date.now,
): RunExpression | undefined {
  if (filter === undefined || filter === null || filter.trim() === '') return undefined
  const tokens = tokensOf(filter)
  const closing = closingBrackets(tokens)
  let comparisons = 0
  const whole = any(0)
  if (tokens.isSymbol(tokens.peek(), ';'))
    throw tokens.wrong('Search filter contained multiple expressions. Join them with AND.')
  if (tokens.peek()) throw tokens.invalid()
  return whole

  function any(depth: number): RunExpression {
    return joined('OR', 'or', () => all(depth))
  }
  function all(depth: number): RunExpression {
    return joined('AND', 'and', () => one(depth))
  }
  function joined(by: string, op: 'and' | 'or', next: () => RunExpression): RunExpression {
    const parts = [next()]
    while (tokens.isWord(tokens.peek(), by)) {
      tokens.at += 1
      parts.push(next())
    }
    return parts.length === 1 ? (parts[0] as RunExpression) : { op, parts }
  }
  function one(depth: number): RunExpression {
    if (depth > deepest) throw tokens.invalid(`more than ${deepest} levels of parentheses`)
    if (tokens.isWord(tokens.peek(), 'NOT')) {
      tokens.at += 1
      return { op: 'not', part: one(depth + 1) }
    }
    if (tokens.isSymbol(tokens.peek(), '(') && !(calculates(target) && bracketsTerm())) {
      tokens.at += 1
      const inner = any(depth + 1)
      tokens.takeSymbol(')')
      return inner
    }
    return comparison()
  }
  /** Whether the bracket here holds numbers, not comparisons: after it something is done with their value. */
  function bracketsTerm(): boolean {
    const end = closing.get(tokens.at)
    const after = end === undefined ? undefined : tokens.all[end + 1]
    return (after?.kind === 'symbol' && /^[-+*/=<>!]/.test(after.text)) || tokens.isWord(after, 'IN', 'IS', 'LIKE')
  }
  function comparison(): Comparison | TermComparison {
    comparisons += 1
    if (comparisons > mostComparisons) throw tokens.invalid(`more than ${mostComparisons} comparisons`)
    if (!calculates(target)) return ofField(readField(tokens, target))
    const startsTerm = tokens.peek()?.kind === 'number' || tokens.isSymbol(tokens.peek(), '(', '-')
    const left = readTerm(tokens, target, startsTerm ? undefined : readField(tokens, target))
    if (!('term' in left)) return ofField(left)
    const comparator = operator(tokens)
    if (!byOrder.includes(comparator))
      throw tokens.invalid(`${comparator} is of one metric; calculated values are compared with ${byOrder.join(' ')}`)
    const right = numeric(readTerm(tokens, target), tokens)
    return { op: 'terms', left, comparator: comparator as TermComparison['comparator'], right }
  }
  function ofField(field: Field): Comparison | TermComparison {
    const { entity, key, statistic, otherwise, type } = field
    const comparator = operator(tokens)
    const known = type === 'number' ? numbers : texts
    if (!known.includes(comparator)) {
      throw tokens.wrong(
        `Invalid comparator '${comparator}' for ${entity} '${key}', not one of ${known.join(', ')}`,
        tokens.peek(-1),
      )
    }
    if (
      type === 'number' &&
      byOrder.includes(comparator) &&
      calculates(target) &&
      !isTime(field) &&
      beginsTerm(tokens, target)
    ) {
      const right = numeric(readTerm(tokens, target), tokens)
      return {
        op: 'terms',
        left: numeric(field, tokens),
        comparator: comparator as TermComparison['comparator'],
        right,
      }
    }
    const value = readValue(tokens, target, field, comparator, now)
    return { op: 'compare', entity, key, statistic, ...(otherwise ? { otherwise } : {}), comparator, value }
  }
  /** A time that is compared with `now()`. */
  function isTime({ entity, key }: Field): boolean {
    return entity === 'attribute' && target.times?.includes(key) === true && tokens.isWord(tokens.peek(), 'NOW')
  }
}

function operator(tokens: Tokens): Comparator {
  const token = tokens.peek()
  tokens.at += 1
  if (token?.kind === 'symbol' && token.text === '=~') return 'RLIKE'
  if (token?.kind === 'symbol' && /^[=<>!]/.test(token.text))
    return token.text === '<>' ? '!=' : (token.text as Comparator)
  if (tokens.isWord(token, 'LIKE', 'ILIKE', 'RLIKE', 'IN'))
    return (token as { text: string }).text.toUpperCase() as Comparator
  if (tokens.isWord(token, 'NOT') && tokens.isWord(tokens.peek(), 'IN')) {
    tokens.at += 1
    return 'NOT IN'
  }
  if (tokens.isWord(token, 'IS')) {
    const not = tokens.isWord(tokens.peek(), 'NOT')
    if (not) tokens.at += 1
    if (tokens.isWord(tokens.peek(), 'NULL')) {
      tokens.at += 1
      return not ? 'IS NOT NULL' : 'IS NULL'
    }
  }
  tokens.at -= 1
  throw tokens.invalid('a comparator such as = or LIKE is expected')
}

/** Where each bracket is closed, by where it is opened. */
function closingBrackets({ all, isSymbol }: Tokens): Map<number, number> {
  const open: number[] = []
  const closing = new Map<number, number>()
  all.forEach((token, at) => {
    if (isSymbol(token, '(')) open.push(at)
    else if (isSymbol(token, ')')) {
      const from = open.pop()
      if (from !== undefined) closing.set(from, at)
    }
  })
  return closing
}
