import { parsePattern, PatternError } from '../../kernel/text-pattern/index.ts'
import { traceErrors } from './errors.ts'

export type TraceEntity = 'attribute' | 'tag' | 'metadata' | 'span' | 'feedback' | 'expectation'

export interface TraceComparison {
  readonly op: 'compare'
  readonly entity: TraceEntity
  readonly key: string
  readonly comparator: string
  readonly value: number | string | readonly string[] | null
}

/** A parsed filter over traces: plain data, so that a reader thread can have it. */
export type TraceExpression =
  | { readonly op: 'and' | 'or'; readonly parts: readonly TraceExpression[] }
  | { readonly op: 'not'; readonly part: TraceExpression }
  | TraceComparison

const entities: Readonly<Record<string, TraceEntity>> = {
  tag: 'tag',
  tags: 'tag',
  metadata: 'metadata',
  request_metadata: 'metadata',
  attribute: 'attribute',
  attributes: 'attribute',
  trace: 'attribute',
  span: 'span',
  feedback: 'feedback',
  expectation: 'expectation',
}
/** Other names of attributes. */
const aliases: Readonly<Record<string, string>> = {
  timestamp: 'timestamp_ms',
  execution_time: 'execution_time_ms',
  end_time: 'end_time_ms',
  trace_id: 'request_id',
  state: 'status',
}
const numbers = ['timestamp_ms', 'execution_time_ms', 'end_time_ms']
const texts = ['request_id', 'status', 'client_request_id', 'name', 'run_id', 'prompt', 'text']
const ordered = ['experiment_id', ...numbers, 'status', 'request_id', 'name', 'run_id']
const comparators = {
  number: ['=', '!=', '<', '<=', '>', '>='],
  text: ['=', '!=', 'LIKE', 'ILIKE', 'RLIKE', 'IN', 'NOT IN', 'IS NULL', 'IS NOT NULL'],
  content: ['LIKE', 'ILIKE'],
  assessment: ['=', '!=', '<', '<=', '>', '>=', 'LIKE', 'ILIKE', 'RLIKE', 'IS NULL', 'IS NOT NULL'],
}
const mostComparisons = 50
const deepest = 20

type Token = { kind: 'word' | 'text' | 'number' | 'symbol'; text: string; value: string }
const pattern =
  /\s*(?:('(?:[^']|'')*'|"(?:[^"]|"")*")|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|((?:\w+|`[^`]*`)(?:\.(?:[\w-]+|`[^`]*`|"[^"]*"))*)|(<=|>=|!=|<>|[=<>(),;]))/y

function tokenize(filter: string): Token[] {
  if (filter.includes('\u0000'))
    throw traceErrors.BAD_FILTER('Invalid clause(s) in filter string: it holds a NUL character')
  const tokens: Token[] = []
  pattern.lastIndex = 0
  for (let at = 0; filter.slice(at).trim() !== ''; at = pattern.lastIndex) {
    pattern.lastIndex = at
    const found = pattern.exec(filter)
    if (!found)
      throw traceErrors.BAD_FILTER(`Invalid clause(s) in filter string: '${filter.slice(at, at + 100).trim()}'`)
    const [, text, number, word, symbol = ''] = found
    if (text !== undefined) {
      const quote = text[0] as string
      tokens.push({ kind: 'text', text, value: text.slice(1, -1).replaceAll(quote + quote, quote) })
    } else if (number !== undefined) tokens.push({ kind: 'number', text: number, value: number })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, value: word })
    else tokens.push({ kind: 'symbol', text: symbol, value: symbol })
  }
  return tokens
}

/** What a name such as ``tags.`my team` `` means. */
function identify(name: string): { entity: TraceEntity; key: string } {
  const parts = name.match(/`[^`]*`|"[^"]*"|[^.]+/g) ?? []
  const bare = (part: string): string => part.replace(/^[`"](.*)[`"]$/s, '$1')
  const prefix = bare(parts[0] ?? '')
  if (parts.length === 1) return { entity: 'attribute', key: aliases[prefix] ?? prefix }
  const entity = Object.hasOwn(entities, prefix) ? entities[prefix] : undefined
  if (entity === undefined)
    throw traceErrors.BAD_FILTER(
      `Invalid entity type '${prefix}'. Valid entity types are ${Object.keys(entities).join(', ')}`,
    )
  const key = parts.slice(1).map(bare).join('.')
  if (entity !== 'attribute') return { entity, key }
  return { entity, key: aliases[key] ?? key }
}

