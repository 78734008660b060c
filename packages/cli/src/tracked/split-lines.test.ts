import { expect, test } from 'vitest'
import { splitLines } from './split-lines.ts'

const linesOf = (...steps: (string | number)[]): string[] => {
  const lines: string[] = []
  let now = 0
  const splitter = splitLines(
    (text) => lines.push(text),
    () => now,
  )
  for (const step of steps)
    if (typeof step === 'number') now += step
    else splitter.write(Buffer.from(step, 'latin1'))
  splitter.end()
  return lines
}
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

test('lines are whole however they arrive, and the last one needs no end', () => {
  expect(linesOf('epo', 'ch 1\nep', 'och 2\r\n\nend')).toEqual(['epoch 1', 'epoch 2', '', 'end'])
  const word = bytes('Grüße\n')
  expect(linesOf(word.slice(0, 3), word.slice(3))).toEqual(['Grüße'])
  expect(linesOf('a\r', '\nb\n')).toEqual(['a', 'b'])
})

test('a progress bar is one line with its last state, and says every few seconds how far it is', () => {
  expect(linesOf(' 1%\r 2%\r', ' 3%\r100%\ndone\n')).toEqual(['100%', 'done'])
  expect(linesOf('10%\r', 6000, '20%\r', 100, '30%\r', '40%\n')).toEqual(['20%', '40%'])
})

test('a line without end does not grow for ever', () => {
  const lines = linesOf('x'.repeat(40_000))
  expect(lines.map((line) => line.length)).toEqual([16_000, 16_000, 8000])
})
