import { createHash } from 'node:crypto'
import { traceErrors } from '../errors.ts'

type Json = Readonly<Record<string, unknown>>

/** A record as a client sends it, checked. */
export interface SentRecord {
  readonly hash: string
  readonly inputs: Json
  /** undefined: not told; null: told as nothing. */
  readonly outputs: unknown
  readonly expectations: Json | undefined
  readonly tags: Json | undefined
  readonly source: { readonly type: string; readonly data: Json } | undefined
}

const kinds = ['TRACE', 'HUMAN', 'DOCUMENT', 'CODE', 'UNSPECIFIED']
const longest = 1_000_000

/** Reads the records of a request; what is wrong with one is told with its number. */
export function readRecords(value: unknown, most: number): SentRecord[] {
  if (!Array.isArray(value)) throw traceErrors.BAD_RECORD('records has to be a list')
  if (value.length > most) throw traceErrors.BAD_RECORD(`there are more than ${most} of them in one request`)
  return value.map((one: unknown, i) => {
    const wrong = (why: string): Error => traceErrors.BAD_RECORD(`records[${i}] ${why}`)
    if (!isObject(one)) throw wrong('is no object')
    const part = (name: string): Json | undefined => {
      const found = one[name] ?? undefined
      if (found !== undefined && !isObject(found)) throw wrong(`has ${name} that are no object`)
      return found
    }
    const text = JSON.stringify(one)
    if (text.length > longest) throw wrong(`has more than ${longest} characters`)
    if (text.includes('\\u0000')) throw wrong('holds a NUL character')
    const inputs = part('inputs') ?? {}
    const source = part('source')
    const type = String(source?.['source_type'] ?? 'UNSPECIFIED').toUpperCase()
    if (!kinds.includes(type)) throw wrong(`has a source_type that is none of ${kinds.join(', ')}`)
    const data = source?.['source_data'] ?? {}
    if (!isObject(data)) throw wrong('has source_data that are no object')
    return {
      hash: hashOfInputs(inputs),
      inputs,
      outputs: one['outputs'],
      expectations: part('expectations'),
      tags: part('tags'),
      source: source ? { type, data } : undefined,
    }
  })
}

/** What tells records apart. */
export const hashOfInputs = (inputs: Json): string => createHash('sha256').update(canonical(inputs)).digest('hex')

/** The schema with the names that these records bring. */
export function widenSchema(before: string | null, records: readonly SentRecord[]): string | null {
  if (records.length === 0 && before === null) return null
  const schema = (
    before === null ? { inputs: {}, outputs: {}, expectations: {}, version: '1.0' } : JSON.parse(before)
  ) as {
    inputs: Record<string, string>
    outputs: Record<string, string> | string
    expectations: Record<string, string>
  }
  const widen = (into: Record<string, string>, from: Json | undefined): void => {
    for (const [key, value] of Object.entries(from ?? {})) if (!Object.hasOwn(into, key)) set(into, key, kindOf(value))
  }
  for (const { inputs, outputs, expectations } of records) {
    widen(schema.inputs, inputs)
    widen(schema.expectations, expectations)
    if (isObject(outputs) && typeof schema.outputs === 'object') widen(schema.outputs, outputs)
    else if (outputs !== undefined && outputs !== null && Object.keys(schema.outputs).length === 0)
      schema.outputs = kindOf(outputs)
  }
  return JSON.stringify(schema)
}

/** Also a name such as `__proto__` is a name. */
const set = (into: Record<string, string>, key: string, value: string): void => {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true })
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float'
  return { boolean: 'boolean', string: 'string', object: 'object' }[typeof value as string] ?? 'unknown'
}

/** One text for one value, whatever the order of its keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${pairs.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
