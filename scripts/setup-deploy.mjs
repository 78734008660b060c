// Installs the schemas of python/requirements-deploy.txt into .cache, unless they are there, and prints the folder.
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePython, projectPython, root, runScript } from './setup.mjs'
import { pipIndexEnvironment } from './setup-python.mjs'
import { digest, run, SetupError, tail, timed, withSetupLock } from './setup-support.mjs'

await runScript(async () => {
  const requirements = join(root, 'python', 'requirements-deploy.txt')
  const folder = join(root, '.cache', `deploy-${digest(readFileSync(requirements, 'utf8')).slice(0, 12)}`)
  if (!existsSync(folder)) {
    await ensurePython()
    await withSetupLock(root, () => existsSync(folder) || install(requirements, folder))
  }
  console.log(folder)
  return 0
})

function install(requirements, folder) {
  timed('installing the schemas of deployments', () => {
    const work = `${folder}.${process.pid}`
    const uv = join(root, '.venv', process.platform === 'win32' ? 'Scripts/uv.exe' : 'bin/uv')
    const env = { ...process.env, ...pipIndexEnvironment(projectPython), UV_PYTHON_DOWNLOADS: 'never' }
    const flags = ['-q', '--require-hashes', '--no-deps', '--python', projectPython, '--target', work]
    const installed = run(uv, ['pip', 'install', ...flags, '-r', requirements], { env })
    if (!installed.ok) {
      rmSync(work, { recursive: true, force: true })
      throw new SetupError(`The schemas could not be installed here. Last words:\n${tail(installed.output)}`)
    }
    renameSync(work, folder)
  })
}
