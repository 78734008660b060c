/** Writes protobuf's wire format, as exporters do: field by field. */
const varint = (value: bigint): Buffer => {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Buffer.from(bytes)
}
const tag = (field: number, wire: number): Buffer => varint(BigInt((field << 3) | wire))

export const bytesField = (field: number, content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content as string)
  return Buffer.concat([tag(field, 2), varint(BigInt(bytes.length)), bytes])
}
const numberField = (field: number, value: bigint | number): Buffer =>
  Buffer.concat([tag(field, 0), varint(BigInt(value))])
const fixedField = (field: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return Buffer.concat([tag(field, 1), bytes])
}
const doubleField = (field: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([tag(field, 1), bytes])
}

function anyValue(value: unknown): Buffer {
  if (typeof value === 'string') return bytesField(1, value)
  if (typeof value === 'boolean') return numberField(2, value ? 1 : 0)
  if (typeof value === 'bigint') return numberField(3, value)
  if (typeof value === 'number') return Number.isInteger(value) ? numberField(3, value) : doubleField(4, value)
  if (Array.isArray(value)) return bytesField(5, Buffer.concat(value.map((one) => bytesField(1, anyValue(one)))))
  if (value === null) return Buffer.alloc(0)
  return bytesField(6, pairs(1, value as object))
}

const pairs = (field: number, attributes: object): Buffer =>
  Buffer.concat(
    Object.entries(attributes).map(([key, value]) =>
      bytesField(field, Buffer.concat([bytesField(1, key), bytesField(2, anyValue(value))])),
    ),
  )

export interface SpanFixture {
  trace: string
  span: string
  parent?: string
  name: string
  start: bigint
  end?: bigint
  attributes?: object
  code?: number
  message?: string
  exception?: object
}

const spanBytes = (span: SpanFixture): Buffer =>
  Buffer.concat([
    bytesField(1, Buffer.from(span.trace, 'hex')),
    bytesField(2, Buffer.from(span.span, 'hex')),
    ...(span.parent === undefined ? [] : [bytesField(4, Buffer.from(span.parent, 'hex'))]),
    bytesField(5, span.name),
    numberField(6, 1),
    fixedField(7, span.start),
    ...(span.end === undefined ? [] : [fixedField(8, span.end)]),
    pairs(9, span.attributes ?? {}),
    numberField(10, 0),
    ...(span.exception === undefined
      ? []
      : [
          bytesField(
            11,
            Buffer.concat([fixedField(1, span.start), bytesField(2, 'exception'), pairs(3, span.exception)]),
          ),
        ]),
    bytesField(
      15,
      Buffer.concat([
        ...(span.message === undefined ? [] : [bytesField(2, span.message)]),
        ...(span.code === undefined ? [] : [numberField(3, span.code)]),
      ]),
    ),
  ])

/** An ExportTraceServiceRequest. */
export const requestBytes = (spans: readonly SpanFixture[], resource: object = {}): Buffer =>
  bytesField(
    1,
    Buffer.concat([
      bytesField(1, pairs(1, resource)),
      bytesField(
        2,
        Buffer.concat([bytesField(1, bytesField(1, 'scope')), ...spans.map((one) => bytesField(2, spanBytes(one)))]),
      ),
    ]),
  )
