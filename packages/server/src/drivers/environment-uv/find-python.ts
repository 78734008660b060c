import { pythonErrors } from './errors.ts'
import { runProgram } from './run-program.ts'

/** A Python that Trivium can work with. */
export interface Interpreter {
  readonly path: string
  readonly version: string
  /** The platform as wheels name it, such as linux-x86_64. */
  readonly platform: string
}

const oldest = [3, 11] as const
const candidates = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14', 'python']
const question =
  'import sys, sysconfig; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3]); print(sys.implementation.name + "-" + sysconfig.get_platform())'

/** Asks one interpreter who it is; undefined when it does not answer. */
export async function askPython(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<Interpreter | undefined> {
  const asked = await runProgram(command, ['-c', question], { env })
  const [path, version, platform] = asked.stdout.trim().split('\n')
  return asked.ok && path && version && platform ? { path, version, platform } : undefined
}

/** The configured interpreter, or the first of the usual names that is new enough. Throws PYTHON.NOT_FOUND. */
export async function findPython(configured: string, env: Readonly<Record<string, string>>): Promise<Interpreter> {
  const seen: string[] = []
  for (const command of configured === '' ? candidates : [configured]) {
    const found = await askPython(command, env)
    if (found && isNewEnough(found.version)) return found
    seen.push(found ? `${command} is ${found.version}` : `${command} does not answer`)
  }
  throw pythonErrors.NOT_FOUND(seen.join(', '))
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}