/**
 * Parses MLflow's grammar of filters over traces, with OR, NOT, parentheses, IN and IS NULL for every text. Undefined for an empty filter; whatever is wrong
 * is BAD_FILTER.
 */
export function parseTraceFilter(filter: string | undefined | null): TraceExpression | undefined {
  if (filter === undefined || filter === null || filter.trim() === '') return undefined
  const tokens = tokenize(filter)
  let at = 0
  let count = 0
  const invalid = (why: string): Error =>
    traceErrors.BAD_FILTER(
      `Invalid clause(s) in filter string: '${tokens
        .slice(Math.max(0, at - 1), at + 3)
        .map((t) => t.text)
        .join(' ')}' (${why})`,
    )
  const isWord = (offset: number, ...words: string[]): boolean => {
    const token = tokens[at + offset]
    return token?.kind === 'word' && words.includes(token.value.toUpperCase())
  }
  const take = (symbol: string): boolean => {
    const is = tokens[at]?.kind === 'symbol' && tokens[at]?.value === symbol
    if (is) at += 1
    return is
  }
  const joined = (by: string, op: 'and' | 'or', next: () => TraceExpression): TraceExpression => {
    const parts = [next()]
    while (isWord(0, by)) {
      at += 1
      parts.push(next())
    }
    return parts.length === 1 ? (parts[0] as TraceExpression) : { op, parts }
  }
  const any = (depth: number): TraceExpression => joined('OR', 'or', () => joined('AND', 'and', () => one(depth)))
  const one = (depth: number): TraceExpression => {
    if (depth > deepest) throw invalid(`more than ${deepest} levels of parentheses`)
    if (isWord(0, 'NOT')) {
      at += 1
      return { op: 'not', part: one(depth + 1) }
    }
    if (!take('(')) return comparison()
    const inner = any(depth + 1)
    if (!take(')')) throw invalid('")" is expected')
    return inner
  }
  const operator = (): string => {
    const token = tokens[at]
    at += 1
    if (token?.kind === 'symbol' && /^[=<>!]/.test(token.value)) return token.value === '<>' ? '!=' : token.value
    const word = token?.kind === 'word' ? token.value.toUpperCase() : ''
    if (['LIKE', 'ILIKE', 'RLIKE', 'IN'].includes(word)) return word
    if (word === 'NOT' && isWord(0, 'IN')) {
      at += 1
      return 'NOT IN'
    }
    if (word === 'IS') {
      const not = isWord(0, 'NOT')
      if (isWord(not ? 1 : 0, 'NULL')) {
        at += not ? 2 : 1
        return not ? 'IS NOT NULL' : 'IS NULL'
      }
    }
    at -= 1
    throw invalid('a comparator such as = or LIKE is expected')
  }
  const text = (what: string): string => {
    const token = tokens[at]
    if (token?.kind !== 'text')
      throw traceErrors.BAD_FILTER(
        `Expected a quoted string value for ${what} (e.g. 'my-value'). Got value ${token?.text ?? 'nothing'}`,
      )
    at += 1
    return token.value
  }
  const comparison = (): TraceComparison => {
    count += 1
    if (count > mostComparisons) throw invalid(`more than ${mostComparisons} comparisons`)
    const token = tokens[at]
    if (token?.kind !== 'word') throw invalid('a name such as status or tags.team is expected')
    at += 1
    const { entity, key } = identify(token.value)
    const type = typeOf(entity, key)
    const comparator = operator()
    if (!comparators[type].includes(comparator))
      throw traceErrors.BAD_FILTER(
        `Invalid comparator '${comparator}' for ${token.value}, not one of ${comparators[type].join(', ')}`,
      )
    const compare = (value: TraceComparison['value']): TraceComparison =>
      entity === 'attribute' && key === 'text'
        ? { op: 'compare', entity: 'span', key: 'content', comparator, value }
        : { op: 'compare', entity, key, comparator, value }
    if (comparator.startsWith('IS')) return compare(null)
    if (comparator.endsWith('IN')) {
      if (!take('(')) throw invalid("a list such as ('a', 'b') is expected")
      const values = [text('each entry of the list')]
      while (take(',')) values.push(text('each entry of the list'))
      if (!take(')')) throw invalid('")" is expected')
      if (values.length > 1000) throw invalid('more than 1000 values')
      return compare(values)
    }
    const wantsNumber = type === 'number' || (type === 'assessment' && /[<>]/.test(comparator))
    if (!wantsNumber) {
      const value = text(entity)
      if (comparator === 'RLIKE') checkPattern(value)
      return compare(value)
    }
    const found = tokens[at]
    if (found?.kind !== 'number')
      throw traceErrors.BAD_FILTER(`Expected a numeric value for ${token.value}. Got value ${found?.text ?? 'nothing'}`)
    at += 1
    return compare(Number(found.value))
  }

  const whole = any(0)
  if (take(';')) throw traceErrors.BAD_FILTER('Search filter contained multiple expressions. Join them with AND.')
  if (at < tokens.length) throw invalid('AND or OR is expected')
  return whole
}

