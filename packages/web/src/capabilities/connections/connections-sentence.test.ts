import { expect, test } from 'vitest'
import { connectionsSentence } from './connections-sentence.ts'

test('the sentence names what fails first, three of them at most', () => {
  const of = (state: 'works' | 'fails' | 'unused' | 'off', ...names: string[]) => names.map((name) => ({ name, state }))
  expect(connectionsSentence([...of('works', 'database', 'traces'), ...of('off', 'sign-in')])).toBe(
    'No connection fails: 2 work.',
  )
  expect(connectionsSentence([...of('fails', 'traces'), ...of('works', 'database'), ...of('unused', 'b')])).toBe(
    '1 connection fails: traces; 1 works, 1 was not used yet.',
  )
  expect(connectionsSentence(of('fails', 'a', 'b', 'c', 'd', 'e'))).toBe('5 connections fail: a, b, c and 2 more.')
})
