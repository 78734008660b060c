import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { trackedFiles } from './tracked-files.ts'

test('no program is started through a shell, whatever stands in its arguments', () => {
  const root = join(import.meta.dirname, '..')
  const sources = trackedFiles().filter((file) => /^packages\/(server|cli)\/src\/.*(?<!\.test)\.ts$/.test(file))
  expect(sources.length).toBeGreaterThan(300)
  const shells = sources.filter((file) =>
    /\bshell: true|import \{[^}]*\bexec(Sync)?\b[^}]*\} from 'node:child_process'/.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  )
  expect(shells).toEqual([])
})
