import { expect, test } from 'vitest'
import { sentError } from './call-error.ts'

test('a full disk is not taken for a query that needs too much', () => {
  const said = (message: string): string => sentError(new Error(message), new Map()).name
  expect(said('IO Error: Could not write file "/data/out": No space left on device')).toBe('NO_SPACE')
  expect(said('Out of Memory Error: could not allocate block of size 256.0 KiB')).toBe('OUT_OF_MEMORY')
})
