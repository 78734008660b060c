import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, resolve } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { type Browser, chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * Starts a Chromium: the one at CHROMIUM_PATH, else one on PATH, else that of the npm package, which is unpacked once into the
 * project's cache folder and needs no root. A file that is there is no proof: each candidate is started before it counts.
 */
export async function launchChromium({
  cacheDir = join(projectRoot(), '.cache', 'chromium'),
}: {
  cacheDir?: string
} = {}): Promise<Browser> {
  const failures: string[] = []
  for (const executablePath of installed()) {
    try {
      return await chromium.launch({ executablePath })
    } catch (error) {
      failures.push(`${executablePath}: ${firstLine(error)}`)
    }
  }
  try {
    return await launchPackaged(cacheDir)
  } catch (error) {
    failures.push(`@sparticuz/chromium: ${firstLine(error)}`)
  }
  throw new Error(`No Chromium starts here. Set CHROMIUM_PATH to one. Tried:\n  ${failures.join('\n  ')}`)
}

function installed(): string[] {
  const given = process.env['CHROMIUM_PATH']
  if (given) return [given]
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .filter((path) => existsSync(path) && statSync(path).isFile())
    .slice(0, 3)
}

async function launchPackaged(cacheDir: string): Promise<Browser> {
  mkdirSync(cacheDir, { recursive: true })
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = cacheDir // it unpacks into the temporary folder, where another user's copy could not be used
  try {
    const { default: packaged } = await import('@sparticuz/chromium')
    const executablePath = await packaged.executablePath()
    const libraries = unpackLibraries(cacheDir)
    // its own `args` switch off web security and process isolation: never pass them
    return await chromium.launch({
      executablePath,
      env: {
        ...definedEnvironment(),
        LD_LIBRARY_PATH: [libraries, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(delimiter),
      },
    })
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
}

/** The shared libraries that a bare Debian lacks lie in the package, but it unpacks them on another platform only. */
function unpackLibraries(cacheDir: string): string {
  const folder = join(cacheDir, 'lib')
  if (existsSync(join(folder, '.complete'))) return folder
  mkdirSync(folder, { recursive: true })
  const packageDir = dirname(dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'))))
  const archive = [join(packageDir, 'bin', 'al2023.tar.br'), join(packageDir, 'chromium', 'bin', 'al2023.tar.br')].find(
    (path) => existsSync(path),
  )
  if (archive) {
    for (const { name, body } of tarFiles(brotliDecompressSync(readFileSync(archive)))) {
      const file = name.split('/').at(-1)
      if (file && /\.so(\.|$)/.test(file)) writeFileSync(join(folder, file), body, { mode: 0o755 })
    }
  }
  writeFileSync(join(folder, '.complete'), '')
  return folder
}

/** The plain files of a tar archive. */
export function tarFiles(tar: Buffer): { name: string; body: Buffer }[] {
  const files: { name: string; body: Buffer }[] = []
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(tar.toString('utf8', at + 124, at + 136), 8)
    const type = String.fromCharCode(tar[at + 156] ?? 0)
    if (type === '0' || type === '\0') files.push({ name, body: tar.subarray(at + 512, at + 512 + size) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
}

function projectRoot(): string {
  return resolve(import.meta.dirname, '..', '..', '..')
}
