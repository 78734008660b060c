// `npm run bench -- NAME`: sets up what is missing, the peers in environments of their own under .cache/, and runs bench/NAME.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from './build-web.mjs'
import { ensureNode, ensurePython, root, runScript, runWithProjectNode } from './setup.mjs'
import { pipIndexEnvironment } from './setup-python.mjs'
import { digest, run, SetupError, tail, timed } from './setup-support.mjs'
import { warmProgram } from './warm-program.mjs'

/** Where the requirements of a benchmark's peers are, when not in its own folder. */
const borrowed = { rest: 'tracking' }

await runScript(async () => {
  const [name = '', ...rest] = process.argv.slice(2)
  const program = join('bench', name, 'run.ts')
  if (name === '' || !existsSync(join(root, program))) {
    const names = readdirSync(join(root, 'bench')).filter((one) => existsSync(join(root, 'bench', one, 'run.ts')))
    throw new SetupError(`npm run bench -- NAME, with NAME one of: ${names.join(', ')}.`)
  }
  await ensureNode()
  const python = await ensurePython()
  await buildWeb()
  await warmProgram()
  const peers = installPeers(python, borrowed[name] ?? name)
  return runWithProjectNode(['--conditions=trivium-source', program, ...rest], {
    env: { BENCH_PEERS: JSON.stringify(peers), BENCH_PYTHON: python },
  })
})

/** An environment for each `requirements-PEER.txt`; returns the interpreters of those that could be installed. */
function installPeers(python, folder) {
  const peers = {}
  for (const file of readdirSync(join(root, 'bench', folder))) {
    const peer = /^requirements-(.+)\.txt$/.exec(file)?.[1]
    if (!peer) continue
    const requirements = join(root, 'bench', folder, file)
    const environment = join(root, '.cache', `bench-${folder}`, peer)
    const interpreter = join(environment, 'bin', 'python')
    const stamp = join(environment, 'bench-setup')
    const wanted = digest(readFileSync(requirements, 'utf8'))
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
      const problem = timed(`installing the peer ${peer}`, () =>
        install(python, environment, interpreter, requirements),
      )
      if (problem) {
        console.error(`bench: ${peer} cannot be installed here and is left out:\n${tail(problem, 5)}`)
        continue
      }
      writeFileSync(stamp, wanted)
    }
    peers[peer] = interpreter
  }
  return peers
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
