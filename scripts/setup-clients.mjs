// `node scripts/setup-clients.mjs NAME`: installs what tests/conformance/mlflow/clients/requirements-NAME.txt names into an environment of its own, unless it is
// there, and prints its interpreter.
import { join } from 'node:path'
import { ensurePython, root, runScript } from './setup.mjs'
import { ensurePeer } from './setup-peer.mjs'
import { SetupError, tail, withSetupLock } from './setup-support.mjs'

await runScript(async () => {
  const [name = ''] = process.argv.slice(2)
  if (!/^[\w-]+$/.test(name))
    throw new SetupError('Say which clients are wanted: mlflow-2, mlflow-3, postgres, torch or wandb.')
  const python = await ensurePython()
  const requirements = join(root, 'tests', 'conformance', 'mlflow', 'clients', `requirements-${name}.txt`)
  await withSetupLock(root, () => {
    const { interpreter, problem } = ensurePeer(python, { name, folder: 'mlflow-clients', requirements })
    if (problem) throw new SetupError(`The clients ${name} could not be installed here. Last words:\n${tail(problem)}`)
    console.log(interpreter)
  })
  return 0
})
