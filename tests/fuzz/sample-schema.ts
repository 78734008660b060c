import { oddNumber, oddText, oddValue } from './odd-values.ts'
import type { Random } from './random.ts'

/** The part of JSON Schema that the contract uses. */
export interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minItems?: number
  readonly maxItems?: number
}

/** Texts that the server itself has said, by the name under which it said them; what refers to something is mostly taken from here. */
export interface Pool {
  /** A known text for this name, or one that fits the pattern. */
  find(random: Random, name: string, pattern: string | undefined): string | undefined
  learn(answer: unknown): void
}

export function createPool(): Pool {
  const byName = new Map<string, string[]>()
  const all: string[] = []
  const keep = (list: string[], text: string, most: number): void => {
    if (list.includes(text)) return
    if (list.length >= most) list.splice(list.length >> 1, 1)
    list.push(text)
  }
  const learn = (value: unknown, name: string, depth: number): void => {
    if (depth > 6) return
    if (typeof value === 'string' && value !== '' && value.length <= 200) {
      const list = byName.get(name) ?? []
      byName.set(name, list)
      keep(list, value, 24)
      keep(all, value, 300)
    } else if (Array.isArray(value)) for (const entry of value.slice(0, 5)) learn(entry, name, depth + 1)
    else if (value !== null && typeof value === 'object')
      for (const [key, entry] of Object.entries(value).slice(0, 40)) learn(entry, key, depth + 1)
  }
  return {
    learn: (answer) => learn(answer, '', 0),
    find: (random, name, pattern) => {
      const fits = pattern === undefined ? undefined : new RegExp(pattern)
      const named = [...(byName.get(name) ?? []), ...(byName.get(`${name}_id`) ?? [])]
      const known = (named.length > 0 && random.chance(0.8) ? named : all).filter((text) => fits?.test(text) ?? true)
      return known.length > 0 ? random.pick(known) : undefined
    },
  }
}

/** A value that the schema takes, as odd as it allows. */
export function sampleSchema(random: Random, schema: Schema, pool: Pool, name = '', depth = 0): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return random.pick(schema.enum)
  if (schema.anyOf) return sampleSchema(random, random.pick(schema.anyOf), pool, name, depth + 1)
  switch (schema.type) {
    case 'object':
      return sampleObject(random, schema, pool, depth)
    case 'array': {
      const most = Math.min(schema.maxItems ?? 4, depth > 4 ? 1 : 4)
      const length = Math.max(schema.minItems ?? 0, random.below(most + 1))
      return Array.from({ length }, () => sampleSchema(random, schema.items ?? {}, pool, name, depth + 1))
    }
    case 'integer':
      return Math.round(between(random, schema))
    case 'number':
      return between(random, schema)
    case 'boolean':
      return random.chance(0.5)
    case 'null':
      return null
    case 'string':
      return sampleText(random, schema, pool, name)
    default:
      return depth > 8 ? null : oddValue(random, 1)
  }
}

function sampleObject(random: Random, schema: Schema, pool: Pool, depth: number): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(schema.properties ?? {}))
    if (schema.required?.includes(key) === true || random.chance(depth > 6 ? 0.05 : 0.5))
      made[key] = sampleSchema(random, inner, pool, key, depth + 1)
  for (const inner of Object.values(schema.patternProperties ?? {}))
    for (let n = random.below(3); n > 0; n -= 1)
      Object.defineProperty(
        made,
        random.chance(0.5) ? oddText(random) : (pool.find(random, 'name', undefined) ?? 'a'),
        {
          value: sampleSchema(random, inner, pool, '', depth + 1),
          enumerable: true,
          configurable: true,
          writable: true,
        },
      )
  return made
}

function between(random: Random, schema: Schema): number {
  const low =
    schema.minimum ?? (schema.exclusiveMinimum === undefined ? -Number.MAX_SAFE_INTEGER : schema.exclusiveMinimum + 1)
  const high = schema.maximum ?? Number.MAX_SAFE_INTEGER
  // Mostly small: what asks for 2^53 of something is one case of many.
  const wanted = random.chance(0.5)
    ? low + random.below(10)
    : random.chance(0.3)
      ? random.pick([low, high])
      : oddNumber(random)
  return Math.min(high, Math.max(low, Number.isFinite(low) ? wanted : 0))
}

function sampleText(random: Random, schema: Schema, pool: Pool, name: string): string {
  const known = random.chance(0.7) ? pool.find(random, name, schema.pattern) : undefined
  if (known !== undefined) return known
  if (schema.pattern !== undefined) return textOf(random, schema.pattern)
  const text = oddText(random).slice(0, schema.maxLength ?? 5000)
  return text.padEnd(schema.minLength ?? 0, 'x')
}

/** A text of the simple patterns of the contract: classes, escapes, groups of alternatives and counts. */
export function textOf(random: Random, pattern: string): string {
  let at = 0
  const source = pattern.replace(/^\^/, '').replace(/\$$/, '')
  const sequence = (): string => {
    const branches: string[] = []
    let made = ''
    while (at < source.length && source[at] !== ')') {
      if (source[at] === '|') {
        at += 1
        branches.push(made)
        made = ''
        continue
      }
      const begin = at
      const first = atom()
      const end = at
      const times = count()
      for (let n = 0; n < times; n += 1) {
        if (n === 0) made += first
        else {
          const after = at
          at = begin
          made += atom()
          at = Math.max(after, end)
        }
      }
    }
    branches.push(made)
    return random.pick(branches)
  }
  const atom = (): string => {
    const char = source[at] ?? ''
    at += 1
    if (char === '(') {
      if (source.startsWith('?:', at)) at += 2
      const inner = sequence()
      at += 1
      return inner
    }
    if (char === '[') return ofClass()
    if (char === '\\') {
      const escaped = source[at] ?? ''
      at += 1
      return escaped === 'd' ? String(random.below(10)) : escaped === 'w' ? random.pick([...'aZ09_']) : escaped
    }
    return char === '.' ? random.pick([...'aZ0 _é']) : char
  }
  const ofClass = (): string => {
    let close = at
    // A bracket behind a back-slash is one of the characters.
    while (source[close] !== ']') close += source[close] === '\\' ? 2 : 1
    const inner = source.slice(at, close)
    at = close + 1
    const fits = new RegExp(`[${inner}]`)
    const candidates = [...'aZ09._ -/:%@ézq1bc'].filter((char) => fits.test(char))
    return candidates.length > 0 ? random.pick(candidates) : ''
  }
  const count = (): number => {
    const found = /^(\*|\+|\?|\{(\d+)(,(\d*))?\})/.exec(source.slice(at))
    if (!found) return 1
    at += found[0].length
    const [, sign, low = '0', range, high] = found
    if (sign === '*') return random.below(6)
    if (sign === '+') return 1 + random.below(6)
    if (sign === '?') return random.below(2)
    const least = Number(low)
    const most = range === undefined ? least : high === '' || high === undefined ? least + 5 : Number(high)
    return random.chance(0.1) ? most : least + random.below(Math.min(most - least, 12) + 1)
  }
  return sequence()
}
