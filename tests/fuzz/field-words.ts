import type { Schema } from './sample-schema.ts'

export const text: Schema = { type: 'string' }
export const whole: Schema = { type: 'integer' }
export const list = (items: Schema): Schema => ({ type: 'array', items })
export const object = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: 'object',
  properties,
  required,
})
export const word = (...words: unknown[]): Schema => ({ enum: words })
export const texts: Schema = { type: 'object', patternProperties: { '.*': text } }
export const pairs = list(object({ key: text, value: text }, 'key', 'value'))

/** Texts that are JSON themselves, right and wrong; clients of MLflow send records, tags and schemas so. */
export const jsonText: Schema = word(
  '[{"inputs":{"q":"storms?"},"expectations":{"answer":"yes"}}]',
  '[{"inputs":{"q":[1,{"a":null}]},"outputs":null,"tags":{"a":1},"source":{"source_type":"TRACE","source_data":{"trace_id":"tr-1"}}}]',
  '[{"inputs":{"__proto__":{"toString":1}},"outputs":[[]],"source":{"source_type":7}}]',
  '[{"inputs":null,"expectations":7}]',
  '{"team":"data","none":null,"a":{"b":[1]}}',
  `[{"inputs":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}]`,
  '["a\\u0000b"]',
  '[null]',
  'null',
  '{',
  '"\\ud800"',
  '1e999',
)
export const instant: Schema = word(
  '2001-02-03T04:05:06Z',
  '2001-02-03T04:05:06.789123456+05:30',
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z',
  '2001-02-30T25:61:61Z',
  'soon',
)
export const lasting: Schema = word('0s', '1.5s', '-3s', '99999999999999s', '1e3s', 's')
export const filterString: Schema = word(
  "name = 'a'",
  "tags.team = 'data' AND created_time > 5",
  "trace.status = 'OK'",
  'trace.timestamp_ms > 8640000000000001',
  "attributes.name LIKE '%a%'",
  "span.attributes.x ILIKE '%'",
  "span.content RLIKE '(a+)+$'",
  "feedback.correct = 'true'",
  "request_metadata.`a b` != ''",
  `${'('.repeat(3000)}name = 'a'`,
  "name = '",
)
