import { expect, test } from 'vitest'
import { tablePaths } from './table-paths.ts'

const file = (path: string) => ({ path, isDirectory: false, size: 1, digest: null })

test('tables are known by their names or by the tag of log_table, those of most runs first', () => {
  const one = [file('a.csv'), file('eval.json'), file('other.json'), { ...file('dir.csv'), isDirectory: true }]
  const two = [file('eval.json'), file('p/x.PARQUET')]
  const tag = JSON.stringify([{ path: 'eval.json', type: 'table' }, { path: 'other.json', type: 'dict' }, null])
  expect(tablePaths([one, two], [tag, null, '{"no":', '{}'])).toEqual(['eval.json', 'a.csv', 'p/x.PARQUET'])
})
