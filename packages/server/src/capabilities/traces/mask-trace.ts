import { type Mask, redacted } from '../access/index.ts'
import type { AnyValue, KeyValue, OtlpSpan } from './otlp-span.ts'
import type { TraceRecord } from './read-traces.ts'

/** The span as a reader may see it: values under names of hidden columns read `redacted`, however deep they are in what was asked and answered. */
export function maskSpan(mask: Mask, span: OtlpSpan): OtlpSpan {
  if (!mask.any) return span
  return {
    ...span,
    ...(span.attributes ? { attributes: maskPairs(mask, span.attributes) } : {}),
    ...(span.events
      ? {
          events: span.events.map((event) =>
            event.attributes ? { ...event, attributes: maskPairs(mask, event.attributes) } : event,
          ),
        }
      : {}),
  }
}

const maskPairs = (mask: Mask, pairs: readonly KeyValue[]): KeyValue[] =>
  pairs.map(({ key, value }) => ({
    key,
    ...(mask.hides(key) ? { value: { string_value: redacted } } : value ? { value: maskValue(mask, value) } : {}),
  }))

function maskValue(mask: Mask, value: AnyValue): AnyValue {
  if (value.kvlist_value) return { kvlist_value: { values: maskPairs(mask, value.kvlist_value.values ?? []) } }
  if (value.array_value)
    return { array_value: { values: (value.array_value.values ?? []).map((one) => maskValue(mask, one)) } }
  return value.string_value === undefined ? value : { string_value: maskText(mask, value.string_value) }
}

/** Text that holds JSON is masked as JSON; its beginning alone, which is none any more, is hidden where it names a hidden column. */
export function maskText(mask: Mask, text: string): string {
  if (!mask.any || !/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(maskJson(mask, JSON.parse(text)))
  } catch {
    return mask.hidesIn(text) ? redacted : text
  }
}

function maskJson(mask: Mask, value: unknown): unknown {
  if (typeof value === 'string') return maskText(mask, value)
  if (Array.isArray(value)) return value.map((one) => maskJson(mask, one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, mask.hides(key) ? redacted : maskJson(mask, one)]),
  )
}

/** The same for what stands beside the spans: previews, tags, metadata and values of assessments. */
export function maskRecord(mask: Mask, record: TraceRecord): TraceRecord {
  if (!mask.any) return record
  const text = (value: string | null) => (value === null ? null : maskText(mask, value))
  const texts = (pairs: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(pairs).map(([key, value]) => [key, mask.hides(key) ? redacted : maskText(mask, value)]),
    )
  return {
    row: {
      ...record.row,
      request_preview: text(record.row.request_preview),
      response_preview: text(record.row.response_preview),
    },
    tags: texts(record.tags),
    metadata: texts(record.metadata),
    assessments: record.assessments.map((one) =>
      mask.hides(one.name) ? { ...one, value: JSON.stringify(redacted) } : { ...one, value: text(one.value) },
    ),
  }
}
