import { attributeText, type AnyValue, type KeyValue, type OtlpSpan } from '../otlp-span.ts'
import { type Convention, conventions } from './conventions.ts'

/** Tokens of a span or a trace, by MLflow's names; integers. */
export type TokenUsage = Readonly<Partial<Record<UsageKey, number>>>
type UsageKey = (typeof usageKeys)[number] | (typeof cacheKeys)[number]

export const usageKeys = ['input_tokens', 'output_tokens', 'total_tokens'] as const
export const cacheKeys = ['cache_read_input_tokens', 'cache_creation_input_tokens'] as const

/** Attributes of MLflow that say how many tokens were used, and of which model. */
const keys = {
  usage: 'mlflow.chat.tokenUsage',
  model: 'mlflow.llm.model',
  provider: 'mlflow.llm.provider',
  type: 'mlflow.spanType',
} as const

/**
 * A span as MLflow's server would keep it: what it says by a convention of OpenTelemetry stands in MLflow's attributes too, after its own, unless they are there
 * already. A span without such attributes is the one that came.
 */
export function translateSpan(span: OtlpSpan): OtlpSpan {
  const has = (key: string): boolean => span.attributes?.some((one) => one.key === key) === true
  const told = has(keys.usage) ? undefined : usageOf(span)
  const model = has(keys.model) ? undefined : firstText(span, (one) => one.model)
  const provider = has(keys.provider) ? undefined : firstText(span, (one) => one.provider)
  const type = ['', 'UNKNOWN'].includes(unquoted(attributeText(span, keys.type)) ?? '') ? typeOf(span) : undefined
  const added: KeyValue[] = [
    ...(told ? [{ key: keys.usage, value: { kvlist_value: { values: Object.entries(told).map(asInteger) } } }] : []),
    ...text(keys.model, model),
    ...text(keys.provider, provider),
    ...text(keys.type, type),
  ]
  if (added.length === 0) return span
  const replaced = (span.attributes ?? []).filter((one) => type === undefined || one.key !== keys.type)
  return { ...span, attributes: [...replaced, ...added] }
}

const asInteger = ([key, value]: [string, number]) => ({ key, value: { int_value: String(value) } })
const text = (key: string, value: string | undefined) =>
  value === undefined ? [] : [{ key, value: { string_value: value } satisfies AnyValue }]

/** The first convention of which a span has any number. */
function usageOf(span: OtlpSpan): TokenUsage | undefined {
  for (const one of conventions) {
    const number = (names: readonly string[]): number | undefined => {
      for (const name of names) {
        const found = attributeText(span, name)
        if (found !== undefined) return integer(found)
      }
      return undefined
    }
    const input = number(one.input)
    const output = number(one.output)
    const total = number(one.total) ?? (input === undefined || output === undefined ? undefined : input + output)
    if (input === undefined && output === undefined && total === undefined) continue
    const all: [UsageKey, number | undefined][] = [
      ['input_tokens', input],
      ['output_tokens', output],
      ['total_tokens', total],
      ['cache_read_input_tokens', number(one.cacheRead)],
      ['cache_creation_input_tokens', number(one.cacheCreation)],
    ]
    return Object.fromEntries(all.filter(([, value]) => value !== undefined))
  }
  return undefined
}

/** Tokens that MLflow's own attribute says, an object or JSON of one; undefined without it. */
export function usageIn(span: OtlpSpan): TokenUsage | undefined {
  let value: unknown = attributeText(span, keys.usage)
  // A client may have written JSON into what is written as JSON again.
  for (let turn = 0; turn < 2 && typeof value === 'string'; turn += 1) value = parsed(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const found = value as Record<string, unknown>
  const named = [...usageKeys, ...cacheKeys].flatMap((key) => {
    const number = found[key]
    return typeof number === 'number' && Number.isSafeInteger(number) ? [[key, number] as const] : []
  })
  return Object.fromEntries(named)
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** An integer, also as text; other numbers do not count. */
function integer(value: string): number | undefined {
  const [, digits] = /^"?\s*([+-]?\d+)\s*"?$/.exec(value) ?? []
  const number = Number(digits)
  return digits !== undefined && Number.isSafeInteger(number) ? number : undefined
}

function firstText(span: OtlpSpan, names: (one: Convention) => readonly string[]): string | undefined {
  for (const name of conventions.flatMap(names)) {
    const found = unquoted(attributeText(span, name))
    if (found !== undefined && found !== '') return found
  }
  return undefined
}

function typeOf(span: OtlpSpan): string | undefined {
  for (const { kind, types } of conventions) {
    const found = unquoted(attributeText(span, kind))
    if (found !== undefined && Object.hasOwn(types, found)) return types[found]
  }
  return undefined
}

/** MLflow's exporters write texts as JSON. */
const unquoted = (value: string | undefined): string | undefined => {
  const plain = value?.startsWith('"') ? parsed(value) : undefined
  return typeof plain === 'string' ? plain : value
}
