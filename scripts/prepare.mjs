// `npm run setup`: npm packages, the Python environment, the built UI and the compiled server, each unless it is there.
import { buildWeb } from './build-web.mjs'
import { ensureNode, ensurePython, runScript } from './setup.mjs'
import { warmProgram } from './warm-program.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  await buildWeb()
  await warmProgram()
  return 0
})
