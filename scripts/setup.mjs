// Prepares a fresh clone. Plain JavaScript without dependencies, because it runs on whatever Node the system has
// before the project's own Node is installed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installNodePackages, nodePackagesAreCurrent } from './setup-node.mjs'
import { installPythonPackages, pythonPackagesAreCurrent } from './setup-python.mjs'
import { SetupError, withSetupLock } from './setup-support.mjs'

/** The folder of the clone. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** The Node that every part of the project runs on, whatever the system has. */
export const projectNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** The Python interpreter of the project's environment. */
export const projectPython =
  process.platform === 'win32' ? join(root, '.venv', 'Scripts', 'python.exe') : join(root, '.venv', 'bin', 'python')

/** Installs the npm packages of the lock file, unless they are there. */
export async function ensureNode() {
  if (nodePackagesAreCurrent(root) && existsSync(projectNode)) return
  await withSetupLock(root, () => {
    if (!nodePackagesAreCurrent(root) || !existsSync(projectNode)) installNodePackages(root, projectNode)
  })
}

/** Makes the Python environment of `python/requirements.txt`, unless it is there; returns its interpreter. */
export async function ensurePython() {
  if (!pythonPackagesAreCurrent(root, projectPython)) {
    await withSetupLock(root, () => {
      if (!pythonPackagesAreCurrent(root, projectPython)) installPythonPackages(root, projectPython)
    })
  }
  return projectPython
}

/** The environment for child processes: `node`, `npx` and the tools of the project come first on the path. */
export function projectEnvironment(extra = {}) {
  const path = [join(root, 'node_modules', '.bin'), join(root, 'node_modules', 'node', 'bin'), process.env.PATH ?? '']
  return { ...process.env, PATH: path.join(delimiter), ...extra }
}

/** Runs the project's Node with these arguments on this terminal and returns its exit code. */
export function runWithProjectNode(args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(projectNode, args, { cwd, stdio: 'inherit', env: projectEnvironment(env) })
    // Ctrl-C on a terminal reaches the child directly; passing it on as well would make it a second, forcing one.
    const forward = (signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    const release = () => signals.forEach((signal) => process.off(signal, forward))
    child.once('error', (error) => {
      release()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      release()
      resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15))
    })
  })
}

/** Runs a script's main function: a failed set-up ends with its message alone, anything else with a stack. */
export async function runScript(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`\n${error.message}`)
    process.exitCode = 1
  }
}
