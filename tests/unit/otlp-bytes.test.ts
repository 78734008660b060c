import { expect, test } from 'vitest'
import { otlpBytes } from '../../packages/cli/src/imports/write-otlp.ts'
import { readOtlpProtobuf } from '../../packages/server/src/protocols/mlflow/otlp-protobuf.ts'

test('spans that an export writes as bytes of OTLP are read as the same spans', () => {
  const id = (hex: string, bytes: number) => Buffer.from(hex.repeat(bytes), 'hex').toString('base64')
  const spans = [
    {
      trace_id: id('ab', 16),
      span_id: id('cd', 8),
      parent_span_id: id('ef', 8),
      trace_state: 'a=b',
      name: 'Ünïcode',
      kind: 3,
      start_time_unix_nano: '1795342877597946593',
      end_time_unix_nano: '1795342878302165339',
      attributes: [
        { key: 'empty', value: { string_value: '' } },
        { key: 'no', value: { bool_value: false } },
        { key: 'large', value: { int_value: '1152921504606846976' } },
        { key: 'negative', value: { int_value: '-5' } },
        { key: 'half', value: { double_value: 0.5 } },
        { key: 'endless', value: { double_value: 'Infinity' } },
        { key: 'nothing' },
        { key: 'list', value: { array_value: { values: [{ int_value: '0' }, {}, { array_value: { values: [] } }] } } },
        { key: 'map', value: { kvlist_value: { values: [{ key: 'a', value: { string_value: 'b' } }] } } },
        { key: 'bytes', value: { bytes_value: 'AAEC' } },
      ],
      events: [
        {
          time_unix_nano: '1795342878301718784',
          name: 'chosen',
          attributes: [{ key: 'n', value: { int_value: '2' } }],
        },
      ],
      links: [{ trace_id: id('01', 16), span_id: id('02', 8) }],
      status: { code: 'STATUS_CODE_ERROR', message: 'm'.repeat(200) },
    },
    { trace_id: id('ab', 16), span_id: id('11', 8), name: '', start_time_unix_nano: '1795342877597946593' },
  ]
  expect(readOtlpProtobuf(Buffer.from(otlpBytes(spans)))).toEqual([{ resource: [], spans }])
})
