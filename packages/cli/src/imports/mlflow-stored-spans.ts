import { spanOfJson } from './mlflow-trace-json.ts'

/** A span as MLflow keeps it in a column or in `traces.json`, read by `exactJson`: ids in base64, attributes each as text of JSON. */
export function storedSpan(content: unknown): Record<string, unknown> {
  const span = content as Record<string, any>
  const values = (of: unknown, dumped: boolean) =>
    Object.entries((of ?? {}) as Record<string, unknown>).map(([key, value]) => ({
      key,
      value: anyValue(dumped && typeof value === 'string' ? exactJson(value) : value),
    }))
  return spanOfJson({
    ...span,
    attributes: values(span['attributes'], true),
    events: (span['events'] ?? []).map((event: any) => ({ ...event, attributes: values(event.attributes, false) })),
    // Links to ids that OpenTelemetry does not have are in no answer of MLflow either.
    links: (span['links'] ?? []).flatMap((link: any) => {
      const [trace_id, span_id] = [idBytes(String(link.trace_id).replace(/^tr-/, ''), 16), idBytes(link.span_id, 8)]
      return trace_id && span_id ? [{ trace_id, span_id, attributes: values(link.attributes, false) }] : []
    }),
  })
}

const idBytes = (hex: unknown, bytes: number): string | undefined =>
  /^[0-9a-f]+$/i.test(String(hex)) && String(hex).length <= bytes * 2
    ? Buffer.from(String(hex).padStart(bytes * 2, '0'), 'hex').toString('base64')
    : undefined

/** Whole numbers of JSON keep all of their digits. */
class Whole {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

/** JSON whose whole numbers keep all of their digits; a text that is none as it is. */
export function exactJson(text: string): unknown {
  try {
    const revive = (_key: string, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? new Whole(context?.source ?? '') : value
    return JSON.parse(text, revive as never)
  } catch {
    return text
  }
}

function anyValue(value: unknown): Record<string, unknown> {
  if (value === null || value === undefined) return {}
  if (value instanceof Whole) return { int_value: value.text }
  if (typeof value === 'boolean') return { bool_value: value }
  if (typeof value === 'number') return { double_value: value }
  if (Array.isArray(value)) return { array_value: value.length === 0 ? {} : { values: value.map(anyValue) } }
  if (typeof value === 'object') {
    const values = Object.entries(value).map(([key, one]) => ({ key, value: anyValue(one) }))
    return { kvlist_value: values.length === 0 ? {} : { values } }
  }
  return { string_value: String(value as string) }
}
