import { expect, test } from 'vitest'
import { hiddenValues, maskEvidence, maskWords } from './mask-words.ts'
import { maskOfNames } from './personal-columns.ts'

const mask = maskOfNames(['email', 'name', 'age'])

test.each([
  ['Review email=anna@example.org, score 0.2', 'Review email=redacted, score 0.2'],
  ['worse on input.Email == "a b@c", by 0.1', 'worse on input.Email == redacted, by 0.1'],
  ['name: Anna Maria Smith wrote, score: 3', 'name: redacted wrote, score: 3'],
  ["(age=41; name='Anna')", '(age=redacted; name=redacted)'],
  ['email drifted', 'email drifted'],
  ['origin=JFK is worse', 'origin=JFK is worse'],
])('%s', (text, shown) => {
  expect(maskWords(mask, text)).toBe(shown)
})

test('what stands in the evidence under a hidden name is hidden in the words about it, the longer value first', () => {
  const evidence = {
    inputs: { person: { email: 'anna@example.org', name: ['Anna', 'Anna Smith'], score: 0.2 } },
    slices: [{ column: 'age', value: 41, n: 3, said: 'Anna Smith is 41' }],
  }
  const values = hiddenValues(mask, evidence)
  expect(maskWords(mask, 'Is Anna Smith (anna@example.org) right?', values)).toBe('Is redacted (redacted) right?')
  expect(maskEvidence(mask, evidence)).toEqual({
    inputs: { person: { email: 'redacted', name: 'redacted', score: 0.2 } },
    slices: [{ column: 'age', value: 'redacted', n: 3, said: 'redacted is 41' }],
  })
})
