import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digest, run, SetupError, tail, timed } from './setup-support.mjs'

const oldest = [3, 11]
const candidates = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14', 'python']

/** Whether the environment was made from the requirements that stand in the repository now. */
export function pythonPackagesAreCurrent(root, interpreter) {
  return existsSync(interpreter) && readText(stampFile(root)) === stampOf(root)
}

/** Makes the environment: venv, uv from the index into it, then exactly the hashed requirements. */
export function installPythonPackages(root, interpreter) {
  const python = findPython()
  const env = childEnvironment()
  timed(`making the Python environment in .venv (Python ${python.version})`, () => {
    rmSync(join(root, '.venv'), { recursive: true, force: true })
    const pip = makeEnvironment(root, interpreter, python, env)
    const uv = run(pip.command, [...pip.args, 'install', '-q', '-r', lockFile(root, 'requirements-uv.txt')], pip)
    if (!uv.ok) throw new SetupError(`pip could not install "uv". Its last words:\n${tail(uv.output)}`)
  })
  timed('installing Python packages', () => {
    const uv = join(root, '.venv', process.platform === 'win32' ? 'Scripts/uv.exe' : 'bin/uv')
    const sync = run(
      uv,
      ['pip', 'sync', '-q', '--require-hashes', '--python', interpreter, lockFile(root, 'requirements.txt')],
      { env: { ...env, ...pipIndexEnvironment(interpreter, python.path, env), UV_PYTHON_DOWNLOADS: 'never' } },
    )
    if (!sync.ok) {
      throw new SetupError(`uv could not install python/requirements.txt. Its last words:\n${tail(sync.output)}`)
    }
  })
  writeFileSync(stampFile(root), stampOf(root))
}

/** pip's index settings as uv's environment variables; uv reads no pip.conf. What is set already stays. */
export function pipIndexEnvironment(...interpreters) {
  const env = typeof interpreters.at(-1) === 'object' ? interpreters.pop() : process.env
  const settings = {}
  for (const interpreter of interpreters) {
    const listed = run(interpreter, ['-m', 'pip', 'config', 'list'], { env })
    if (!listed.ok) continue
    for (const line of listed.stdout.split('\n')) {
      const match = /^([^=]+?)=(['"])(.*)\2$/.exec(line.trim())
      if (match) settings[match[1]] = match[3].replaceAll('\\n', ' ').trim()
    }
    break
  }
  const names = {
    'index-url': 'UV_DEFAULT_INDEX',
    'extra-index-url': 'UV_INDEX',
    'find-links': 'UV_FIND_LINKS',
    'trusted-host': 'UV_INSECURE_HOST',
    cert: 'SSL_CERT_FILE',
  }
  const found = {}
  for (const [key, name] of Object.entries(names)) {
    const value = settings[`:env:.${key}`] ?? settings[`install.${key}`] ?? settings[`global.${key}`]
    if (value && env[name] === undefined) found[name] = value
  }
  return found
}

function findPython() {
  const wanted = process.env.SETUP_PYTHON ? [process.env.SETUP_PYTHON] : candidates
  const refused = []
  for (const command of wanted) {
    const asked = run(command, ['-c', 'import sys; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])'])
    const [path, version] = asked.stdout.trim().split('\n')
    if (!asked.ok || !path || !version) continue
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return { path, version }
    refused.push(`${command} is ${version}`)
  }
  const seen = refused.length > 0 ? ` (${refused.join(', ')})` : ''
  throw new SetupError(
    `Python ${oldest.join('.')} or newer was not found${seen}. Install it (on Debian: python3 and python3-venv), ` +
      'or name one with the environment variable SETUP_PYTHON.',
  )
}

/** Makes .venv and returns how to call a pip that installs into it. */
function makeEnvironment(root, interpreter, python, env) {
  const folder = join(root, '.venv')
  if (!run(python.path, ['-c', 'import venv'], { env }).ok) {
    throw new SetupError(`${python.path} has no "venv" module. Install it (on Debian: python3-venv) and try again.`)
  }
  if (run(python.path, ['-c', 'import ensurepip'], { env }).ok) {
    const made = run(python.path, ['-m', 'venv', folder], { env })
    if (!made.ok) throw new SetupError(`"python -m venv" failed. Its last words:\n${tail(made.output)}`)
    return { command: interpreter, args: ['-m', 'pip'], env }
  }
  // Debian splits pip's own installer off into python3-venv; a bare environment and a borrowed pip do as well.
  const made = run(python.path, ['-m', 'venv', '--without-pip', folder], { env })
  if (!made.ok) throw new SetupError(`"python -m venv" failed. Its last words:\n${tail(made.output)}`)
  const borrowed = { command: python.path, args: ['-m', 'pip', '--python', interpreter] }
  if (run(python.path, ['-m', 'pip', '--version'], { env }).ok) return { ...borrowed, env }
  const wheel = findPipWheel('/usr/share/python-wheels') ?? downloadPipWheel(root)
  if (wheel) return { ...borrowed, env: { ...env, PYTHONPATH: wheel } }
  throw new SetupError(
    `${python.path} has neither "ensurepip" nor "pip". Install them (on Debian: python3-venv) and try again.`,
  )
}

/** Options by which apt keeps everything of its own in a folder, which needs no root. */
export function aptOptions(work) {
  for (const part of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(work, part), { recursive: true })
  const hooks = ['APT::Update::Post-Invoke-Success', 'APT::Update::Post-Invoke', 'DPkg::Post-Invoke']
  return [
    ...['Dir::State=', 'Dir::State::Lists=/lists', 'Dir::Cache=/cache'].map((o) => o.replace('=', `=${work}`)),
    'Dir::State::status=/var/lib/dpkg/status',
    ...hooks.map((hook) => `${hook}::=`),
  ].flatMap((option) => ['-o', option])
}

/** Fetches Debian's pip wheel as a file, which needs no root; undefined where apt is missing or has no answer. */
function downloadPipWheel(root) {
  const folder = join(root, '.cache', 'pip-wheel')
  const kept = findPipWheel(join(folder, 'usr/share/python-wheels'))
  if (kept) return kept
  const work = mkdtempSync(join(tmpdir(), 'trivium-apt-'))
  try {
    const own = aptOptions(work)
    const download = (options) => run('apt-get', [...options, 'download', 'python3-pip-whl'], { cwd: work }).ok
    if (!download([]) && !(run('apt-get', [...own, 'update']).ok && download(own))) return undefined
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'))
    mkdirSync(folder, { recursive: true })
    if (!archive || !run('dpkg', ['-x', join(work, archive), folder]).ok) return undefined
    return findPipWheel(join(folder, 'usr/share/python-wheels'))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function findPipWheel(folder) {
  const name = existsSync(folder) ? readdirSync(folder).find((file) => /^pip-.*\.whl$/.test(file)) : undefined
  return name && join(folder, name)
}

/** Without the variables that would point Python elsewhere or keep it from caching what it compiles. */
function childEnvironment() {
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' }
  for (const name of ['PYTHONDONTWRITEBYTECODE', 'PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV']) delete env[name]
  return env
}

function lockFile(root, name) {
  return join(root, 'python', name)
}

function stampFile(root) {
  return join(root, '.venv', 'trivium-setup')
}

function stampOf(root) {
  return digest(...['requirements-uv.txt', 'requirements.txt'].map((name) => readText(lockFile(root, name)) ?? ''))
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
