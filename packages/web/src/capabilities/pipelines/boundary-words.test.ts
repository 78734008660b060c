import { expect, test } from 'vitest'
import { layerFact, limitsFact } from './boundary-words.ts'

test('a layer says what it keeps in and by what; one that is not there says so', () => {
  expect(layerFact({ name: 'files', active: true, found: 'Landlock, version 6' })).toEqual({
    label: 'Files',
    value: 'Landlock, version 6',
  })
  expect(layerFact({ name: 'calls', active: false, found: 'not allowed here' }).value).toBe('open')
  expect(layerFact({ name: 'identity', active: false, found: 'another one needs root' }).value).toBe("the server's")
})

test('limits that are not set are left out', () => {
  const bytes = (amount: number) => `${amount / 1e9} GB`
  expect(limitsFact({ memoryBytes: 8e9, diskBytes: null, processes: 256, cpus: 1 }, bytes)).toBe(
    '8 GB memory, 256 processes, 1 processor',
  )
})
