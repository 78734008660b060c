// Compiles python/*.in and what real clients of MLflow are made of into hashed requirements that hold for every platform: the only lock format without hosts.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePython, root, runScript } from './setup.mjs'
import { pipIndexEnvironment } from './setup-python.mjs'
import { run, SetupError, tail, timed } from './setup-support.mjs'

await runScript(async () => {
  const python = await ensurePython()
  const env = { ...process.env, ...pipIndexEnvironment(python), UV_PYTHON_DOWNLOADS: 'never' }
  const inputs = ['python', join('tests', 'conformance', 'mlflow', 'clients')].flatMap((place) =>
    readdirSync(join(root, place))
      .filter((name) => name.endsWith('.in'))
      .map((name) => ({ place, name })),
  )
  for (const { place, name: input } of inputs) {
    const output = input.replace(/\.in$/, '.txt')
    timed(`locking ${place}/${output}`, () => {
      const flags = ['-q', '--upgrade', '--universal', '--python-version', '3.11', '--generate-hashes', '--no-header']
      const uv = join(root, '.venv', process.platform === 'win32' ? 'Scripts/uv.exe' : 'bin/uv')
      const compiled = run(uv, ['pip', 'compile', ...flags, input, '-o', output], {
        env,
        cwd: join(root, place),
      })
      if (!compiled.ok)
        throw new SetupError(`uv could not lock ${place}/${input}. Its last words:\n${tail(compiled.output)}`)
    })
  }
  return 0
})
