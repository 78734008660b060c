import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pythonErrors } from './errors.ts'
import { lastWords, runProgram } from './run-program.ts'

/** How to call a pip that installs into the new environment. */
export interface Pip {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Where the interpreter of an environment is. */
export function pythonIn(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')
}

/** Makes a virtual environment and finds a pip for it. Throws PYTHON.NO_VENV. */
export async function makeVenv(python: string, folder: string, env: Readonly<Record<string, string>>): Promise<Pip> {
  if (!(await runProgram(python, ['-c', 'import venv'], { env })).ok)
    throw pythonErrors.NO_VENV(python, 'it has no "venv" module')
  if ((await runProgram(python, ['-c', 'import ensurepip'], { env })).ok) {
    const made = await runProgram(python, ['-m', 'venv', folder], { env })
    if (!made.ok) throw pythonErrors.NO_VENV(python, `"python -m venv" failed: ${lastWords(made.output)}`)
    return { command: pythonIn(folder), args: ['-m', 'pip'], env }
  }
  // Debian splits pip's installer off; a bare environment and a borrowed pip do as well.
  const made = await runProgram(python, ['-m', 'venv', '--without-pip', folder], { env })
  if (!made.ok) throw pythonErrors.NO_VENV(python, `"python -m venv" failed: ${lastWords(made.output)}`)
  const borrowed = { command: python, args: ['-m', 'pip', '--python', pythonIn(folder)] }
  if ((await runProgram(python, ['-m', 'pip', '--version'], { env })).ok) return { ...borrowed, env }
  const wheels = '/usr/share/python-wheels'
  const wheel = (await readdir(wheels).catch(() => [])).find((name) => /^pip-.*\.whl$/.test(name))
  if (wheel === undefined) throw pythonErrors.NO_VENV(python, 'it has neither "ensurepip" nor "pip"')
  return { ...borrowed, env: { ...env, PYTHONPATH: join(wheels, wheel) } }
}
