import { expect, test } from 'vitest'
import { print } from './command.ts'
import { showFailure } from './fail.ts'
import { timeText } from './output.ts'
import { shownText } from './shown-text.ts'

const esc = '\u001b'

test.each([
  ['a title of the window', `a${esc}]0;owned\u0007b`, 'ab'],
  ['the clipboard', `a${esc}]52;c;cm0gLXJmIC8=${esc}\\b`, 'ab'],
  ['a link', `${esc}]8;;https://evil.example\u0007here${esc}]8;;\u0007`, 'here'],
  ['a link without its end', `a${esc}]8;;https://evil.example`, 'a'],
  ['moving and clearing', `${esc}[2J${esc}[1;1Hfake prompt$ ${esc}[1A${esc}[K`, 'fake prompt$ '],
  ['a question to the terminal', `a${esc}[6n${esc}[cb${esc}P+q544e${esc}\\c`, 'abc'],
  ['sequences of eight bits', 'a\u009b2Jb\u009d0;x\u009cc', 'a2Jb0;xc'],
  ['a character set, a reset', `a${esc}(0${esc}cb`, 'ab'],
  ['bells, backspaces, carriage returns, NUL', 'safe\b\b\b\b\r\u0000evil\u0007', 'safeevil'],
  ['text that is turned around', 'abc\u202egnp.exe\u2066', 'abcgnp.exe'],
  ['an escape at the end', `a${esc}`, 'a'],
])('%s is left out of what a terminal is shown', (_what, written, shown) => {
  expect(shownText(written)).toBe(shown)
})

test('colours, lines, tabs and every language stay as they were written', () => {
  const text = `${esc}[1;31mfailed${esc}[0m\tat 3\nGrüße 你好 👩‍🔬`
  expect(shownText(text)).toBe(text)
})

test('a time that no calendar has is told so', () => {
  expect([timeText(0), timeText(null), timeText(2 ** 53)]).toEqual(['1970-01-01 00:00', '', 'beyond time'])
})

test('answers and refusals are shown so; JSON is for programs and stays whole', () => {
  const said: string[] = []
  const terminal = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) } as never
  print(terminal, { json: false }, { name: `x${esc}[2J` }, ({ name }) => name)
  print(terminal, { json: true }, { name: `x${esc}[2J` }, ({ name }) => name)
  showFailure(terminal, new Error(`There is no run "${esc}[2Jx".`), { json: false })
  expect(said).toEqual(['x\n', '{"name":"x\\u001b[2J"}\n', 'trivium: There is no run "x".\n'])
})
