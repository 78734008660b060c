import { attributeText, hexOf, type AnyValue, type KeyValue, type OtlpSpan, traceIdOf } from './otlp-span.ts'
import type { TraceSpanTable } from './tables.ts'
import { usageIn } from './usage/translate-span.ts'

/** A span beyond this size goes to the object store; its row keeps the beginnings of its values, for lists and searches. */
export const largestInline = 64 * 1024
const cutTo = 2000
const previewLength = 1000

/** Where the parts of MLflow's tracing are in the attributes of a span. */
export const spanKeys = {
  type: 'mlflow.spanType',
  inputs: 'mlflow.spanInputs',
  outputs: 'mlflow.spanOutputs',
  tagPrefix: 'mlflow.traceTag.',
} as const

/** A span's row, and its whole text where that is too large for the row. */
export function spanRow(project: string, span: OtlpSpan): { row: TraceSpanTable; large: string | undefined } {
  const whole = JSON.stringify(span)
  const size = Buffer.byteLength(whole)
  const large = size > largestInline ? whole : undefined
  const usage = usageIn(span)
  return {
    row: {
      project_id: project,
      trace_id: traceIdOf(span),
      span_id: hexOf(span.span_id),
      parent_id: span.parent_span_id === undefined ? null : hexOf(span.parent_span_id),
      name: span.name,
      type: (attributeText(span, spanKeys.type) ?? 'UNKNOWN').replaceAll('"', '').slice(0, 250),
      status:
        span.status?.code === 'STATUS_CODE_ERROR' ? 'ERROR' : span.status?.code === 'STATUS_CODE_OK' ? 'OK' : 'UNSET',
      start_us: microseconds(span.start_time_unix_nano),
      end_us: span.end_time_unix_nano === undefined ? null : microseconds(span.end_time_unix_nano),
      content: large === undefined ? whole : JSON.stringify(cutSpan(span)),
      digest: null,
      size,
      usage: usage === undefined ? null : JSON.stringify(usage),
    },
    large,
  }
}

const microseconds = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1000n)

/** What was asked or answered, short. */
export function previewOf(span: OtlpSpan, key: string): string | null {
  const text = attributeText(span, key)
  if (text === undefined || text === '') return null
  return text.length > previewLength ? `${text.slice(0, previewLength - 3)}...`.toWellFormed() : text
}

/** The span with the beginnings of long values, and no more than the first of many. */
function cutSpan(span: OtlpSpan): OtlpSpan {
  const attributes = (list: readonly KeyValue[] | undefined) =>
    list?.slice(0, 100).map((one) => ({
      key: one.key.slice(0, 250).toWellFormed(),
      ...(one.value ? { value: cutValue(one.value) } : {}),
    }))
  const some = attributes(span.attributes)
  return {
    trace_id: span.trace_id,
    span_id: span.span_id,
    ...(span.parent_span_id === undefined ? {} : { parent_span_id: span.parent_span_id }),
    name: span.name,
    start_time_unix_nano: span.start_time_unix_nano,
    ...(span.end_time_unix_nano === undefined ? {} : { end_time_unix_nano: span.end_time_unix_nano }),
    ...(some ? { attributes: some } : {}),
    ...(span.status
      ? { status: { ...span.status, ...(span.status.message ? { message: cut(span.status.message) } : {}) } }
      : {}),
  }
}

function cutValue(value: AnyValue): AnyValue {
  if (value.string_value !== undefined) return { string_value: cut(value.string_value) }
  const text = JSON.stringify(value)
  // Structures are kept whole where they are short; the beginning of a long one is not JSON any more, and so it is text.
  return text.length <= cutTo ? value : { string_value: cut(text) }
}

const cut = (text: string): string => (text.length > cutTo ? text.slice(0, cutTo).toWellFormed() : text)
