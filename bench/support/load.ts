import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

export interface LoadOptions {
  readonly url: string
  readonly body: string
  readonly token?: string
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Requests that did not answer 200, and connections that broke or timed out. */
  readonly errors: number
}

export interface LoadGenerator {
  readonly name: string
  run(options: LoadOptions): Promise<LoadResult>
}

/** wrk where it is installed or Debian's package can be unpacked, else a generator of our own; the same for all servers. */
export function createLoadGenerator(): LoadGenerator {
  const wrk = findWrk()
  return wrk ? { name: wrk.version, run: (options) => runWrk(wrk, options) } : { name: 'own, node:net', run: runOwn }
}

interface Wrk {
  readonly command: string
  readonly version: string
  readonly libraries: string
}

function findWrk(): Wrk | undefined {
  const installed = (process.env['PATH'] ?? '').split(delimiter).find((folder) => existsSync(join(folder, 'wrk')))
  if (installed) return named(join(installed, 'wrk'), '')
  const folder = join(root, '.cache', 'bench-wrk')
  const command = join(folder, 'usr/bin/wrk')
  try {
    if (!existsSync(command)) unpackDebian(folder, ['wrk', 'libluajit2-5.1-2'])
    const libraries = join(folder, 'usr/lib')
    return named(command, join(libraries, readdirSync(libraries).find((name) => name.includes('linux-gnu')) ?? ''))
  } catch {
    return undefined
  }
}

/** Fetches packages as files, which needs no root, and unpacks them into a folder. */
function unpackDebian(folder: string, packages: readonly string[]): void {
  const work = mkdtempSync(join(tmpdir(), 'trivium-apt-'))
  try {
    execFileSync('apt-get', ['download', '-q', ...packages], { cwd: work, stdio: 'ignore' })
    mkdirSync(folder, { recursive: true })
    for (const archive of readdirSync(work)) execFileSync('dpkg', ['-x', join(work, archive), folder])
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function named(command: string, libraries: string): Wrk | undefined {
  try {
    execFileSync(command, ['--version'], { env: { ...process.env, LD_LIBRARY_PATH: libraries }, stdio: 'pipe' })
  } catch (error) {
    // It prints its version and ends with 1.
    const version = /wrk \S+/.exec(String((error as { stdout?: unknown }).stdout))?.[0]
    return version ? { command, version, libraries } : undefined
  }
  return undefined
}

async function runWrk({ command, libraries }: Wrk, options: LoadOptions): Promise<LoadResult> {
  const { url, body, token, connections, seconds } = options
  const folder = mkdtempSync(join(tmpdir(), 'trivium-wrk-'))
  try {
    const script = join(folder, 'request.lua')
    writeFileSync(
      script,
      [
        'wrk.method = "POST"',
        `wrk.body = [==[${body}]==]`,
        'wrk.headers["Content-Type"] = "application/json"',
        ...(token === undefined ? [] : [`wrk.headers["Authorization"] = "Bearer ${token}"`]),
        'function done(summary, latency)',
        '  local e = summary.errors',
        '  io.write(string.format("RESULT %f %f %f %d\\n", summary.requests / summary.duration * 1e6,',
        '    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))',
        'end',
      ].join('\n'),
    )
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url]
    const { stdout } = await promisify(execFile)(command, args, {
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
    })
    const line = /^RESULT (\S+) (\S+) (\S+) (\d+)$/m.exec(stdout)
    if (!line) throw new Error(`wrk said no result:\n${stdout}`)
    const [perSecond = 0, p50Ms = 0, p99Ms = 0, errors = 0] = line.slice(1).map(Number)
    return { perSecond, p50Ms, p99Ms, errors }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In a process of its own, as wrk is. */
function runOwn(options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'load-child.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
    })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(said) as LoadResult) : reject(new Error(`the load generator ended with ${code}`)),
    )
    child.stdin.end(JSON.stringify(options))
  })
}
