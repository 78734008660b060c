import { expect, test } from 'vitest'
import { readTerminalText } from './terminal-text.ts'

const esc = '\u001b'

test('colours of a terminal become tones, and end where the program ends them', () => {
  expect(readTerminalText(`a ${esc}[31;1mbad${esc}[0m ${esc}[92mok${esc}[39m end`)).toEqual({
    text: 'a bad ok end',
    parts: [
      { text: 'a ' },
      { text: 'bad', tone: 'red', bold: true },
      { text: ' ' },
      { text: 'ok', tone: 'green' },
      { text: ' end' },
    ],
  })
  expect(readTerminalText(`${esc}[38;5;196mx${esc}[38;2;1;31;3my${esc}[1;33mz`).parts).toEqual([
    { text: 'x' },
    { text: 'y' },
    { text: 'z', tone: 'yellow', bold: true },
  ])
})

test('what would move the cursor, set a title, link, clear or turn text around is left out', () => {
  const line = `${esc}[2J${esc}[10;5Ha${esc}]0;title\u0007b${esc}]8;;https://evil.example${esc}\\c${esc}]8;;${esc}\\\u0000\u0008\u202ed${esc}`
  expect(readTerminalText(line)).toEqual({
    text: 'abcd',
    parts: [{ text: 'a' }, { text: 'b' }, { text: 'c' }, { text: 'd' }],
  })
  expect(readTerminalText('<b>bold</b> &amp;').parts).toEqual([{ text: '<b>bold</b> &amp;' }])
})
