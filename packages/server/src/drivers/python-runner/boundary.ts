import { type ExecFileException, execFile } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import type { CodeBoundary } from '../../kernel/ports/index.ts'
import { pythonRoot } from './python-root.ts'

const run = promisify(execFile)

/** Runs a function of our own Python code apart from whatever is installed beside it. */
export const isolated = (call: string): string[] => [
  '-I',
  '-S',
  '-u',
  '-c',
  `import sys; sys.path.insert(0, ${JSON.stringify(pythonRoot)}); from trivium_runner.sandbox import main, probe; ${call}()`,
]

const mostTries = 3

/**
 * Tries on this machine, by doing it, which layers keep code of people in. A probe that something killed from outside says nothing of the machine, and is
 * asked again. Throws when none answered.
 */
async function askBoundary(python: string): Promise<CodeBoundary> {
  for (let tries = 1; ; tries += 1) {
    try {
      const { stdout } = await run(python, isolated('probe'), { env: {}, timeout: 20_000 })
      return JSON.parse(stdout) as CodeBoundary
    } catch (error) {
      const { killed, signal } = error as ExecFileException
      // One that took too long was killed by ourselves.
      if (killed === true || (signal ?? null) === null || tries === mostTries) throw error
    }
  }
}

/** What keeps code of people in on this machine; nothing, with the reason, where that could not be tried. */
export async function probeBoundary(python: string): Promise<CodeBoundary> {
  return askBoundary(python).catch((error: unknown) => untried(python, error))
}

/** Tries once and remembers what it found; what could not be tried is tried again by whoever asks next. */
export function rememberedBoundary(python: () => Promise<string>): () => Promise<CodeBoundary> {
  let found: Promise<CodeBoundary> | undefined
  const forget = (): void => {
    found = undefined
  }
  return () => {
    found ??= python().then((interpreter) =>
      askBoundary(interpreter).catch((error: unknown) => {
        forget()
        return untried(interpreter, error)
      }),
    )
    // Somebody may install Python while we run.
    found.catch(forget)
    return found
  }
}

function untried(python: string, error: unknown): CodeBoundary {
  const found = `could not be tried with ${python}: ${(error as Error).message.split('\n')[0] ?? ''}`
  return { contained: false, layers: [{ name: 'files', active: false, found }] }
}

/** What programs need of a Linux system, without what of it is secret or somebody's own. */
const etc = `ld.so.cache ld.so.conf ld.so.conf.d localtime timezone hosts host.conf resolv.conf nsswitch.conf gai.conf services protocols passwd group
  fonts mime.types os-release debian_version alternatives terminfo inputrc locale.conf OpenCL ssl/certs ssl/openssl.cnf ssl/cert.pem ca-certificates
  pki/tls/certs pki/tls/cert.pem pki/tls/openssl.cnf pki/ca-trust crypto-policies`
const systemPaths = `/usr /lib /lib32 /lib64 /libx32 /bin /sbin /nix/store /gnu/store /opt/rocm
  /proc /sys/devices /sys/fs/cgroup /sys/class/drm /sys/module /run/systemd/resolve`
  .split(/\s+/)
  .concat(etc.split(/\s+/).map((name) => `/etc/${name}`))

/** Every folder that an interpreter and its environment consist of. */
export function pythonPaths(python: string, data: string): string[] {
  const found = new Set<string>()
  const add = (program: string): void => {
    const prefix = dirname(dirname(program))
    // An interpreter such as ~/bin/python3 must not open all of a home.
    if ([data, homedir(), '/'].some((kept) => `${kept}${sep}`.startsWith(prefix === '/' ? '/' : `${prefix}${sep}`)))
      for (const part of ['bin', 'lib', 'lib64', 'include', 'share']) found.add(join(prefix, part))
    else found.add(prefix)
  }
  let program = resolve(python)
  const base = /^home *= *(.+)$/m.exec(readOr(join(dirname(dirname(program)), 'pyvenv.cfg')))?.[1]
  if (base !== undefined) add(join(base.trim(), 'python3'))
  for (let hops = 0; hops < 10; hops += 1) {
    add(program)
    try {
      program = resolve(dirname(program), readlinkSync(program))
    } catch {
      break
    }
  }
  return [...found]
}

/** What every step may read: the system, its interpreter, our own code, and what the operator and the environment name. */
export function readablePaths(
  python: string,
  env: Readonly<Record<string, string>>,
  data: string,
  more: readonly string[],
) {
  const named = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'].flatMap(
    (name) => env[name] ?? [],
  )
  const libraries = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((path) => path.startsWith('/'))
  return [
    ...new Set([...systemPaths, ...pythonPaths(python, data), pythonRoot, ...named, ...libraries, ...more]),
  ].filter((path) => existsSync(path))
}

const kept = [
  'PATH',
  'LANG',
  'LANGUAGE',
  'TZ',
  'LD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
]
const proxies = /^(https?|no|all)_proxy$/i

/** Of the server's environment what a step needs; proxies, which may carry a password, only with the network. */
export function containedEnvironment(env: Readonly<Record<string, string>>, network: boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => kept.includes(name) || /^(LC|OMP|CUDA|NVIDIA)_/.test(name) || (network && proxies.test(name)),
    ),
  )
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
