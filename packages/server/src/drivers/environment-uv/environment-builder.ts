import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuiltEnvironment, EnvironmentBuilder } from '../../kernel/ports/index.ts'
import { environmentErrors, pythonErrors } from './errors.ts'
import { askPython, findPython, type Interpreter } from './find-python.ts'
import { makeVenv, pythonIn } from './make-venv.ts'
import { pipIndexEnvironment } from './pip-index.ts'
import { lastWords, runProgram } from './run-program.ts'

export interface EnvironmentSettings {
  /** Directory of the environments, one folder a digest. */
  readonly root: string
  /** The configured interpreter; empty looks for one. */
  readonly python: string
  /** JSON file {SHA-256 of a lock file: interpreter of an environment that holds it}: such environments are taken as they are. */
  readonly prebuilt: string
  /** Installs no package that comes as source: it would run its own code while it is built. */
  readonly wheelsOnly?: boolean
  /** What child processes see of our environment. */
  readonly env: Readonly<Record<string, string>>
  /** Lock file of uv itself; tests name another. */
  readonly uvLock?: string
}

const defaultUvLock = fileURLToPath(new URL('../../../../../python/requirements-uv.txt', import.meta.url))
const readyFile = 'trivium-ready'

/** Builds Python environments from hashed requirements with uv, once per digest of lock, interpreter version and platform. */
export function createEnvironmentBuilder({
  root,
  python,
  prebuilt,
  wheelsOnly = false,
  env: inherited,
  uvLock = defaultUvLock,
}: EnvironmentSettings): EnvironmentBuilder {
  const env = { ...inherited, PIP_DISABLE_PIP_VERSION_CHECK: '1' }
  const builds = new Map<string, Promise<BuiltEnvironment>>()
  let found: Promise<Interpreter> | undefined
  let uvTool: Promise<string> | undefined

  const interpreter = (): Promise<Interpreter> => {
    found ??= findPython(python, env).catch((error: unknown) => {
      // Somebody may install it while we run.
      found = undefined
      throw error
    })
    return found
  }
  const asked = new Map<string, Promise<Interpreter | undefined>>()
  const prebuiltFor = async (lock: Buffer): Promise<Interpreter | undefined> => {
    const path = readPrebuilt(prebuilt)[sha256(lock)]
    if (path === undefined || !existsSync(path)) return undefined
    const known = asked.get(path) ?? askPython(path, env)
    asked.set(path, known)
    const answer = await known
    // A virtual environment is named by its own path, not by the interpreter behind it.
    return answer && { ...answer, path }
  }
  const describe = async (
    lock: Buffer | undefined,
  ): Promise<{ digest: string; interpreter: Interpreter; ready: boolean }> => {
    const ready = lock && (await prebuiltFor(lock))
    const chosen = ready ?? (await interpreter())
    const digest = sha256(JSON.stringify([lock === undefined ? null : sha256(lock), chosen.version, chosen.platform]))
    return { digest, interpreter: chosen, ready: lock === undefined || ready !== undefined }
  }

  /** uv, from the index by its own lock, in an environment of its own. */
  const uv = (base: string, log: (line: string) => void): Promise<string> => {
    uvTool ??= installUv(base, log).catch((error: unknown) => {
      uvTool = undefined
      throw error
    })
    return uvTool
  }
  const installUv = async (base: string, log: (line: string) => void): Promise<string> => {
    for (const known of Object.values(readPrebuilt(prebuilt))) {
      const beside = join(dirname(known), 'uv')
      if (existsSync(beside)) return beside
    }
    const lock = readFileSync(uvLock)
    const folder = join(root, `uv-${sha256(lock).slice(0, 12)}`)
    const program = join(dirname(pythonIn(folder)), 'uv')
    if (existsSync(join(folder, readyFile))) return program
    log('Installing uv, which builds environments.')
    await rm(folder, { recursive: true, force: true })
    await mkdir(root, { recursive: true })
    const pip = await makeVenv(base, folder, env)
    const installed = await runProgram(pip.command, [...pip.args, 'install', '-q', '-r', uvLock], { env: pip.env })
    if (!installed.ok) throw environmentErrors.TOOL_MISSING(lastWords(installed.output))
    await writeFile(join(folder, readyFile), '')
    return program
  }

  const build = async (
    digest: string,
    base: Interpreter,
    lock: Buffer,
    log: (line: string) => void,
  ): Promise<BuiltEnvironment> => {
    const folder = join(root, digest)
    const built = { digest, python: pythonIn(folder) }
    if (existsSync(join(folder, readyFile))) return built
    log(`Building the environment ${digest.slice(0, 12)} (Python ${base.version}).`)
    const started = Date.now()
    // Scripts in an environment hold its path, so it is made in place, and counts only once the ready file is there.
    await rm(folder, { recursive: true, force: true })
    await mkdir(root, { recursive: true })
    const program = await uv(base.path, log)
    const uvEnv = {
      ...env,
      ...(await pipIndexEnvironment([base.path, pythonIn(dirname(dirname(program)))], env)),
      UV_PYTHON_DOWNLOADS: 'never',
    }
    const options = { env: uvEnv, onLine: log }
    if (!(await runProgram(base.path, ['-c', 'import venv'], { env })).ok)
      throw pythonErrors.NO_VENV(base.path, 'it has no "venv" module')
    const made = await runProgram(program, ['venv', '-q', '--python', base.path, folder], options)
    if (!made.ok) throw environmentErrors.BUILD_FAILED(lastWords(made.output))
    const lockPath = join(folder, 'requirements.txt')
    await writeFile(lockPath, lock)
    const synced = await runProgram(
      program,
      [
        'pip',
        'sync',
        '--require-hashes',
        ...(wheelsOnly ? ['--no-build'] : []),
        '--allow-empty-requirements',
        '--python',
        built.python,
        lockPath,
      ],
      options,
    )
    if (!synced.ok) {
      await rm(folder, { recursive: true, force: true })
      throw environmentErrors.BUILD_FAILED(lastWords(synced.output))
    }
    await writeFile(join(folder, readyFile), '')
    log(`The environment is ready after ${((Date.now() - started) / 1000).toFixed(1)} s.`)
    return built
  }

  return {
    digestOf: async (lock) => (await describe(lock)).digest,
    build: async (lock, log, signal) => {
      const { digest, interpreter: base, ready } = await describe(lock)
      if (lock === undefined || ready) return { digest, python: base.path }
      // One build per digest: whoever comes second waits for it. A caller that gives up leaves the build to whoever comes next.
      const running = builds.get(digest) ?? build(digest, base, lock, log).finally(() => builds.delete(digest))
      builds.set(digest, running)
      return signal ? Promise.race([running, aborted(signal)]) : running
    },
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => reject(signal.reason as Error)
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })
}

function readPrebuilt(path: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Object.fromEntries(
      Object.entries(value as Record<string, unknown>).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw environmentErrors.BUILD_FAILED(`${path} cannot be read: ${(error as Error).message}`)
  }
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex')
}
