import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holes } from './defences/defence.ts'
import { defences } from './defences/index.ts'

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