/** Throws BAD_FILTER for what is no regular expression, or one that could run without end. */
function checkPattern(pattern: string): void {
  try {
    parsePattern(pattern)
  } catch (error) {
    throw error instanceof PatternError
      ? traceErrors.BAD_FILTER(`The regular expression '${pattern}' cannot be used: ${error.message}.`)
      : error
  }
}

function typeOf(entity: TraceEntity, key: string): keyof typeof comparators {
  if (entity === 'feedback' || entity === 'expectation') return 'assessment'
  if (entity === 'span') {
    if (key === 'content') return 'content'
    if (!['name', 'type', 'status'].includes(key) && !/^attributes\../.test(key))
      throw traceErrors.BAD_FILTER(
        `Invalid span attribute '${key}'. Supported attributes: name, status, type, content, attributes.<attribute_name>.`,
      )
    return 'text'
  }
  if (entity !== 'attribute') return 'text'
  if (key === 'text') return 'content'
  if (numbers.includes(key)) return 'number'
  if (!texts.includes(key))
    throw traceErrors.BAD_FILTER(
      `Invalid attribute key '${key}' specified. Valid keys are ${[...texts, ...numbers, ...Object.keys(aliases)].join(', ')}`,
    )
  return 'text'
}

/** One key of an order. */
export interface TraceOrder {
  readonly entity: 'attribute' | 'tag' | 'metadata'
  readonly key: string
  readonly descending: boolean
}

/** Parses keys such as `timestamp_ms DESC` or `tags.team`. */
export function parseTraceOrder(clauses: readonly string[]): TraceOrder[] {
  const keys = clauses
    .filter((clause) => clause.trim() !== '')
    .map((clause): TraceOrder => {
      const found = /^\s*((?:\w+|`[^`]*`|"[^"]*")(?:\.(?:[\w.-]+|`[^`]*`|"[^"]*"))*)(?:\s+(asc|desc))?\s*$/i.exec(
        clause,
      )
      if (!found?.[1] || clause.includes('\u0000'))
        throw traceErrors.BAD_FILTER(`Invalid order_by clause '${clause.slice(0, 200)}'. Could not be parsed.`)
      const { entity, key } = identify(found[1])
      if (entity !== 'attribute' && entity !== 'tag' && entity !== 'metadata')
        throw traceErrors.BAD_FILTER(`Invalid order_by entity \`${entity}\` with key \`${key}\``)
      if (entity === 'attribute' && !ordered.includes(key))
        throw traceErrors.BAD_FILTER(
          `Invalid order by key '${key}' specified. Invalid attribute key; valid keys are ${ordered.join(', ')}`,
        )
      return { entity, key, descending: found[2]?.toLowerCase() === 'desc' }
    })
  if (new Set(keys.map(({ entity, key }) => `${entity}.${key}`)).size < keys.length)
    throw traceErrors.BAD_FILTER(`\`order_by\` contains duplicate fields: ${clauses.join(', ')}`)
  if (keys.length > 10) throw traceErrors.BAD_FILTER('`order_by` takes at most 10 keys.')
  return keys
}

/** Whether a filter asks what spans hold: what was asked and answered. */
export function asksForContent(expression: TraceExpression | undefined): boolean {
  if (!expression) return false
  if (expression.op === 'not') return asksForContent(expression.part)
  if (expression.op !== 'compare') return expression.parts.some(asksForContent)
  const { entity, key } = expression
  return (
    (entity === 'span' && (key === 'content' || key.startsWith('attributes.'))) ||
    (entity === 'metadata' && /^mlflow\.trace(Inputs|Outputs)$/.test(key))
  )
}
