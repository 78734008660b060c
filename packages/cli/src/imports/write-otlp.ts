/** Spans in protobuf's JSON, as bytes of OTLP (ExportTraceServiceRequest). */
export function otlpBytes(spans: readonly Readonly<Record<string, any>>[]): Uint8Array<ArrayBuffer> {
  const scope = Buffer.concat(spans.map((span) => message(2, spanBytes(span))))
  return new Uint8Array(message(1, message(2, scope)))
}

type Json = Readonly<Record<string, any>>

function spanBytes(span: Json): Buffer {
  const { code, message: words } = (span['status'] ?? {}) as { code?: string; message?: string }
  return Buffer.concat([
    bytes(1, span['trace_id']),
    bytes(2, span['span_id']),
    text(3, span['trace_state']),
    bytes(4, span['parent_span_id']),
    text(5, span['name']),
    ...(span['kind'] ? [varint(6, BigInt(span['kind'] as number))] : []),
    nanoseconds(7, span['start_time_unix_nano']),
    nanoseconds(8, span['end_time_unix_nano']),
    pairs(9, span['attributes']),
    ...((span['events'] ?? []) as Json[]).map((event) =>
      message(
        11,
        Buffer.concat([nanoseconds(1, event['time_unix_nano']), text(2, event['name']), pairs(3, event['attributes'])]),
      ),
    ),
    ...((span['links'] ?? []) as Json[]).map((link) =>
      message(
        13,
        Buffer.concat([
          bytes(1, link['trace_id']),
          bytes(2, link['span_id']),
          text(3, link['trace_state']),
          pairs(4, link['attributes']),
        ]),
      ),
    ),
    ...(span['status']
      ? [
          message(
            15,
            Buffer.concat([
              text(2, words),
              ...(code === 'STATUS_CODE_OK' ? [varint(3, 1n)] : code === 'STATUS_CODE_ERROR' ? [varint(3, 2n)] : []),
            ]),
          ),
        ]
      : []),
  ])
}

const pairs = (field: number, list: readonly Json[] | undefined): Buffer =>
  Buffer.concat(
    (list ?? []).map(({ key, value }) =>
      message(field, Buffer.concat([text(1, key), ...(value ? [message(2, valueBytes(value))] : [])])),
    ),
  )

function valueBytes(value: Json): Buffer {
  const { string_value, bool_value, int_value, double_value, array_value, kvlist_value, bytes_value } = value
  // A field of a oneof is written even where it holds what is otherwise left out.
  if (string_value !== undefined) return message(1, Buffer.from(string_value as string))
  if (bool_value !== undefined) return varint(2, bool_value ? 1n : 0n)
  if (int_value !== undefined) return varint(3, BigInt.asUintN(64, BigInt(int_value as string)))
  if (double_value !== undefined) {
    const number = Buffer.alloc(9)
    number[0] = 4 * 8 + 1
    number.writeDoubleLE(Number(double_value), 1)
    return number
  }
  if (array_value)
    return message(5, Buffer.concat(((array_value.values ?? []) as Json[]).map((one) => message(1, valueBytes(one)))))
  if (kvlist_value) return message(6, pairs(1, kvlist_value.values as Json[] | undefined))
  return bytes_value === undefined ? Buffer.alloc(0) : message(7, Buffer.from(bytes_value as string, 'base64'))
}

const text = (field: number, value: unknown): Buffer =>
  typeof value === 'string' && value !== '' ? message(field, Buffer.from(value)) : Buffer.alloc(0)
const bytes = (field: number, base64: unknown): Buffer =>
  typeof base64 === 'string' && base64 !== '' ? message(field, Buffer.from(base64, 'base64')) : Buffer.alloc(0)

function nanoseconds(field: number, value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  const number = Buffer.alloc(9)
  number[0] = field * 8 + 1
  number.writeBigUInt64LE(BigInt(value as string), 1)
  return number
}

const message = (field: number, content: Buffer): Buffer =>
  Buffer.concat([base128(BigInt(field * 8 + 2)), base128(BigInt(content.length)), content])
const varint = (field: number, value: bigint): Buffer => Buffer.concat([base128(BigInt(field * 8)), base128(value)])

function base128(value: bigint): Buffer {
  const list: number[] = []
  let rest = value
  do {
    list.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(list)
}
