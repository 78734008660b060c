import { expect, test } from 'vitest'
import type { KeyValue, OtlpSpan } from '../otlp-span.ts'
import { addUpUsage } from './add-up-usage.ts'
import { translateSpan, usageIn } from './translate-span.ts'

const span = (attributes: Record<string, string | number>): OtlpSpan => ({
  trace_id: Buffer.alloc(16, 1).toString('base64'),
  span_id: Buffer.alloc(8, 1).toString('base64'),
  name: 'call',
  start_time_unix_nano: '1',
  attributes: Object.entries(attributes).map(
    ([key, value]): KeyValue => ({
      key,
      value: typeof value === 'number' ? { int_value: String(value) } : { string_value: value },
    }),
  ),
})

test('each convention says its tokens in its own words; the first that says any is taken, whole', () => {
  const usage = (attributes: Record<string, string | number>) => usageIn(translateSpan(span(attributes)))
  expect(usage({ 'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 5 })).toEqual({
    input_tokens: 7,
    output_tokens: 5,
    total_tokens: 12,
  })
  expect(usage({ 'llm.token_count.prompt': 7, 'llm.token_count.total': 9, 'gen_ai.usage.output_tokens': 5 })).toEqual({
    input_tokens: 7,
    total_tokens: 9,
  })
  expect(
    usage({
      'gen_ai.usage.input_tokens': '"7"',
      'gen_ai.usage.cache_read.input_tokens': 3,
      'llm.usage.total_tokens': 1,
    }),
  ).toEqual({ input_tokens: 7, cache_read_input_tokens: 3 })
  expect(usage({ 'gen_ai.usage.output_tokens': 1, 'gen_ai.usage.cache_creation.input_tokens': 3 })).toEqual({
    output_tokens: 1,
    cache_creation_input_tokens: 3,
  })
  expect(usage({ 'gen_ai.usage.prompt_tokens': 2, 'gen_ai.usage.completion_tokens': 3 })?.total_tokens).toBe(5)
  expect(usage({ 'llm.usage.prompt_tokens': 2, 'llm.usage.completion_tokens': 4 })?.total_tokens).toBe(6)
  // Halves of tokens, words and numbers that JSON cannot hold are no counts.
  for (const value of ['7.5', 'many', '99999999999999999999', ''])
    expect(usage({ 'gen_ai.usage.input_tokens': value })).toBeUndefined()
})

test('what MLflow itself says stays, and a span of another kind is the one that came', () => {
  const own = span({ 'mlflow.chat.tokenUsage': '{"input_tokens": 1}', 'gen_ai.usage.input_tokens': 7 })
  expect(translateSpan(own)).toBe(own)
  expect(usageIn(own)).toEqual({ input_tokens: 1 })
  const plain = span({ 'http.method': 'GET' })
  expect(translateSpan(plain)).toBe(plain)
  expect(usageIn(plain)).toBeUndefined()
  const twice = span({ 'mlflow.chat.tokenUsage': JSON.stringify('{"output_tokens": 2, "total_tokens": "x"}') })
  expect(usageIn(twice)).toEqual({ output_tokens: 2 })
  for (const text of ['[1]', 'null', '{', '"a"'])
    expect(usageIn(span({ 'mlflow.chat.tokenUsage': text }))).toBeUndefined()
})

test('model, provider and kind stand where MLflow looks for them', () => {
  const { attributes } = translateSpan(
    span({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'asked',
      'gen_ai.response.model': '"answered"',
      'gen_ai.system': 'acme',
      'mlflow.spanType': '"UNKNOWN"',
    }),
  )
  expect(attributes?.filter(({ key }) => key.startsWith('mlflow.'))).toEqual([
    { key: 'mlflow.llm.model', value: { string_value: 'answered' } },
    { key: 'mlflow.llm.provider', value: { string_value: 'acme' } },
    { key: 'mlflow.spanType', value: { string_value: 'CHAT_MODEL' } },
  ])
  const typed = span({ 'mlflow.spanType': 'TOOL', 'gen_ai.operation.name': 'chat' })
  expect(translateSpan(typed)).toBe(typed)
})

test('a caller that tells the sum of what it called is counted once, and circles end', () => {
  const node = (id: string, parent: string | null, tokens?: number) => ({
    id,
    parent,
    usage: tokens === undefined ? undefined : { input_tokens: tokens, total_tokens: tokens },
  })
  expect(addUpUsage([node('a', null, 5), node('b', 'a', 2), node('c', 'b', 3)])?.input_tokens).toBe(5)
  expect(addUpUsage([node('a', null), node('b', 'a', 2), node('c', 'a', 3), node('d', 'c', 1)])).toEqual({
    input_tokens: 5,
    output_tokens: 0,
    total_tokens: 5,
  })
  // Its parent has not come yet.
  expect(addUpUsage([node('b', 'gone', 2)])?.total_tokens).toBe(2)
  expect(addUpUsage([node('a', 'b', 1), node('b', 'a', 1)])).toBeUndefined()
  expect(addUpUsage([node('a', null)])).toBeUndefined()
})
