/** A value of OpenTelemetry in protobuf's JSON, with 64-bit integers as text. `{}` is a value that was not set. */
export interface AnyValue {
  readonly string_value?: string
  readonly bool_value?: boolean
  readonly int_value?: string
  readonly double_value?: number | 'NaN' | 'Infinity' | '-Infinity'
  readonly array_value?: { readonly values?: readonly AnyValue[] }
  readonly kvlist_value?: { readonly values?: readonly KeyValue[] }
  readonly bytes_value?: string
}

export interface KeyValue {
  readonly key: string
  readonly value?: AnyValue
}

export interface OtlpEvent {
  readonly time_unix_nano: string
  readonly name: string
  readonly attributes?: readonly KeyValue[]
}

export interface OtlpLink {
  readonly trace_id: string
  readonly span_id: string
  readonly trace_state?: string
  readonly attributes?: readonly KeyValue[]
}

/** A span as OTLP has it, in protobuf's JSON: ids are base64, nanoseconds are text. */
export interface OtlpSpan {
  readonly trace_id: string
  readonly span_id: string
  readonly parent_span_id?: string
  readonly trace_state?: string
  readonly name: string
  readonly kind?: number
  readonly start_time_unix_nano: string
  readonly end_time_unix_nano?: string
  readonly attributes?: readonly KeyValue[]
  readonly events?: readonly OtlpEvent[]
  readonly links?: readonly OtlpLink[]
  readonly status?: { readonly code?: 'STATUS_CODE_OK' | 'STATUS_CODE_ERROR'; readonly message?: string }
}

/** Spans as they arrived, with what describes the program that made them. */
export interface SpanBatch {
  readonly resource: readonly KeyValue[]
  readonly spans: readonly OtlpSpan[]
}

export const hexOf = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

/** The id of MLflow for a trace of OpenTelemetry. */
export const traceIdOf = (span: OtlpSpan): string => `tr-${hexOf(span.trace_id)}`

/** What a value means in JSON. Integers that JSON's numbers cannot hold stay text. */
export function plainValue(value: AnyValue | undefined): unknown {
  if (value === undefined) return null
  if (value.string_value !== undefined) return value.string_value
  if (value.bool_value !== undefined) return value.bool_value
  if (value.int_value !== undefined) {
    const number = Number(value.int_value)
    return Number.isSafeInteger(number) ? number : value.int_value
  }
  if (value.double_value !== undefined) return value.double_value
  if (value.array_value) return (value.array_value.values ?? []).map(plainValue)
  if (value.kvlist_value)
    return Object.fromEntries((value.kvlist_value.values ?? []).map((one) => [one.key, plainValue(one.value)]))
  return value.bytes_value ?? null
}

/** The value of an attribute, undefined without it. */
function attributeOf(span: OtlpSpan, key: string): AnyValue | undefined {
  return span.attributes?.find((one) => one.key === key)?.value
}

/** An attribute as text: texts as they are, anything else as JSON. */
export function attributeText(span: OtlpSpan, key: string): string | undefined {
  const value = attributeOf(span, key)
  if (value === undefined) return undefined
  const plain = plainValue(value)
  if (plain === null) return undefined
  return typeof plain === 'string' ? plain : JSON.stringify(plain)
}
