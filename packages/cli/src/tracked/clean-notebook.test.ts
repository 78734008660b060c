import { expect, test } from 'vitest'
import { cleanNotebook } from './clean-notebook.ts'
import { cutJson, type JsonCut } from './cut-json.ts'
import { notebookText } from './notebook-text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
/** As Jupyter writes a notebook. */
const jupyter = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`

const code = (source: string, ran: boolean) => ({
  cell_type: 'code',
  execution_count: ran ? 7 : null,
  id: 'a1',
  metadata: ran
    ? { collapsed: false, execution: { 'iopub.execute_input': '2026-01-01' }, tags: ['x'] }
    : { tags: ['x'] },
  outputs: ran ? [{ output_type: 'stream', name: 'stdout', text: ['outputs": [1]\n', '}]'] }] : [],
  source: [source],
})
const notebook = (ran: boolean) => ({
  cells: [
    code('print("\\u00e9 \\"outputs\\": [1]")', ran),
    {
      cell_type: 'markdown',
      id: 'b2',
      metadata: ran ? { collapsed: true } : {},
      source: '# Títle',
      attachments: { 'a.png': {} },
    },
  ],
  metadata: {
    kernelspec: { display_name: 'Python 3', name: 'python3' },
    language_info: { name: 'python', ...(ran ? { version: '3.11.2' } : {}) },
    ...(ran ? { widgets: { state: {} } } : {}),
  },
  nbformat: 4,
  nbformat_minor: 5,
})

test('a notebook that ran becomes, byte for byte, the one that did not', () => {
  const cleaned = cleanNotebook(bytes(jupyter(notebook(true))))
  expect(cleaned).toEqual({ text: jupyter(notebook(false)), changed: true })
  expect(cleanNotebook(bytes(cleaned.text))).toEqual({ text: cleaned.text, changed: false })
})

test('what is clean keeps its bytes, whatever wrote it', () => {
  const odd = `\r\n{ "nbformat" :4 , "cells":[ {"outputs":[] ,"execution_count" : null,\t"source":"\\u00e9" } ,{}] , "x": 1.0e2, "metadata": { } }`
  expect(cleanNotebook(bytes(odd))).toEqual({ text: odd, changed: false })
})

test('what is no notebook of format 4 is said to be none', () => {
  const refused = (text: string | Uint8Array) => () => cleanNotebook(typeof text === 'string' ? bytes(text) : text)
  for (const text of ['', '<<<<<<< HEAD\n{}', '{"cells": [', '\uFEFF{"nbformat":4,"cells":[]}'])
    expect(refused(text)).toThrow('is not JSON')
  expect(refused(new Uint8Array([0x22, 0xff, 0x22]))).toThrow('is not JSON')
  for (const text of ['{}', '[]', 'null', '{"nbformat":3,"cells":[]}', '{"nbformat":4,"cells":[1]}'])
    expect(refused(text)).toThrow('is not a notebook of format 4')
})

test.each([
  '[]',
  ' { } ',
  '[ ]',
  '{"":{},"a":[{},[],[[ ]] , ""]}',
  String.raw`{"\"inner\"": "\\", "in\u006eer2": "}],:{[\"", "n": [-1.50e+3, 12345678901234567890, true, false, null]}`,
  '\n[\r\n\t1 ,\n 2\n]\n',
])('cutting nothing changes nothing in %j, and what stands beside a cut stays', (value) => {
  expect(cutJson(value, () => 'keep')).toBe(value)
  const parsed = JSON.parse(value) as unknown
  for (const text of [`{"inner":${value},"b":${value}}`, `{ "b" : ${value} ,\n"inner" : ${value} }`]) {
    const cut = (how: JsonCut) => JSON.parse(cutJson(text, (path) => (path.join('.') === 'inner' ? how : 'keep')))
    expect(cut('remove')).toEqual({ b: parsed })
    expect(cut({ become: '[]' })).toEqual({ inner: [], b: parsed })
  }
  expect(cutJson(`{ "inner" : ${value} }`, (path) => (path.length === 1 ? 'remove' : 'keep'))).toBe('{}')
})

test('as text a notebook is its cells', () => {
  expect(notebookText(bytes(jupyter(notebook(true))))).toBe(
    `%% notebook {"kernelspec":{"display_name":"Python 3","name":"python3"},"language_info":{"name":"python"}}

%% code {"tags":["x"]}
print("\\u00e9 \\"outputs\\": [1]")

%% markdown
# Títle
[attached: a.png]
`,
  )
})
