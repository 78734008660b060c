import type { AnyValue, KeyValue, OtlpEvent, OtlpLink, OtlpSpan, SpanBatch } from '../../capabilities/traces/index.ts'
import type { Loose } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { checkedSpan, cleanPair, OtlpBudget } from './otlp-limits.ts'
import { doubleOf, NotOtlp } from './otlp-protobuf.ts'

/** Reads an ExportTraceServiceRequest in OTLP's JSON: ids are hex, 64-bit integers are text or numbers, names are camelCase or as in protobuf. */
export function readOtlpJson(text: string): SpanBatch[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new NotOtlp()
  }
  const budget = new OtlpBudget()
  return list(object(json), 'resourceSpans', 'resource_spans').map((part) => ({
    resource: pairs(object(part['resource'] ?? {}), budget, 0).map(cleanPair),
    spans: list(part, 'scopeSpans', 'scope_spans').flatMap((scope) =>
      list(scope, 'spans').map((span) => readSpan(span, budget)),
    ),
  }))
}

function object(value: unknown): Loose {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotOtlp()
  return value as Loose
}

const pick = (fields: Loose, ...names: string[]): unknown =>
  names.map((name) => fields[name]).find((v) => v !== undefined && v !== null)

function list(fields: Loose, ...names: string[]): Loose[] {
  const value = pick(fields, ...names)
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new NotOtlp()
  return value.map(object)
}

function text(fields: Loose, ...names: string[]): string {
  const value = pick(fields, ...names)
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new NotOtlp()
  return value
}

function integer(value: unknown): bigint {
  if (value === undefined || value === '') return 0n
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  throw new NotOtlp()
}

/** An id in hex; what is no hex is no id. */
function id(fields: Loose, ...names: string[]): Buffer {
  const hex = text(fields, ...names)
  if (!/^[0-9a-fA-F]*$/.test(hex) || hex.length % 2 === 1) throw mlflowErrors.BAD_SPAN('one of its ids is not hex')
  return Buffer.from(hex, 'hex')
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const codes = ['UNSET', 'OK', 'ERROR']
const enumOf = (value: unknown, prefix: string, names: readonly string[]): number =>
  typeof value === 'string' && value.startsWith(prefix)
    ? Math.max(0, names.indexOf(value.slice(prefix.length)))
    : Number(integer(value))

function readSpan(fields: Loose, budget: OtlpBudget): OtlpSpan {
  budget.takeSpan()
  const status = object(fields['status'] ?? {})
  return checkedSpan({
    traceId: id(fields, 'traceId', 'trace_id'),
    spanId: id(fields, 'spanId', 'span_id'),
    parentId: id(fields, 'parentSpanId', 'parent_span_id'),
    traceState: text(fields, 'traceState', 'trace_state'),
    name: text(fields, 'name'),
    kind: enumOf(fields['kind'], 'SPAN_KIND_', kinds),
    start: integer(pick(fields, 'startTimeUnixNano', 'start_time_unix_nano')),
    end: integer(pick(fields, 'endTimeUnixNano', 'end_time_unix_nano')),
    code: enumOf(status['code'] ?? undefined, 'STATUS_CODE_', codes),
    message: text(status, 'message'),
    attributes: pairs(fields, budget, 0),
    events: list(fields, 'events').map((event) => readEvent(event, budget)),
    links: list(fields, 'links').map((link) => readLink(link, budget)),
  })
}

function readEvent(fields: Loose, budget: OtlpBudget): OtlpEvent {
  budget.takeValue()
  const attributes = pairs(fields, budget, 0)
  return {
    time_unix_nano: String(integer(pick(fields, 'timeUnixNano', 'time_unix_nano'))),
    name: text(fields, 'name'),
    ...(attributes.length === 0 ? {} : { attributes }),
  }
}

function readLink(fields: Loose, budget: OtlpBudget): OtlpLink {
  budget.takeValue()
  const attributes = pairs(fields, budget, 0)
  const state = text(fields, 'traceState', 'trace_state')
  return {
    trace_id: id(fields, 'traceId', 'trace_id').toString('base64'),
    span_id: id(fields, 'spanId', 'span_id').toString('base64'),
    ...(state === '' ? {} : { trace_state: state }),
    ...(attributes.length === 0 ? {} : { attributes }),
  }
}

const pairs = (fields: Loose, budget: OtlpBudget, depth: number, name = 'attributes'): KeyValue[] =>
  list(fields, name).map((pair) => ({
    key: text(pair, 'key'),
    ...(pair['value'] === undefined || pair['value'] === null
      ? {}
      : { value: readValue(object(pair['value']), budget, depth) }),
  }))

function readValue(fields: Loose, budget: OtlpBudget, depth: number): AnyValue {
  budget.takeValue(depth)
  const string = pick(fields, 'stringValue', 'string_value')
  if (string !== undefined) return { string_value: text({ string }, 'string') }
  const flag = pick(fields, 'boolValue', 'bool_value')
  if (typeof flag === 'boolean') return { bool_value: flag }
  const int = pick(fields, 'intValue', 'int_value')
  if (int !== undefined) return { int_value: String(BigInt.asIntN(64, integer(int))) }
  const double = pick(fields, 'doubleValue', 'double_value')
  if (double !== undefined) return { double_value: doubleOf(Number(double)) }
  const array = pick(fields, 'arrayValue', 'array_value')
  if (array !== undefined)
    return { array_value: { values: list(object(array), 'values').map((one) => readValue(one, budget, depth + 1)) } }
  const map = pick(fields, 'kvlistValue', 'kvlist_value')
  if (map !== undefined) return { kvlist_value: { values: pairs(object(map), budget, depth + 1, 'values') } }
  const bytes = pick(fields, 'bytesValue', 'bytes_value')
  return bytes === undefined ? {} : { bytes_value: Buffer.from(text({ bytes }, 'bytes'), 'base64').toString('base64') }
}
