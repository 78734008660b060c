// `npm run record:mlflow [SCRIPT…]`: installs a real MLflow server in an environment of its own and records anew what it answers (tests/conformance/mlflow/record).
import { join } from 'node:path'
import { ensureNode, ensurePython, root, runScript, runWithProjectNode } from './setup.mjs'
import { ensurePeer } from './setup-peer.mjs'
import { SetupError, tail } from './setup-support.mjs'

await runScript(async () => {
  await ensureNode()
  const python = await ensurePython()
  const requirements = join(root, 'bench', 'tracking', 'requirements-mlflow.txt')
  const { interpreter, problem } = ensurePeer(python, { name: 'mlflow', folder: 'bench-tracking', requirements })
  if (problem) throw new SetupError(`MLflow could not be installed. The last words of the installer:\n${tail(problem)}`)
  const program = join('tests', 'conformance', 'mlflow', 'record', 'record.ts')
  return runWithProjectNode(['--conditions=trivium-source', program, ...process.argv.slice(2)], {
    env: { BENCH_PEERS: JSON.stringify({ mlflow: interpreter }), BENCH_PYTHON: python },
  })
})
