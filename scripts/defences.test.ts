import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holes } from './defences/defence.ts'
import { defences } from './defences/index.ts'
import { digestOf, isSeen, readRecord, writeRecord } from './defences/record.ts'
import { readReport } from './defences/run-tests.ts'

const root = join(import.meta.dirname, '..')

test('every named defence stands where the list says, once, and names tests that exist', () => {
  const wrong = defences.filter(({ file, cut, put, tests }) => {
    const text = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''
    return text.split(cut).length !== 2 || cut === put || !tests.every((test) => existsSync(join(root, test)))
  })
  expect(wrong.map(({ name, file }) => `${file}: ${name}`)).toEqual([])
  const names = defences.map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

test('each kind of hole that other systems had is kept shut by a defence of the list', () => {
  const named = new Set(defences.map(({ hole }) => hole))
  expect(holes.filter((hole) => !named.has(hole))).toEqual([])
})

test('a test whose time was up is no proof, nor is one that could not get so far; what it asserts is', () => {
  const failed = (title: string, ...failureMessages: string[]) => ({
    status: 'failed',
    fullName: `a suite ${title}`,
    ancestorTitles: ['a suite'],
    title,
    failureMessages,
  })
  const { ran, failures } = readReport({
    testResults: [
      {
        assertionResults: [
          failed('is late', 'Error: Test timed out in 20000ms.\n    at x', 'AssertionError: expected 1 to be 2'),
          failed('waits for a hook', 'Error: Hook timed out in 60000ms.'),
          failed('breaks', "TypeError: Cannot read properties of undefined (reading 'id')"),
          failed('sees', 'AssertionError: expected 200 to be 403 // Object.is equality\n    at y'),
          failed('sees an error', "Error: expected AppError: no { …(3) } to match object { code: 'EGRESS.DENIED' }"),
          failed('sees a promise', 'Error: promise resolved "undefined" instead of rejecting'),
          { ...failed('is fine'), status: 'passed' },
          { ...failed('is left out'), status: 'skipped' },
        ],
      },
    ],
  })
  expect(ran).toBe(7)
  expect(failures.map(({ path, how }) => [path[1], how])).toEqual([
    ['is late', 'timed out'],
    ['waits for a hook', 'timed out'],
    ['breaks', 'threw'],
    ['sees', 'asserted'],
    ['sees an error', 'asserted'],
    ['sees a promise', 'asserted'],
  ])
  expect(failures[3]).toMatchObject({
    test: 'a suite sees',
    message: 'AssertionError: expected 200 to be 403 // Object.is equality',
  })
})

test('the record keeps what was seen, in the order of the list, and a defence that has changed has to be seen anew', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivium-record-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'results.md')
  const of = (name: string, put = '') => ({ name, file: 'a.ts', cut: 'x', put, tests: ['a.test.ts'] })
  const list = [of('one | of many'), of('two')]
  const seen = new Map(
    [of('gone'), ...list.toReversed()].map((one) => [
      one.name,
      { digest: digestOf(one), date: '2026-01-02', test: 'a | b' },
    ]),
  )
  writeRecord(list, seen, file)
  const again = readRecord(file)
  expect([...again.keys()]).toEqual(['one | of many', 'two'])
  expect(again.get('two')).toEqual(seen.get('two'))
  expect(list.map((one) => isSeen(again, one))).toEqual([true, true])
  expect(isSeen(again, of('two', 'y'))).toBe(false)
})
