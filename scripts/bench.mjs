// `npm run bench -- NAME`: sets up what is missing, the peers in environments of their own under .cache/, and runs bench/NAME.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from './build-web.mjs'
import { ensureNode, ensurePython, root, runScript, runWithProjectNode } from './setup.mjs'
import { ensurePeer } from './setup-peer.mjs'
import { SetupError, tail } from './setup-support.mjs'
import { warmProgram } from './warm-program.mjs'

/** Where the requirements of a benchmark's peers are, when not in its own folder. */
const borrowed = { rest: 'tracking', import: 'tracking', ingest: 'tracking' }

await runScript(async () => {
  const [name = '', ...rest] = process.argv.slice(2)
  const program = join('bench', name, 'run.ts')
  if (name === '' || !existsSync(join(root, program))) {
    const names = readdirSync(join(root, 'bench')).filter((one) => existsSync(join(root, 'bench', one, 'run.ts')))
    throw new SetupError(`npm run bench -- NAME, with NAME one of: ${names.join(', ')}.`)
  }
  await ensureNode()
  const python = await ensurePython()
  await buildWeb()
  await warmProgram()
  const peers = installPeers(python, borrowed[name] ?? name)
  return runWithProjectNode(['--conditions=trivium-source', program, ...rest], {
    env: { BENCH_PEERS: JSON.stringify(peers), BENCH_PYTHON: python },
  })
})

/** An environment for each `requirements-PEER.txt`; returns the interpreters of those that could be installed. */
function installPeers(python, folder) {
  const peers = {}
  for (const file of readdirSync(join(root, 'bench', folder))) {
    const name = /^requirements-(.+)\.txt$/.exec(file)?.[1]
    if (!name) continue
    const requirements = join(root, 'bench', folder, file)
    const { interpreter, problem } = ensurePeer(python, { name, folder: `bench-${folder}`, requirements })
    if (problem) console.error(`bench: ${name} cannot be installed here and is left out:\n${tail(problem, 5)}`)
    else peers[name] = interpreter
  }
  return peers
}
