import { expect, test } from 'vitest'
import { parseCsv } from './parse-csv.ts'

test('quoted values hold commas, quotes and line ends', () => {
  expect(parseCsv('name,note\r\n"Smith, J.","said ""no""\nand left"\r\nplain,\r\n')).toEqual([
    ['name', 'note'],
    ['Smith, J.', 'said "no"\nand left'],
    ['plain', ''],
  ])
})

test('the last row needs no line end, and empty lines are no rows', () => {
  expect(parseCsv('a,b\n\n1,2')).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ])
  expect(parseCsv('')).toEqual([])
})
