import { entityNamed, type RunTarget } from './filter-target.ts'
import type { Term } from './filter-tree.ts'
import { type Field, readField } from './read-field.ts'
import type { Tokens } from './tokens.ts'

const mostOperations = 50
const deepest = 20

/** Reads `metrics.a - (metrics.b + 1) / 2`, or a single field, which may be text. `first` is what was read already. */
export function readTerm(tokens: Tokens, target: RunTarget, first?: Field): Term | Field {
  let operations = 0
  let begun = first
  return sum(0)

  function sum(depth: number): Term | Field {
    return joined(['+', '-'], () => joined(['*', '/'], () => factor(depth)))
  }
  function joined(signs: readonly ('+' | '-' | '*' | '/')[], next: () => Term | Field): Term | Field {
    let left = next()
    for (;;) {
      const sign = signs.find((one) => tokens.isSymbol(tokens.peek(), one))
      if (!sign) return left
      operations += 1
      if (operations > mostOperations) throw tokens.invalid(`more than ${mostOperations} operations`)
      const before = numeric(left, tokens)
      tokens.at += 1
      left = { term: sign, left: before, right: numeric(next(), tokens) }
    }
  }
  function factor(depth: number): Term | Field {
    if (begun) {
      const field = begun
      begun = undefined
      return field
    }
    if (depth > deepest) throw tokens.invalid(`more than ${deepest} levels of parentheses`)
    const token = tokens.peek()
    if (token?.kind === 'number') {
      if (!Number.isFinite(token.value)) throw tokens.invalid('it is too large to calculate with')
      tokens.at += 1
      return { term: 'number', value: token.value }
    }
    if (tokens.isSymbol(token, '-')) {
      tokens.at += 1
      return { term: '-', left: { term: 'number', value: 0 }, right: numeric(factor(depth + 1), tokens) }
    }
    if (tokens.isSymbol(token, '(')) {
      tokens.at += 1
      const inner = numeric(sum(depth + 1), tokens)
      tokens.takeSymbol(')')
      return inner
    }
    return readField(tokens, target)
  }
}

/** A term of numbers; text cannot be calculated with. */
export function numeric(term: Term | Field, tokens: Tokens): Term {
  if ('term' in term) return term
  if (term.type === 'string') throw tokens.invalid(`${term.key} is text; metrics, start_time and end_time are numbers`)
  if (term.entity === 'attribute') return { term: 'attribute', key: term.key }
  const { key, statistic, otherwise } = term
  return { term: 'metric', key, statistic, ...(otherwise ? { otherwise } : {}) }
}

/** Whether a term begins here that is no plain number. */
export function beginsTerm(tokens: Tokens, target: RunTarget): boolean {
  const token = tokens.peek()
  if (token?.kind === 'number') return tokens.isSymbol(tokens.peek(1), '+', '-', '*', '/')
  if (token?.kind === 'string') return false
  if (tokens.isSymbol(token, '(', '-') || tokens.isSymbol(tokens.peek(1), '(')) return true
  if (token?.kind !== 'name') return false
  const [prefix = ''] = token.parts
  return token.parts.length === 1 ? prefix in target.numbers : entityNamed(target, prefix) === 'metric'
}
