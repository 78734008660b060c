import { expect, test } from 'vitest'
import { completeFilter, tokenizeFilter } from './filter-syntax.ts'

const fields = [
  { name: 'metrics.auc', type: 'number' as const },
  { name: 'metrics.log_loss', type: 'number' as const },
  { name: 'status', values: ['running', 'failed', 'waiting for you'] },
]
const kinds = (text: string) =>
  tokenizeFilter(text)
    .filter((t) => t.kind !== 'space')
    .map((t) => `${t.kind}:${t.text}`)

test('a filter falls into fields, operators, words and values', () => {
  expect(kinds('metrics.auc > 0.62 or status in (running, failed)')).toEqual([
    'field:metrics.auc',
    'operator:>',
    'value:0.62',
    'word:or',
    'field:status',
    'word:in',
    'bracket:(',
    'value:running',
    'bracket:,',
    'value:failed',
    'bracket:)',
  ])
})

test('a quoted value may hold words of the language', () => {
  expect(kinds('name = "this and that" and x < 1')).toEqual([
    'field:name',
    'operator:=',
    'value:"this and that"',
    'word:and',
    'field:x',
    'operator:<',
    'value:1',
  ])
})

test('text without sense still ends', () => {
  expect(
    tokenizeFilter('!!! ((( "')
      .map((t) => t.text)
      .join(''),
  ).toBe('!!! ((( "')
})

test('completion offers fields, then operators, then values, then how to go on', () => {
  const at = (text: string) => completeFilter(text, text.length, fields).choices.map((c) => c.text)
  expect(at('')).toEqual(['metrics.auc', 'metrics.log_loss', 'status'])
  expect(at('met')).toEqual(['metrics.auc', 'metrics.log_loss'])
  expect(at('metrics.auc ')).toContain('>')
  expect(at('status = ')).toEqual(['running', 'failed', '"waiting for you"'])
  expect(at('status in (run')).toEqual(['running'])
  expect(at('metrics.auc > 0.6 ')).toEqual(['and', 'or'])
})

test('a choice replaces the word at the caret and nothing else', () => {
  const { from, to } = completeFilter('metrics.auc > 0.6 and sta', 25, fields)
  expect([from, to]).toEqual([22, 25])
})
