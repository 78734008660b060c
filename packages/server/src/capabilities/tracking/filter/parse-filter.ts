import { trackingErrors } from '../errors.ts'
import {
  attributeNamed,
  attributesOf,
  datasetKeys,
  entityNamed,
  type FilterEntity,
  type FilterTarget,
  prefixesOf,
} from './filter-target.ts'
import { type Token, tokenize } from './tokenize.ts'

export type Comparator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'LIKE'
  | 'ILIKE'
  | 'IN'
  | 'NOT IN'
  | 'IS NULL'
  | 'IS NOT NULL'

export interface Comparison {
  readonly op: 'compare'
  readonly entity: FilterEntity
  readonly key: string
  /** Of a metric: the latest value, or the smallest or greatest of its points. */
  readonly statistic: 'last' | 'min' | 'max'
  readonly comparator: Comparator
  readonly value: number | string | readonly string[] | null
}

/** A parsed filter: plain data, so that it can be handed to a reader thread. */
export type Expression =
  | { readonly op: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly op: 'not'; readonly part: Expression }
  | Comparison

const mostComparisons = 100
const deepest = 20
const numeric = ['=', '!=', '<', '<=', '>', '>=']
const textual = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL']

/**
 * Parses MLflow's filter grammar with OR, NOT, parentheses, IN and IS NULL for every text, and `min(metrics.x)`, `max(metrics.x)`.
 * Returns undefined for an empty filter. Whatever is wrong is BAD_FILTER; it throws nothing else.
 */
