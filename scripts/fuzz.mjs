// Sends requests made from the routes' schemas to a server in this process, right and wrong ones, and tells what was answered badly.
//
//   npm run fuzz -- [--minutes N] [--seed S] [--database postgres] [--log error]
import { join } from 'node:path'
import { ensureNode, ensurePython, runScript, runWithProjectNode } from './setup.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  const program = join('tests', 'fuzz', 'long-run.ts')
  return runWithProjectNode(['--expose-gc', '--conditions=trivium-source', program, ...process.argv.slice(2)])
})
