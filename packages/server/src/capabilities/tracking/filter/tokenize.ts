import { trackingErrors } from '../errors.ts'

/** A piece of a filter. `name` is an identifier with its parts (`metrics.auc`, ``params.`learning rate` ``), `text` the source. */
export type Token = { readonly from: number; readonly text: string } & (
  | { readonly kind: 'name'; readonly parts: string[] }
  | { readonly kind: 'string'; readonly value: string; readonly quote: "'" | '"' | '`' }
  | { readonly kind: 'number'; readonly value: number }
  /** `7d`, after a sign. */
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'symbol' }
)

const longest = 20_000
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const wordAfterDot = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:[A-Za-z_][A-Za-z0-9_]*)?/y
const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const duration = /(\d{1,9})(s|min|h|d|w)(?![A-Za-z0-9_])/y
const symbol = /<=|>=|!=|<>|=~|[=<>(),;+*/-]/y
const units: Record<string, number> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** After one of these a sign belongs to the number. */
const beforeValue = new Set(['AND', 'OR', 'NOT', 'IN', 'LIKE', 'ILIKE', 'RLIKE', 'IS'])

/** Splits a filter; the only thing it throws is BAD_FILTER. */
export function tokenize(filter: string): Token[] {
  if (filter.length > longest)
    throw trackingErrors.BAD_FILTER(`Invalid clause(s) in filter string: it is longer than ${longest} characters`)
  if (filter.includes('\u0000'))
    throw trackingErrors.BAD_FILTER('Invalid clause(s) in filter string: it holds a NUL character')
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(filter)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const quoted = (): string => {
    const quote = filter[at] as string
    let value = ''
    for (let i = at + 1; i < filter.length; i += 1) {
      if (filter[i] !== quote) value += filter[i]
      else if (filter[i + 1] === quote) {
        value += quote
        i += 1
      } else {
        at = i + 1
        return value
      }
    }
    throw trackingErrors.BAD_FILTER(
      `Invalid clause(s) in filter string: ${filter.slice(at)} (the quote is not closed)`,
      [at, filter.length],
    )
  }
  const startsQuote = (): boolean => filter[at] === "'" || filter[at] === '"' || filter[at] === '`'

  while (at < filter.length) {
    const start = at
    if (/\s/.test(filter[at] as string)) {
      at += 1
      continue
    }
    if (startsQuote()) {
      const quote = filter[at] as "'" | '"' | '`'
      const value = quoted()
      if (quote !== "'" && filter[at] === '.') {
        add({ kind: 'name', parts: [value, ...rest()] }, start)
      } else add({ kind: 'string', value, quote }, start)
      continue
    }
    const first = take(word)
    if (first !== undefined) {
      add({ kind: 'name', parts: [first, ...rest()] }, start)
      continue
    }
    const last = tokens.at(-1)
    const signs = filter[at] === '+' || filter[at] === '-'
    if (last?.kind === 'symbol' && (last.text === '+' || last.text === '-')) {
      duration.lastIndex = at
      const found = duration.exec(filter)
      if (found) {
        at += found[0].length
        add({ kind: 'duration', ms: Number(found[1]) * (units[found[2] as string] as number) }, start)
        continue
      }
    }
    const digits = signs && isOperand(last) ? undefined : take(number)
    if (digits !== undefined) {
      // Something like 1abc is neither a number nor a name.
      if (/[A-Za-z_]/.test(filter[at] ?? ''))
        throw trackingErrors.BAD_FILTER(
          `Invalid clause(s) in filter string: ${filter.slice(start, at + 20)} (put names that begin with a digit in backticks)`,
          [start, at],
        )
      add({ kind: 'number', value: Number(digits) }, start)
      continue
    }
    const sign = take(symbol)
    if (sign === undefined)
      throw trackingErrors.BAD_FILTER(`Invalid clause(s) in filter string: ${filter.slice(start, start + 40)}`, [
        start,
        start + 1,
      ])
    add({ kind: 'symbol' }, start)
  }
  return tokens

  function add(token: WithoutPlace<Token>, from: number): void {
    tokens.push({ ...token, from, text: filter.slice(from, at) })
  }
  /** What follows the first part of a name: `.part` as often as it comes. */
  function rest(): string[] {
    const parts: string[] = []
    while (filter[at] === '.') {
      at += 1
      if (startsQuote() && filter[at] !== "'") parts.push(quoted())
      else {
        const part = take(wordAfterDot)
        if (part === undefined)
          throw trackingErrors.BAD_FILTER(
            `Invalid clause(s) in filter string: ${filter.slice(Math.max(0, at - 20), at + 20)} (a name is expected after the dot)`,
            [at, at + 1],
          )
        parts.push(part)
      }
    }
    return parts
  }
}

/** After it a sign joins two values. */
const isOperand = (token: Token | undefined): boolean =>
  token !== undefined &&
  (token.kind === 'symbol'
    ? token.text === ')'
    : token.kind !== 'name' || token.parts.length > 1 || !beforeValue.has(token.text.toUpperCase()))

type WithoutPlace<T> = T extends unknown ? Omit<T, 'from' | 'text'> : never