export function parseFilter(filter: string | undefined | null, target: FilterTarget): Expression | undefined {
  if (filter === undefined || filter === null || filter.trim() === '') return undefined
  const tokens = tokenize(filter)
  let at = 0
  let comparisons = 0

  const invalid = (why?: string): Error =>
    trackingErrors.BAD_FILTER(
      `Invalid clause(s) in filter string: ${tokens
        .slice(Math.max(0, at - 1), at + 3)
        .map((t) => t.text)
        .join(' ')}${why ? ` (${why})` : ''}`,
    )
  const isWord = (token: Token | undefined, ...words: string[]): boolean =>
    token?.kind === 'name' && token.parts.length === 1 && words.includes((token.parts[0] as string).toUpperCase())
  const isSymbol = (token: Token | undefined, text: string): boolean => token?.kind === 'symbol' && token.text === text
  const takeSymbol = (text: string): void => {
    if (!isSymbol(tokens[at], text)) throw invalid(`"${text}" is expected`)
    at += 1
  }

  const whole = any(0)
  if (isSymbol(tokens[at], ';'))
    throw trackingErrors.BAD_FILTER('Search filter contained multiple expressions. Join them with AND.')
  if (at < tokens.length) throw invalid()
  return whole

  function any(depth: number): Expression {
    return joined('OR', 'or', () => all(depth))
  }

  function all(depth: number): Expression {
    return joined('AND', 'and', () => one(depth))
  }

  function joined(by: string, op: 'and' | 'or', next: () => Expression): Expression {
    const parts = [next()]
    while (isWord(tokens[at], by)) {
      at += 1
      parts.push(next())
    }
    return parts.length === 1 ? (parts[0] as Expression) : { op, parts }
  }

  function one(depth: number): Expression {
    if (depth > deepest) throw invalid(`more than ${deepest} levels of parentheses`)
    if (isWord(tokens[at], 'NOT')) {
      at += 1
      return { op: 'not', part: one(depth + 1) }
    }
    if (isSymbol(tokens[at], '(')) {
      at += 1
      const inner = any(depth + 1)
      takeSymbol(')')
      return inner
    }
    return comparison()
  }

  function comparison(): Comparison {
    comparisons += 1
    if (comparisons > mostComparisons) throw invalid(`more than ${mostComparisons} comparisons`)
    let statistic: Comparison['statistic'] = 'last'
    if (isWord(tokens[at], 'MIN', 'MAX') && isSymbol(tokens[at + 1], '(')) {
      statistic = isWord(tokens[at], 'MIN') ? 'min' : 'max'
      at += 2
    }
    const { entity, key, type } = identifier()
    if (statistic !== 'last') {
      if (entity !== 'metric') throw invalid('min() and max() are of metrics')
      takeSymbol(')')
    }
    const comparator = operator()
    if (!(type === 'number' ? numeric : textual).includes(comparator)) {
      throw trackingErrors.BAD_FILTER(
        `Invalid comparator '${comparator}' for ${entity} '${key}', not one of ${(type === 'number' ? numeric : textual).join(', ')}`,
      )
    }
    return { op: 'compare', entity, key, statistic, comparator, value: value(entity, key, type, comparator) }
  }

  function identifier(): { entity: FilterEntity; key: string; type: 'string' | 'number' } {
    const token = tokens[at]
    let parts: string[]
    if (token?.kind === 'name') parts = token.parts
    else if (token?.kind === 'string' && token.quote !== "'") parts = [token.value]
    else throw invalid('a name such as metrics.auc is expected')
    at += 1
    const [prefix = '', ...rest] = parts
    const entity = rest.length === 0 ? 'attribute' : entityNamed(target, prefix)
    if (entity === undefined)
      throw trackingErrors.BAD_FILTER(
        `Invalid entity type '${prefix}'. Valid entity types are ${prefixesOf(target).join(', ')}`,
      )
    const key = rest.length === 0 ? prefix : rest.join('.')
    if (entity === 'attribute') {
      const attribute = attributeNamed(target, key)
      if (!attribute)
        throw trackingErrors.BAD_FILTER(
          `Invalid attribute key '${key}' specified. Valid keys are ${attributesOf(target).join(', ')}`,
        )
      return { entity, ...attribute }
    }
    if (entity === 'dataset' && !datasetKeys.includes(key))
      throw trackingErrors.BAD_FILTER(
        `Invalid dataset key '${key}' specified. Valid keys are ${datasetKeys.join(', ')}`,
      )
    return { entity, key, type: entity === 'metric' ? 'number' : 'string' }
  }

  function operator(): Comparator {
    const token = tokens[at]
    at += 1
    if (token?.kind === 'symbol' && /^[=<>!]/.test(token.text))
      return token.text === '<>' ? '!=' : (token.text as Comparator)
    if (isWord(token, 'LIKE', 'ILIKE', 'IN')) return (token as { text: string }).text.toUpperCase() as Comparator
    if (isWord(token, 'NOT') && isWord(tokens[at], 'IN')) {
      at += 1
      return 'NOT IN'
    }
    if (isWord(token, 'IS')) {
      const not = isWord(tokens[at], 'NOT')
      if (not) at += 1
      if (isWord(tokens[at], 'NULL')) {
        at += 1
        return not ? 'IS NOT NULL' : 'IS NULL'
      }
    }
    at -= 1
    throw invalid('a comparator such as = or LIKE is expected')
  }

  function value(
    entity: FilterEntity,
    key: string,
    type: 'string' | 'number',
    comparator: Comparator,
  ): Comparison['value'] {
    if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') return null
    if (comparator === 'IN' || comparator === 'NOT IN') return list()
    const token = tokens[at]
    const found = token?.text ?? 'nothing'
    if (type === 'number') {
      if (token?.kind !== 'number')
        throw trackingErrors.BAD_FILTER(
          `Expected numeric value type for ${entity === 'metric' ? 'metric' : `numeric attribute: ${key}`}. Found ${found}`,
        )
      at += 1
      return token.value
    }
    if (token?.kind !== 'string' || token.quote === '`') {
      throw trackingErrors.BAD_FILTER(
        `Expected a quoted string value for ${entity === 'attribute' ? 'attributes' : `${entity} (e.g. 'my-value')`}. Got value ${found}`,
      )
    }
    at += 1
    return token.value
  }

  function list(): string[] {
    takeSymbol('(')
    const values: string[] = []
    for (;;) {
      const token = tokens[at]
      if (token?.kind !== 'string' || token.quote === '`')
        throw trackingErrors.BAD_FILTER(
          `Expected a quoted string value for each entry of the list. Got value ${token?.text ?? 'nothing'}`,
        )
      values.push(token.value)
      at += 1
      if (isSymbol(tokens[at], ',')) at += 1
      else break
    }
    takeSymbol(')')
    return values
  }
}
