// Takes each named defence out of a clone of the last commit, one at a time, and sees that a test fails by what it asserts.
// What it saw is in scripts/defences/results.md; --remaining goes on with what is not there, or has changed since.
//
//   npm run defences -- [--only WORD]… [--remaining] [--workers N]
import { join } from 'node:path'
import { ensureNode, ensurePython, runScript, runWithProjectNode } from './setup.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  return runWithProjectNode([join('scripts', 'defences', 'run-defences.ts'), ...process.argv.slice(2)])
})
