// Starts the server once on a directory of its own, so that its compiled code is kept: a first start that compiles takes
// twice the time, and 20 MB more for as long as it runs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** Fills the cache of compiled code unless it is there. What goes wrong here is told by the first real start. */
export async function warmProgram() {
  if (existsSync(join(root, 'node_modules', '.cache', 'trivium-compiled'))) return
  const started = Date.now()
  process.stderr.write('setup: compiling the server …\n')
  const data = mkdtempSync(join(tmpdir(), 'trivium-setup-'))
  try {
    const program = join(root, 'packages', 'cli', 'bin', 'trivium')
    const server = spawn(program, ['up', '--data', data, '--port', '0', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = once(server, 'close').catch(() => undefined)
    await Promise.race([once(server.stdout, 'data'), ended])
    server.kill('SIGTERM')
    await ended
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
  process.stderr.write(`setup: compiling the server: done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}
