import { expect, test } from 'vitest'
import { nodeWords } from './node-words.ts'

test('a version is written once, before its fact', () => {
  expect(nodeWords({ kind: 'model', name: 'late', version: '2', fact: 'v2 is champion' })).toEqual({
    name: 'late',
    version: 'v2',
    fact: 'is champion',
  })
})

test('what has only an id is called by its kind, and its fact tells it apart', () => {
  const id = 'alr_01m7z7eemardt6m4xvkpz71mxn'
  expect(nodeWords({ kind: 'alert', name: id, version: null, fact: 'delay drifted, open' })).toEqual({
    name: 'alert',
    fact: 'delay drifted, open',
  })
  expect(nodeWords({ kind: 'evaluation', name: id, version: null, fact: 'evaluation finished' })).toEqual({
    name: 'evaluation',
    fact: 'finished',
  })
})

test('a window and a prediction are named without what they belong to', () => {
  expect(nodeWords({ kind: 'window', name: 'delay:2001-02-12', version: null, fact: '' })).toEqual({
    name: '2001-02-12',
  })
})
