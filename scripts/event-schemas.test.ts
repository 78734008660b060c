import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventSchemas } from '@trivium/contract'
import { expect, test } from 'vitest'
import { brokenPromises, type PublishedEvent, presentEvents } from './reference/event-schemas.ts'
import { root, trackedFiles } from './tracked-files.ts'

const published = JSON.parse(readFileSync(join(root, 'docs/reference/event-schemas.json'), 'utf8')) as Record<
  string,
  PublishedEvent
>

test('every event that was published still says what it said: only optional fields were added', () => {
  expect(Object.keys(published).length).toBeGreaterThan(60)
  expect(brokenPromises(published, presentEvents())).toEqual([])
})

test('a field that goes, changes its type or becomes required breaks the promise; an optional one does not', () => {
  const event = (properties: Record<string, unknown>, required: string[]): Record<string, PublishedEvent> => ({
    'run.finished@1': { subject: 'run', schema: { type: 'object', required, properties } },
  })
  const before = event({ name: { type: 'string' }, at: { type: 'object', properties: { n: { type: 'integer' } } } }, [
    'name',
  ])
  const names = (now: Record<string, PublishedEvent>) => brokenPromises(before, now)
  const name = { type: 'string', description: 'other words' }
  const at = { type: 'object', properties: { n: { type: 'integer' }, more: { type: 'string' } } }
  expect(names(event({ name, at, added: { type: 'string' } }, ['name']))).toEqual([])
  expect(names(event({ name }, ['name']))).toEqual(['run.finished@1 data.at is gone'])
  expect(names(event({ name, at: { type: 'object', properties: {} } }, ['name']))).toHaveLength(1)
  expect(names(event({ name: { type: 'integer' }, at }, ['name']))).toEqual([
    'run.finished@1 data.name is another type',
  ])
  expect(names(event({ name, at }, ['name', 'at']))).toEqual(['run.finished@1 data: other fields are required'])
  expect(names(event({ name, at }, []))).toEqual(['run.finished@1 data: other fields are required'])
  expect(names({})).toEqual(['run.finished@1 is gone'])
})

test('names and versions of events are given once', () => {
  const keys = eventSchemas.map(({ name, version }) => `${name}@${version}`)
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})

test('every event that the server names where it appends one has a schema', () => {
  const names = new Set(eventSchemas.map(({ name }) => name))
  const appended = trackedFiles()
    .filter((file) => /^packages\/server\/src\/.*\.ts$/.test(file) && !/\.(test|fixture)\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      const calls = text.matchAll(/events\s*\.append\(\s*trx,\s*\{[^{}]*?\bname: '([^']+)'/g)
      return [...calls].map(([, name = '']) => ({ file, name }))
    })
  expect(appended.length).toBeGreaterThan(30)
  expect(appended.filter(({ name }) => !names.has(name))).toEqual([])
})
