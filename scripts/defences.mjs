// Takes each named defence out of a clone of the last commit, one at a time, and sees that a test fails.
//
//   npm run defences -- [--only WORD] [--workers N]
import { join } from 'node:path'
import { ensureNode, ensurePython, runScript, runWithProjectNode } from './setup.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  return runWithProjectNode([join('scripts', 'defences', 'run-defences.ts'), ...process.argv.slice(2)])
})
