import { expect, test } from 'vitest'
import { plainLine } from './plain-line.ts'

const e = '\u001b'

test.each([
  [`${e}[0;93mwarning${e}[m: slow`, 'warning: slow'],
  [`${e}[2K${e}[1Gdone`, 'done'],
  [`${e}]8;;http://a.b\u0007link${e}]8;;${e}\\ here`, 'link here'],
  ['[0;93m stays without its escape, as does a[0]', '[0;93m stays without its escape, as does a[0]'],
])('%j reads %j', (text, plain) => {
  expect(plainLine(text)).toBe(plain)
})
