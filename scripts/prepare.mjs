// `npm run setup`: npm packages, the Python environment and the built UI, each unless it is there.
import { buildWeb } from './build-web.mjs'
import { ensureNode, ensurePython, runScript } from './setup.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  await buildWeb()
  return 0
})
