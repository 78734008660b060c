import { trackingErrors } from '../errors.ts'

/** A piece of a filter. `name` is an identifier with its parts (`metrics.auc`, ``params.`learning rate` ``), `text` the source. */
export type Token =
  | { kind: 'name'; parts: string[]; text: string }
  | { kind: 'string'; value: string; quote: "'" | '"' | '`'; text: string }
  | { kind: 'number'; value: number; text: string }
  | { kind: 'symbol'; text: '=' | '!=' | '<>' | '<' | '<=' | '>' | '>=' | '(' | ')' | ',' | ';' }

const word = /[A-Za-z_][A-Za-z0-9_]*/y
const wordAfterDot = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:[A-Za-z_][A-Za-z0-9_]*)?/y
const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const symbol = /<=|>=|!=|<>|[=<>(),;]/y

/** Splits a filter; the only thing it throws is BAD_FILTER. */
export function tokenize(filter: string): Token[] {
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
    throw trackingErrors.BAD_FILTER(`Invalid clause(s) in filter string: ${filter.slice(at)} (the quote is not closed)`)
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
        tokens.push({ kind: 'name', parts: [value, ...rest()], text: filter.slice(start, at) })
      } else tokens.push({ kind: 'string', value, quote, text: filter.slice(start, at) })
      continue
    }
    const first = take(word)
    if (first !== undefined) {
      tokens.push({ kind: 'name', parts: [first, ...rest()], text: filter.slice(start, at) })
      continue
    }
    const digits = take(number)
    if (digits !== undefined) {
      // Something like 1abc is neither a number nor a name.
      if (/[A-Za-z_]/.test(filter[at] ?? ''))
        throw trackingErrors.BAD_FILTER(
          `Invalid clause(s) in filter string: ${filter.slice(start, at + 20)} (put names that begin with a digit in backticks)`,
        )
      tokens.push({ kind: 'number', value: Number(digits), text: digits })
      continue
    }
    const sign = take(symbol)
    if (sign === undefined)
      throw trackingErrors.BAD_FILTER(`Invalid clause(s) in filter string: ${filter.slice(start, start + 40)}`)
    tokens.push({ kind: 'symbol', text: sign as '=' })
  }
  return tokens

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
          )
        parts.push(part)
      }
    }
    return parts
  }
}
