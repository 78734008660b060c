import { expect, test } from 'vitest'
import { anchorOf, findsAnchors, type PassageAnchor, type ReportPassage, reportPassages } from './report-passages.ts'

const text = '# Late\n\nA **deep** tree.\n\nSame.\n\n```panel\nkind: table\n```\n\nSame.\n\n---\n'
const passages = reportPassages(text)
const placeOfAnchor = (among: readonly ReportPassage[], anchor: PassageAnchor) => findsAnchors(among)(anchor)

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

test('a long passage is known by a short anchor, also one that was kept whole, and any other sign in it is a change', () => {
  const long = `${'word '.repeat(20_000)}end`
  const kept = anchorOf(reportPassages(long), 0)
  expect(kept?.text.length).toBe(2000)
  expect(kept && placeOfAnchor(reportPassages(`New.\n\n${long}`), kept)).toBe(1)
  expect(placeOfAnchor(reportPassages(long), { text: long, panel: false, nth: 0 })).toBe(0)
  const changed = `${long.slice(0, 50_000)}W${long.slice(50_001)}`
  expect(kept && placeOfAnchor(reportPassages(changed), kept)).toBeUndefined()
})

test('passages are looked through once for all the comments of a report', () => {
  let looked = 0
  const many = Array.from({ length: 3000 }, (_, at) => ({
    get text() {
      looked += 1
      return `passage ${at % 7}`
    },
    panel: false,
  }))
  const anchor = { text: 'passage 3', panel: false, nth: 2 }
  const find = findsAnchors(many)
  expect(Array.from({ length: 1000 }, () => find(anchor))).toEqual(Array.from({ length: 1000 }, () => 17))
  expect(looked).toBeLessThan(3 * many.length)
})
