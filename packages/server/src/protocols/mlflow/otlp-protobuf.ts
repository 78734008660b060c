import type { AnyValue, KeyValue, OtlpEvent, OtlpLink, OtlpSpan, SpanBatch } from '../../capabilities/traces/index.ts'
import { checkedSpan, cleanPair, OtlpBudget, type RawSpan } from './otlp-limits.ts'

/** Bytes that are no message of OTLP. */
export class NotOtlp extends Error {}

/** Reads protobuf's wire format: fields as they come, unknown ones are skipped. */
class Fields {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number
  #field = 0
  #wire = 0

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  /** The number of the next field, undefined at the end. What the caller does not read is skipped. */
  next(): number | undefined {
    if (this.#wire !== -1 && this.#field !== 0) this.#skip()
    if (this.#at >= this.#end) return undefined
    const tag = Number(this.#varint() & 0xffff_ffffn)
    this.#field = tag >>> 3
    this.#wire = tag & 7
    if (this.#field === 0) throw new NotOtlp()
    return this.#field
  }

  bytes(): Buffer {
    const [start, end] = this.#length()
    return this.#bytes.subarray(start, end)
  }

  text(): string {
    const [start, end] = this.#length()
    return this.#bytes.toString('utf8', start, end)
  }

  message(): Fields {
    const [start, end] = this.#length()
    return new Fields(this.#bytes, start, end)
  }

  fixed64(): bigint {
    this.#expect(1)
    return this.#bytes.readBigUInt64LE(this.#take(8))
  }

  double(): number {
    this.#expect(1)
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  integer(): bigint {
    this.#expect(0)
    return BigInt.asIntN(64, this.#varint())
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw new NotOtlp()
    this.#wire = -1
  }

  #length(): [number, number] {
    this.#expect(2)
    const size = Number(this.#varint())
    const start = this.#take(size)
    return [start, start + size]
  }

  #take(size: number): number {
    const at = this.#at
    if (size > this.#end - at) throw new NotOtlp()
    this.#at = at + size
    return at
  }

  #varint(): bigint {
    let low = 0
    // Nearly all of them are short.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#take(1)] as number
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(low)
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)] as number
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new NotOtlp()
  }

  #skip(): void {
    if (this.#wire === 0) this.#varint()
    else if (this.#wire === 1) this.#take(8)
    else if (this.#wire === 2) this.#take(Number(this.#varint()))
    else if (this.#wire === 5) this.#take(4)
    else throw new NotOtlp()
    this.#wire = -1
  }
}

/** Reads an ExportTraceServiceRequest. Throws NotOtlp, or what a span or the budget is refused with. */
export function readOtlpProtobuf(bytes: Buffer): SpanBatch[] {
  const budget = new OtlpBudget()
  const batches: SpanBatch[] = []
  const request = new Fields(bytes)
  for (let field = request.next(); field !== undefined; field = request.next()) {
    if (field !== 1) continue
    budget.takeValue()
    const part = request.message()
    let resource: KeyValue[] = []
    const spans: OtlpSpan[] = []
    for (let inner = part.next(); inner !== undefined; inner = part.next()) {
      if (inner === 1) resource = readRepeated(part.message(), 1, (one) => cleanPair(readPair(one, budget, 0)))
      else if (inner === 2) spans.push(...readRepeated(part.message(), 2, (one) => readSpan(one, budget)))
    }
    batches.push({ resource, spans })
  }
  return batches
}

function readRepeated<T>(fields: Fields, number: number, read: (one: Fields) => T): T[] {
  const found: T[] = []
  for (let field = fields.next(); field !== undefined; field = fields.next())
    if (field === number) found.push(read(fields.message()))
  return found
}

function readSpan(fields: Fields, budget: OtlpBudget): OtlpSpan {
  budget.takeSpan()
  const span: RawSpan = { attributes: [], events: [], links: [] }
  for (let field = fields.next(); field !== undefined; field = fields.next()) {
    if (field === 1) span.traceId = Buffer.from(fields.bytes())
    else if (field === 2) span.spanId = Buffer.from(fields.bytes())
    else if (field === 3) span.traceState = fields.text()
    else if (field === 4) span.parentId = Buffer.from(fields.bytes())
    else if (field === 5) span.name = fields.text()
    else if (field === 6) span.kind = Number(fields.integer())
    else if (field === 7) span.start = fields.fixed64()
    else if (field === 8) span.end = fields.fixed64()
    else if (field === 9) span.attributes.push(readPair(fields.message(), budget, 0))
    else if (field === 11) span.events.push(readEvent(fields.message(), budget))
    else if (field === 13) span.links.push(readLink(fields.message(), budget))
    else if (field === 15) {
      const status = fields.message()
      for (let inner = status.next(); inner !== undefined; inner = status.next()) {
        if (inner === 2) span.message = status.text()
        else if (inner === 3) span.code = Number(status.integer())
      }
    }
  }
  return checkedSpan(span)
}

function readEvent(fields: Fields, budget: OtlpBudget): OtlpEvent {
  budget.takeValue()
  let time = 0n
  let name = ''
  const attributes: KeyValue[] = []
  for (let field = fields.next(); field !== undefined; field = fields.next()) {
    if (field === 1) time = fields.fixed64()
    else if (field === 2) name = fields.text()
    else if (field === 3) attributes.push(readPair(fields.message(), budget, 0))
  }
  return { time_unix_nano: String(time), name, ...(attributes.length === 0 ? {} : { attributes }) }
}

function readLink(fields: Fields, budget: OtlpBudget): OtlpLink {
  budget.takeValue()
  let trace = ''
  let span = ''
  let state = ''
  const attributes: KeyValue[] = []
  for (let field = fields.next(); field !== undefined; field = fields.next()) {
    if (field === 1) trace = fields.bytes().toString('base64')
    else if (field === 2) span = fields.bytes().toString('base64')
    else if (field === 3) state = fields.text()
    else if (field === 4) attributes.push(readPair(fields.message(), budget, 0))
  }
  return {
    trace_id: trace,
    span_id: span,
    ...(state === '' ? {} : { trace_state: state }),
    ...(attributes.length === 0 ? {} : { attributes }),
  }
}

function readPair(fields: Fields, budget: OtlpBudget, depth: number): KeyValue {
  let key = ''
  let value: AnyValue | undefined
  for (let field = fields.next(); field !== undefined; field = fields.next()) {
    if (field === 1) key = fields.text()
    else if (field === 2) value = readValue(fields.message(), budget, depth)
  }
  return { key, ...(value === undefined ? {} : { value }) }
}

function readValue(fields: Fields, budget: OtlpBudget, depth: number): AnyValue {
  budget.takeValue(depth)
  let value: AnyValue = {}
  for (let field = fields.next(); field !== undefined; field = fields.next()) {
    if (field === 1) value = { string_value: fields.text() }
    else if (field === 2) value = { bool_value: fields.integer() !== 0n }
    else if (field === 3) value = { int_value: String(fields.integer()) }
    else if (field === 4) value = { double_value: doubleOf(fields.double()) }
    else if (field === 5)
      value = { array_value: { values: readRepeated(fields.message(), 1, (one) => readValue(one, budget, depth + 1)) } }
    else if (field === 6)
      value = { kvlist_value: { values: readRepeated(fields.message(), 1, (one) => readPair(one, budget, depth + 1)) } }
    else if (field === 7) value = { bytes_value: fields.bytes().toString('base64') }
  }
  return value
}

/** JSON has no word for these but text. */
export const doubleOf = (value: number): number | 'NaN' | 'Infinity' | '-Infinity' =>
  Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity')
