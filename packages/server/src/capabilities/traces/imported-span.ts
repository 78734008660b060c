import type { AnyValue, KeyValue, OtlpSpan } from './otlp-span.ts'

const deepest = 64
/** The last nanosecond whose microseconds are exact numbers of JSON. */
const lastNanosecond = BigInt(Number.MAX_SAFE_INTEGER) * 1000n
const fields = new Set([
  'trace_id',
  'span_id',
  'parent_span_id',
  'trace_state',
  'name',
  'kind',
  'start_time_unix_nano',
  'end_time_unix_nano',
  'attributes',
  'events',
  'links',
  'status',
])

type Json = Readonly<Record<string, unknown>>

/** The span as it was sent, where it is one of OTLP: nothing of it is changed, so that its digest stays. Throws an error that says what is wrong. */
export function checkImportedSpan(value: Json): OtlpSpan {
  for (const key of Object.keys(value))
    need(fields.has(key), `has a field "${key.slice(0, 50)}" that spans do not have`)
  need(isId(value['trace_id'], 16), 'has a trace id that is not 16 bytes in base64')
  need(isId(value['span_id'], 8), 'has an id that is not 8 bytes in base64')
  if (value['parent_span_id'] !== undefined)
    need(isId(value['parent_span_id'], 8), 'has a parent whose id is not 8 bytes in base64')
  need(typeof value['name'] === 'string', 'has no name')
  need(isTime(value['start_time_unix_nano']), 'has no time at which it began')
  if (value['end_time_unix_nano'] !== undefined) need(isTime(value['end_time_unix_nano']), 'has an end that is no time')
  if (value['kind'] !== undefined) need(Number.isSafeInteger(value['kind']), 'has a kind that is no number')
  if (value['trace_state'] !== undefined) need(typeof value['trace_state'] === 'string', 'has a bad trace state')
  checkPairs(value['attributes'], 0)
  for (const event of list(value['events'])) {
    need(isTime(event['time_unix_nano']) && typeof event['name'] === 'string', 'has an event without time or name')
    checkPairs(event['attributes'], 0)
  }
  for (const link of list(value['links'])) {
    need(isId(link['trace_id'], 16) && isId(link['span_id'], 8), 'has a link without ids')
    checkPairs(link['attributes'], 0)
  }
  const status = value['status'] ?? {}
  need(isObject(status), 'has a status that is no object')
  need([undefined, 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'].includes(status['code'] as string), 'has an unknown status')
  need(status['message'] === undefined || typeof status['message'] === 'string', 'has a message that is no text')
  return value as unknown as OtlpSpan
}

function checkPairs(value: unknown, depth: number): void {
  for (const pair of list(value)) {
    need(typeof pair['key'] === 'string', 'has an attribute without a name')
    if (pair['value'] !== undefined) checkValue(pair['value'], depth + 1)
  }
}

function checkValue(value: unknown, depth: number): void {
  need(isObject(value) && depth <= deepest, `has a value that is none, or nests more than ${deepest} levels`)
  const { string_value, bool_value, int_value, double_value, array_value, kvlist_value, bytes_value } =
    value as Partial<Record<keyof AnyValue, unknown>>
  const good =
    (string_value === undefined || typeof string_value === 'string') &&
    (bool_value === undefined || typeof bool_value === 'boolean') &&
    (int_value === undefined || (typeof int_value === 'string' && /^-?\d{1,19}$/.test(int_value))) &&
    (double_value === undefined ||
      typeof double_value === 'number' ||
      ['NaN', 'Infinity', '-Infinity'].includes(double_value as string)) &&
    (bytes_value === undefined || typeof bytes_value === 'string')
  need(good, 'has a value of another kind than it says')
  if (array_value !== undefined) {
    need(isObject(array_value), 'has a list that is none')
    for (const one of list(array_value['values'])) checkValue(one, depth + 1)
  }
  if (kvlist_value !== undefined) {
    need(isObject(kvlist_value), 'has a map that is none')
    checkPairs(kvlist_value['values'] as KeyValue[], depth + 1)
  }
}

function need(good: boolean, why: string): asserts good {
  if (!good) throw new TypeError(`a span ${why}`)
}

function list(value: unknown): Json[] {
  if (value === undefined) return []
  need(Array.isArray(value) && value.every(isObject), 'has a list that is none')
  return value as Json[]
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function isId(value: unknown, bytes: number): boolean {
  if (typeof value !== 'string' || value.length > 24) return false
  const decoded = Buffer.from(value, 'base64')
  return decoded.length === bytes && decoded.toString('base64') === value && decoded.some((byte) => byte !== 0)
}

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) <= lastNanosecond
