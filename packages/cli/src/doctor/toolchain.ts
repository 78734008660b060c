import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Terminal } from '../terminal.ts'
import { failed, type Finding, firstLine, ok, tryProgram, warning } from './check.ts'

const oldestNode = 24
const root = join(import.meta.dirname, '../../../..')

/** The Node that runs us, and the one that the clone pins. */
export async function checkNode({ env }: Terminal): Promise<Finding[]> {
  const running = process.versions.node
  const node =
    Number(running.split('.')[0]) >= oldestNode
      ? ok('Node', `${running}`)
      : failed(
          'Node',
          `started with Node ${running} from PATH`,
          'Run npx trivium in the clone, which brings its own Node.',
        )
  const manifest = join(root, 'package.json')
  if (!existsSync(manifest)) return [node]
  const pinned = (JSON.parse(readFileSync(manifest, 'utf8')) as { devDependencies?: { node?: string } }).devDependencies
    ?.node
  if (pinned === undefined) return [node]
  const { code, output } = await tryProgram(join(root, 'node_modules/node/bin/node'), ['--version'], env)
  if (code === 0 && output === `v${pinned}`)
    return [node, ok('node_modules', `Node ${pinned}, as package.json pins it`)]
  const found = code === 0 ? `${output} where package.json pins ${pinned}` : 'the pinned Node is not there'
  return [
    node,
    failed(
      'node_modules',
      found,
      'Run npm ci. With npm 12 the install script of "node" has to be allowed (allowScripts in package.json).',
    ),
  ]
}

export async function checkGit({ env }: Terminal): Promise<Finding> {
  const { code, output } = await tryProgram('git', ['--version'], env)
  const major = /version (\d+)/.exec(output)?.[1]
  if (code === 0 && Number(major) >= 2) return ok('git', firstLine(output))
  return warning(
    'git',
    code === 0 ? firstLine(output) : 'not found',
    'Runs record no commit. Install git 2 or newer: apt-get install git.',
  )
}

/** The Python that steps without a lock file use, and the index that environments are built from. */
export async function checkPython({ env }: Terminal): Promise<Finding[]> {
  const python = env['TRIVIUM_PYTHON'] || 'python3'
  const version = await tryProgram(python, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], env)
  if (version.code !== 0)
    return [
      failed(
        'Python',
        `${python} is not found`,
        'Steps in Python cannot run. Install it: apt-get install python3 python3-venv.',
      ),
    ]
  const [major = 0, minor = 0] = firstLine(version.output).split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 11))
    return [
      failed(
        'Python',
        firstLine(version.output),
        'Steps need Python 3.11 or newer. Install one and name it in TRIVIUM_PYTHON.',
      ),
    ]
  const venv = await tryProgram(python, ['-c', 'import venv, ensurepip'], env)
  const found = ok('Python', firstLine(version.output))
  if (venv.code !== 0)
    return [
      found,
      failed(
        'Python venv',
        'the module venv or ensurepip is missing',
        'No environment can be built. Install it: apt-get install python3-venv.',
      ),
    ]
  return [found, ok('Python venv', 'there'), await checkIndex(python, env)]
}

async function checkIndex(python: string, env: Terminal['env']): Promise<Finding> {
  const { code, output } = await tryProgram(
    python,
    ['-m', 'pip', 'index', 'versions', 'uv', '--disable-pip-version-check', '--timeout', '5', '--retries', '0'],
    env,
    15_000,
  )
  if (code === 0) return ok('pip index', 'answers')
  const why =
    code === null
      ? 'does not answer in 15 seconds'
      : /No module named pip/.test(output)
        ? 'pip is not installed, so it was not asked'
        : (output.split('\n').at(-1) ?? '')
  return warning(
    'pip index',
    why,
    'Environments cannot be built from the index. See "pip config list" and the network.',
  )
}
