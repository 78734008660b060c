import { mlflowErrors } from './errors.ts'

/** What one query may hold: enough for MLflow's pages by far, too little to ask a thousand things at once. */
export const graphqlLimits = {
  characters: 10_000,
  depth: 10,
  rootFields: 10,
  aliases: 10,
  selections: 500,
  tokens: 3000,
}

/** One field that is asked for; `alias` is its name in the answer. */
export interface Field {
  readonly name: string
  readonly alias: string
  readonly args: Readonly<Record<string, unknown>>
  readonly fields: readonly Field[]
}

/** The operation that is to be done. */
export interface Operation {
  readonly kind: 'query' | 'mutation'
  readonly fields: readonly Field[]
}

interface Selection {
  readonly field?: { name: string; alias?: string; args: Record<string, unknown>; selections: Selection[] }
  readonly spread?: string
  readonly inline?: Selection[]
}

const variableMark = Symbol('variable')
interface Variable {
  readonly [variableMark]: string
}

const token =
  /[\s,\ufeff]+|#[^\n\r]*|("""|"(?:[^"\\\n\r]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\.\.|[_A-Za-z]\w*|[!$&()[\]{}:=@|])/gy

function tokensOf(text: string): string[] {
  const found: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw bad(`the character ${at + 1} ("${text.slice(at, at + 10)}") is not understood`)
    if (match[1] === '"""') throw bad('texts in three quotes are not taken')
    if (match[1] !== undefined) found.push(match[1])
    if (found.length > graphqlLimits.tokens) throw bad(`it has more than ${graphqlLimits.tokens} words`)
  }
  return found
}

const bad = (why: string): Error => mlflowErrors.INVALID(`The GraphQL query is not taken: ${why}.`)

/**
 * Reads a GraphQL document and returns the one operation that is to be done, its fragments and variables put in. Depth, size and number of aliases are counted
 * while it is read, so that no document costs more than its length.
 */
