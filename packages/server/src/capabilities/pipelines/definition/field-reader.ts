import type { KeyPath, YamlSource } from './yaml-source.ts'
import { parseDuration } from '../../../kernel/clock/index.ts'

/** Reads the fields of one map of a definition; what is wrong is reported and read as the default. */
export interface FieldReader {
  readonly path: KeyPath
  has(key: string): boolean
  raw(key: string): unknown
  text(key: string, fallback: string): string
  texts(key: string): string[]
  integer(key: string, fallback: number, low: number, high: number): number
  duration(key: string): number | undefined
  /** The value as a map; empty when it is missing or something else (which is reported). */
  map(key: string): Record<string, unknown>
  report(key: string | undefined, message: string): void
}

/** A reader over `value`, which must be a map that has no other keys than `known`. */
export function readFields(source: YamlSource, path: KeyPath, value: unknown, known: readonly string[]): FieldReader {
  const fields = isPlainMap(value) ? value : {}
  if (!isPlainMap(value)) source.report(path, `must be a map with ${known.join(', ')}.`)
  for (const key of Object.keys(fields)) {
    if (!known.includes(key)) source.report([...path, key], `unknown key "${key}". Known here: ${known.join(', ')}.`)
  }
  const wrong = (key: string, what: string): void =>
    source.report([...path, key], `must be ${what}, not ${show(fields[key])}.`)
  return {
    path,
    has: (key) => fields[key] !== undefined && fields[key] !== null,
    raw: (key) => fields[key] ?? undefined,
    text: (key, fallback) => {
      const found = fields[key]
      if (found === undefined || found === null) return fallback
      if (typeof found === 'string') return found
      wrong(key, 'a text')
      return fallback
    },
    texts: (key) => {
      const found = fields[key]
      if (found === undefined || found === null) return []
      if (Array.isArray(found) && found.every((item) => typeof item === 'string')) return found as string[]
      wrong(key, 'a list of texts')
      return []
    },
    integer: (key, fallback, low, high) => {
      const found = fields[key]
      if (found === undefined || found === null) return fallback
      if (Number.isInteger(found) && (found as number) >= low && (found as number) <= high) return found as number
      wrong(key, `a whole number from ${low} to ${high}`)
      return fallback
    },
    duration: (key) => {
      const found = fields[key]
      if (found === undefined || found === null) return undefined
      const parsed = typeof found === 'string' ? parseDuration(found) : undefined
      if (parsed === undefined) wrong(key, 'a duration such as 30s, 10m, 2h or 7d')
      return parsed
    },
    map: (key) => {
      const found = fields[key]
      if (found === undefined || found === null) return {}
      if (isPlainMap(found)) return found
      wrong(key, 'a map')
      return {}
    },
    report: (key, message) => source.report(key === undefined ? path : [...path, key], message),
  }
}

export function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
