import { expect, test } from 'vitest'
import { anchorOf, placeOfAnchor, reportPassages } from './report-passages.ts'

const text = '# Late\n\nA **deep** tree.\n\nSame.\n\n```panel\nkind: table\n```\n\nSame.\n\n---\n'
const passages = reportPassages(text)

test('a passage is found again while others come, go and move, and not once its own words change', () => {
  const deep = anchorOf(passages, 1)
  expect(deep).toEqual({ text: 'A deep tree.', panel: false, nth: 0 })
  expect(deep && placeOfAnchor(reportPassages(`New.\n\n${text.replace('# Late\n\n', '')}`), deep)).toBe(1)
  // Other marks, the same words.
  expect(deep && placeOfAnchor(reportPassages('A deep\ntree.'), deep)).toBe(0)
  expect(deep && placeOfAnchor(reportPassages('A shallow tree.'), deep)).toBeUndefined()
})

test('passages of the same words are told apart by their order, panels from text of the same words', () => {
  const second = anchorOf(passages, 4)
  expect(second?.nth).toBe(1)
  expect(second && placeOfAnchor(passages, second)).toBe(4)
  expect(second && placeOfAnchor(reportPassages('Same.'), second)).toBe(0)
  const panel = anchorOf(passages, 3)
  expect(panel).toMatchObject({ panel: true, text: 'kind: table' })
  expect(panel && placeOfAnchor(reportPassages('kind: table'), panel)).toBeUndefined()
  expect(anchorOf(passages, 5)).toBeUndefined()
  expect(anchorOf(passages, 6)).toBeUndefined()
})
