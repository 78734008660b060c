import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'
import { pipIndexEnvironment } from './setup-python.mjs'
import { digest, run, timed } from './setup-support.mjs'

/**
 * A Python environment of its own under .cache/ with what a locked list of requirements names, made anew when the list changed. Returns its interpreter,
 * or what went wrong.
 */
export function ensurePeer(python, { name, folder, requirements }) {
  const environment = join(root, '.cache', folder, name)
  const interpreter = join(environment, 'bin', 'python')
  const stamp = join(environment, 'bench-setup')
  const wanted = digest(readFileSync(requirements, 'utf8'))
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { interpreter }
  const problem = timed(`installing the peer ${name}`, () => install(python, environment, interpreter, requirements))
  if (problem) return { problem }
  writeFileSync(stamp, wanted)
  return { interpreter }
}

/** Returns what went wrong, if anything. */
function install(python, environment, interpreter, requirements) {
  rmSync(environment, { recursive: true, force: true })
  mkdirSync(environment, { recursive: true })
  const env = { ...process.env, ...pipIndexEnvironment(python), UV_PYTHON_DOWNLOADS: 'never' }
  const uv = join(root, '.venv', 'bin', 'uv')
  for (const args of [
    ['venv', '-q', '--clear', '--python', python, environment],
    ['pip', 'sync', '-q', '--require-hashes', '--python', interpreter, requirements],
  ]) {
    const done = run(uv, args, { env })
    if (!done.ok) return done.output
  }
  return undefined
}