export function readOperation(
  text: string,
  variables: Readonly<Record<string, unknown>>,
  wanted: string | undefined,
): Operation {
  if (text.length > graphqlLimits.characters) throw bad(`it has more than ${graphqlLimits.characters} characters`)
  const tokens = tokensOf(text)
  let at = 0
  const peek = (): string => tokens[at] ?? ''
  const next = (): string => tokens[at++] ?? ''
  const expect = (what: string): void => {
    if (next() !== what) throw bad(`"${what}" is missing before "${tokens[at - 1] ?? 'the end'}"`)
  }
  const name = (): string => {
    const found = next()
    if (!/^[_A-Za-z]/.test(found)) throw bad(`a name is missing before "${found || 'the end'}"`)
    return found
  }
  const value = (depth: number): unknown => {
    if (depth > graphqlLimits.depth) throw bad(`values go deeper than ${graphqlLimits.depth}`)
    const found = next()
    if (found === '$') return { [variableMark]: name() } satisfies Variable
    if (found === '[') {
      const list: unknown[] = []
      while (peek() !== ']') list.push(value(depth + 1))
      expect(']')
      return list
    }
    if (found === '{') {
      const fields: [string, unknown][] = []
      while (peek() !== '}') {
        const key = name()
        expect(':')
        fields.push([key, value(depth + 1)])
      }
      expect('}')
      return Object.fromEntries(fields)
    }
    if (found.startsWith('"')) return textOf(found)
    if (/^-?\d/.test(found)) return Number(found)
    if (!/^[_A-Za-z]/.test(found)) throw bad(`a value is missing before "${found || 'the end'}"`)
    return (
      ({ true: true, false: false, null: null } as Record<string, unknown>)[found] ?? (found === 'null' ? null : found)
    )
  }
  const args = (): Record<string, unknown> => {
    if (peek() !== '(') return {}
    next()
    const found: [string, unknown][] = []
    while (peek() !== ')') {
      const key = name()
      expect(':')
      found.push([key, value(1)])
    }
    next()
    return Object.fromEntries(found)
  }
  /** `@component(name: "…")`, which MLflow's pages write on operations, changes nothing; others would. */
  const directives = (): void => {
    while (peek() === '@') {
      next()
      const which = name()
      if (which !== 'component') throw bad(`the directive @${which.slice(0, 50)} is not known`)
      args()
    }
  }
  const selections = (depth: number): Selection[] => {
    if (depth > graphqlLimits.depth) throw bad(`it goes deeper than ${graphqlLimits.depth}`)
    expect('{')
    const found: Selection[] = []
    while (peek() !== '}') {
      if (peek() === '...') {
        next()
        if (peek() === 'on') {
          next()
          name()
        } else if (peek() !== '{' && peek() !== '@') {
          found.push({ spread: name() })
          directives()
          continue
        }
        directives()
        found.push({ inline: selections(depth + 1) })
        continue
      }
      const first = name()
      const aliased = peek() === ':'
      if (aliased) next()
      const own = aliased ? name() : first
      const given = args()
      directives()
      const inner = peek() === '{' ? selections(depth + 1) : []
      found.push({ field: { name: own, args: given, selections: inner, ...(aliased ? { alias: first } : {}) } })
    }
    expect('}')
    if (found.length === 0) throw bad('a pair of braces asks for nothing')
    return found
  }

  const operations: { kind: Operation['kind']; name: string; selections: Selection[] }[] = []
  const fragments = new Map<string, Selection[]>()
  while (at < tokens.length) {
    const word = peek()
    if (word === '{') {
      operations.push({ kind: 'query', name: '', selections: selections(1) })
    } else if (word === 'query' || word === 'mutation') {
      next()
      const called = /^[_A-Za-z]/.test(peek()) ? name() : ''
      // What variables are declared as is not read: the call that they reach checks what it is given.
      if (peek() === '(') while (at < tokens.length && next() !== ')');
      directives()
      operations.push({ kind: word, name: called, selections: selections(1) })
    } else if (word === 'fragment') {
      next()
      const called = name()
      expect('on')
      name()
      directives()
      fragments.set(called, selections(1))
    } else throw bad(`"${word.slice(0, 50)}" begins no query`)
  }
  const chosen = wanted ? operations.filter((one) => one.name === wanted) : operations
  const [operation] = chosen
  if (!operation || chosen.length > 1) throw bad('operationName has to name one of its operations')

  const count = { selections: 0, aliases: 0 }
  const filled = (given: unknown): unknown => {
    if (typeof given !== 'object' || given === null) return given
    if (Array.isArray(given)) return given.map(filled)
    const variable = (given as Partial<Variable>)[variableMark]
    if (variable !== undefined) return Object.hasOwn(variables, variable) ? variables[variable] : undefined
    return Object.fromEntries(Object.entries(given).map(([key, one]) => [key, filled(one)]))
  }
  const flat = (list: readonly Selection[], depth: number, within: readonly string[]): Field[] => {
    if (depth > graphqlLimits.depth) throw bad(`it goes deeper than ${graphqlLimits.depth}`)
    return list.flatMap(({ field, spread, inline }): Field[] => {
      count.selections += 1
      if (count.selections > graphqlLimits.selections)
        throw bad(`it asks for more than ${graphqlLimits.selections} fields`)
      if (inline) return flat(inline, depth + 1, within)
      if (spread !== undefined) {
        const fragment = fragments.get(spread)
        if (!fragment || within.includes(spread))
          throw bad(`the fragment "${spread.slice(0, 50)}" is missing or holds itself`)
        return flat(fragment, depth + 1, [...within, spread])
      }
      if (!field) return []
      if (field.alias !== undefined) count.aliases += 1
      if (count.aliases > graphqlLimits.aliases) throw bad(`it has more than ${graphqlLimits.aliases} aliases`)
      const { name: called, alias = called, args: given, selections: inner } = field
      const fields = inner.length === 0 ? [] : flat(inner, depth + 1, within)
      return [{ name: called, alias, args: filled(given) as Record<string, unknown>, fields }]
    })
  }
  const fields = flat(operation.selections, 1, [])
  if (fields.length > graphqlLimits.rootFields)
    throw bad(`it asks for more than ${graphqlLimits.rootFields} things at once`)
  return { kind: operation.kind, fields }
}

function textOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    throw bad(`the text ${quoted.slice(0, 50)} is not understood`)
  }
}
