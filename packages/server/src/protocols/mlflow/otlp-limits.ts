import type { AnyValue, KeyValue, OtlpEvent, OtlpLink, OtlpSpan } from '../../capabilities/traces/index.ts'
import { mlflowErrors } from './errors.ts'

const mostSpans = 20_000
const mostValues = 1_000_000
const deepest = 64
/** The last nanosecond whose microseconds are exact numbers of JSON: in the year 2255. */
const lastNanosecond = BigInt(Number.MAX_SAFE_INTEGER) * 1000n

/** What one request may hold. */
export class OtlpBudget {
  #spans = 0
  #values = 0

  takeSpan(): void {
    this.#spans += 1
    if (this.#spans > mostSpans) throw mlflowErrors.INVALID(`A request holds at most ${mostSpans} spans.`)
  }

  takeValue(depth = 0): void {
    this.#values += 1
    if (this.#values > mostValues)
      throw mlflowErrors.INVALID(`The spans of a request hold at most ${mostValues} values, events and links.`)
    if (depth > deepest) throw mlflowErrors.INVALID(`Values of spans nest at most ${deepest} levels.`)
  }
}

/** A span before it was checked. */
export interface RawSpan {
  traceId?: Buffer
  spanId?: Buffer
  parentId?: Buffer
  traceState?: string
  name?: string
  kind?: number
  start?: bigint
  end?: bigint
  code?: number
  message?: string
  readonly attributes: KeyValue[]
  readonly events: OtlpEvent[]
  readonly links: OtlpLink[]
}

/** The span, where it has what every span has: its ids, and times that exist. */
export function checkedSpan(raw: RawSpan): OtlpSpan {
  const { traceId, spanId, parentId, start = 0n, end = 0n } = raw
  if (traceId?.length !== 16 || isZero(traceId))
    throw mlflowErrors.BAD_SPAN('its trace id is not 16 bytes, or all zero')
  if (spanId?.length !== 8 || isZero(spanId)) throw mlflowErrors.BAD_SPAN('its id is not 8 bytes, or all zero')
  const hasParent = parentId !== undefined && parentId.length > 0 && !isZero(parentId)
  if (hasParent && parentId.length !== 8) throw mlflowErrors.BAD_SPAN("its parent's id is not 8 bytes")
  const times = [start, end, ...raw.events.map((event) => BigInt(event.time_unix_nano))]
  if (times.some((time) => time < 0n || time > lastNanosecond))
    throw mlflowErrors.BAD_SPAN('one of its times is not in the time until 2255')
  const code = raw.code === 1 ? 'STATUS_CODE_OK' : raw.code === 2 ? 'STATUS_CODE_ERROR' : undefined
  const message = raw.message ? clean(raw.message) : ''
  return {
    trace_id: traceId.toString('base64'),
    span_id: spanId.toString('base64'),
    ...(hasParent ? { parent_span_id: parentId.toString('base64') } : {}),
    ...(raw.traceState ? { trace_state: clean(raw.traceState) } : {}),
    name: clean(raw.name ?? ''),
    ...(raw.kind ? { kind: raw.kind } : {}),
    start_time_unix_nano: String(start),
    ...(end === 0n ? {} : { end_time_unix_nano: String(end) }),
    ...(raw.attributes.length === 0 ? {} : { attributes: raw.attributes.map(cleanPair) }),
    ...(raw.events.length === 0
      ? {}
      : {
          events: raw.events.map((event) => ({
            ...event,
            name: clean(event.name),
            ...(event.attributes ? { attributes: event.attributes.map(cleanPair) } : {}),
          })),
        }),
    ...(raw.links.length === 0
      ? {}
      : {
          links: raw.links.map((link) => ({
            ...link,
            ...(link.trace_state ? { trace_state: clean(link.trace_state) } : {}),
            ...(link.attributes ? { attributes: link.attributes.map(cleanPair) } : {}),
          })),
        }),
    ...(code || message ? { status: { ...(code ? { code } : {}), ...(message ? { message } : {}) } } : {}),
  }
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0)

/** Text that every database stores: no NUL, no half of a character. */
export const clean = (text: string): string => text.replaceAll('\u0000', '').toWellFormed()

export const cleanPair = ({ key, value }: KeyValue): KeyValue => ({
  key: clean(key),
  ...(value ? { value: cleanValue(value) } : {}),
})

function cleanValue(value: AnyValue): AnyValue {
  if (value.string_value !== undefined) return { string_value: clean(value.string_value) }
  if (value.array_value) return { array_value: { values: (value.array_value.values ?? []).map(cleanValue) } }
  if (value.kvlist_value) return { kvlist_value: { values: (value.kvlist_value.values ?? []).map(cleanPair) } }
  return value
}
