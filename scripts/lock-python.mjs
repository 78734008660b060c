// Compiles python/*.in into hashed requirements that hold for every platform: the only lock format without hosts.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePython, root, runScript } from './setup.mjs'
import { pipIndexEnvironment } from './setup-python.mjs'
import { run, SetupError, tail, timed } from './setup-support.mjs'

await runScript(async () => {
  const python = await ensurePython()
  const folder = join(root, 'python')
  const env = { ...process.env, ...pipIndexEnvironment(python), UV_PYTHON_DOWNLOADS: 'never' }
  for (const input of readdirSync(folder).filter((name) => name.endsWith('.in'))) {
    const output = input.replace(/\.in$/, '.txt')
    timed(`locking python/${output}`, () => {
      const flags = ['-q', '--upgrade', '--universal', '--python-version', '3.11', '--generate-hashes', '--no-header']
      const uv = join(root, '.venv', process.platform === 'win32' ? 'Scripts/uv.exe' : 'bin/uv')
      const compiled = run(uv, ['pip', 'compile', ...flags, input, '-o', output], { env, cwd: folder })
      if (!compiled.ok)
        throw new SetupError(`uv could not lock python/${input}. Its last words:\n${tail(compiled.output)}`)
    })
  }
  return 0
})
