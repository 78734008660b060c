import { expect, test } from 'vitest'
import { diffLines } from './diff-lines.ts'

const plain = (before: string, after: string, context = 3) =>
  diffLines(before, after, context).map(
    (line) =>
      `${{ same: ' ', removed: '-', added: '+', gap: '@' }[line.kind]}${line.parts.map((p) => p.text).join('')}`,
  )

test('equal texts differ in nothing', () => {
  expect(plain('a\nb\n', 'a\nb\n', 0)).toEqual(['@2'])
})

test('a changed line shows as removed and added, with the changed words marked', () => {
  const lines = diffLines('sum(late) over w6 as late\n', 'sum(late) over landed as late\n')
  expect(lines.map((l) => l.kind)).toEqual(['removed', 'added'])
  expect(lines[1]?.parts.filter((p) => p.changed).map((p) => p.text)).toEqual(['landed'])
})

test('what is far from a change is counted, not shown', () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n')
  expect(plain(before, before.replace('line 10', 'other'), 1)).toEqual([
    '@9',
    ' line 9',
    '-line 10',
    '+other',
    ' line 11',
    '@8',
  ])
})

test('line numbers count each side by itself', () => {
  const lines = diffLines('a\nb\nc', 'a\nx\ny\nc')
  expect(lines.map((l) => [l.before, l.after])).toEqual([
    [1, 1],
    [2, undefined],
    [undefined, 2],
    [undefined, 3],
    [3, 4],
  ])
})
