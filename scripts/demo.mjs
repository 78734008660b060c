// `npm run demo`: sets up what is missing, builds the UI, and tells the story of examples/flight-delays.
import { buildWeb } from './build-web.mjs'
import { ensureNode, ensurePython, runScript, runWithProjectNode } from './setup.mjs'

await runScript(async () => {
  await ensureNode()
  await ensurePython()
  await buildWeb()
  const story = ['--conditions=trivium-source', 'examples/flight-delays/run.ts']
  return runWithProjectNode([...story, ...process.argv.slice(2)])
})
