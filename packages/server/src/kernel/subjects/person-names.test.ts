import { describe, expect, test } from 'vitest'
import { hintsOf, holdsName, isDistinct, isName, markedNames, namesOf, redactNames } from './person-names.ts'

const called = ['C-1094', 'ann.müller@example.org', 'Ann  Müller']

describe.each([
  ['as they are', namesOf(called)],
  ['as keyed hashes', markedNames(called)],
] as const)('names of a person, %s', (_, names) => {
  const cases: [string, string | undefined][] = [
    ['C-1094 called today', '[redacted] called today'],
    ['customer_c-1094.png', 'customer_[redacted].png'],
    ['AC-1094, C-10945 and BC-1094X', undefined],
    ['mail joann.müller@example.org', undefined],
    ['mail ANN.MÜLLER@EXAMPLE.ORG!', 'mail [redacted]!'],
    ['Ann\n Müller and Ann Mu\u0308ller', '[redacted] and [redacted]'],
    ['/people/ann.müller%40example.org?x=1', '/people/[redacted]?x=1'],
    ['nothing here', undefined],
  ]
  test.each(cases)('%j reads %j', (text, expected) => {
    expect(redactNames(names, text)).toBe(expected)
    expect(holdsName(names, text)).toBe(expected !== undefined)
  })

  test('are found however JSON escapes them, and JSON stays JSON with all else as it was', () => {
    const inner = `{"who": "Ann M\\u00fcller", "n": 12345678901234567890, "id": "C-1094"}`
    const text = JSON.stringify({ content: inner, big: 1 }).replace('"big":1', '"big":12345678901234567890')
    const redacted = redactNames(names, text) ?? ''
    expect(JSON.parse(JSON.parse(redacted).content).who).toBe('[redacted]')
    expect(redacted).toContain('"big":12345678901234567890')
    expect(redacted).toContain('12345678901234567890, ')
    // Cut off in the middle it is no JSON any more.
    const cut = redactNames(names, text.slice(0, -9))
    expect(cut).toContain('[redacted]')
    expect(cut).not.toMatch(/Ann|ller|C-1094/)
  })

  test('are told from values that only hold them', () => {
    expect([isName(names, ' c-1094 '), isName(names, 'C-1094 x'), isName(names, '')]).toEqual([true, false, false])
  })
})

test('a name that is a number becomes a text where JSON has a number, and no part of another one is taken for it', () => {
  const names = namesOf(['20261094'])
  expect(redactNames(names, '{"id":20261094,"of":[20261094.5,120261094,-20261094],"s":"20261094"}')).toBe(
    '{"id":"[redacted]","of":[20261094.5,120261094,-20261094],"s":"[redacted]"}',
  )
})

test('a text of JSON that is megabytes long hides no name from an erasure', () => {
  const text = JSON.stringify({ prompt: `${'x'.repeat(9_000_000)} Ann Müller "said"`, n: -1.5e3, rest: [null, ''] })
  let redacted: string | undefined
  expect(() => (redacted = redactNames(namesOf(['Ann Müller']), text))).not.toThrow()
  expect(redacted?.slice(9_000_000)).toMatch(/^x* \[redacted\] \\"said\\"","n":-1500,"rest":\[null,""\]\}$/)
})

test('texts are searched for names that nothing else is called, and by a part that SQL can look for', () => {
  expect(['7', '1094', 'ann', '12345678', 'C-1094', 'anna', 'Müller'].map(isDistinct)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
    true,
  ])
  expect(hintsOf(namesOf(called))).toEqual(['1094', 'example', 'ller'])
  expect(hintsOf(namesOf(['Анна Петрова']))).toBeUndefined()
  expect(hintsOf(markedNames(called))).toBeUndefined()
})
