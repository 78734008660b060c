import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { type RunCode, withoutPassword } from '@trivium/contract'
import { outputOf } from './run-program.ts'

const endings = /\.(py|pyx|ipynb|r|rmd|jl|sql|sh|toml|cfg|ya?ml|ts|js|mjs|java|scala|kt|go|rs|c|cc|cpp|h|hpp|cu)$/i
const skipped = /(^|\/)(\.[^/]*|node_modules|__pycache__|venv|env|dist|build|mlruns|wandb|site-packages)(\/|$)/
const mostFiles = 400
const mostFile = 200_000
const mostInAll = 4_000_000
const mostPatch = 1_000_000
/** What a patch is made of: nothing whose name, or whose folder's, begins with a dot. */
const read = ['.', ':(exclude,glob)**/.*', ':(exclude,glob)**/.*/**']

type Env = Readonly<Record<string, string | undefined>>

/**
 * The code in a folder as it is now: commit, patch of what was changed since, and the text of the source files. With Git only what it does not ignore; files that the command
 * names come first. Nothing that looks like a secret's place (a name that begins with a dot) is read.
 */
export async function captureCode(cwd: string, env: Env, command: readonly string[]): Promise<RunCode> {
  const git = (...args: string[]) => outputOf('git', args, { cwd, env })
  const commit = (await git('rev-parse', 'HEAD'))?.trim() ?? null
  const listed = await git('ls-files', '--cached', '--others', '--exclude-standard', '-z')
  const paths = listed === undefined ? await walk(cwd) : listed.split('\0').filter(Boolean)
  const named = command.map((word) => relative(cwd, resolve(cwd, word)).split(sep).join('/'))
  const wanted = [...new Set([...named.filter((path) => paths.includes(path)), ...paths.toSorted()])].filter(
    (path) => endings.test(path) && !skipped.test(path),
  )
  const files: RunCode['files'] = []
  let room = mostInAll
  let leftOut = 0
  for (const path of wanted) {
    // Where a link leads is no code of the folder.
    const found = await lstat(join(cwd, path)).catch(() => undefined)
    if (!found?.isFile()) continue
    if (files.length >= mostFiles || found.size > Math.min(room, mostFile)) {
      leftOut += 1
      continue
    }
    room -= found.size
    files.push({ path, text: await readFile(join(cwd, path), 'utf8') })
  }
  // The patch is to be applied: what Git shows of a notebook to people is no help there.
  const patch =
    commit === null
      ? undefined
      : await git('diff', '--no-ext-diff', '--no-textconv', '--no-color', 'HEAD', '--', ...read)
  const branch = commit === null ? undefined : (await git('rev-parse', '--abbrev-ref', 'HEAD'))?.trim()
  const remote = commit === null ? undefined : (await git('remote', 'get-url', 'origin'))?.trim()
  return {
    commit,
    branch: branch === undefined || branch === 'HEAD' ? null : branch,
    repository: remote === undefined ? null : withoutPassword(remote),
    patch: patch === undefined ? null : patch.length > mostPatch ? patch.slice(0, mostPatch) : patch,
    command: [...command],
    files,
    leftOut,
  }
}

async function walk(root: string, folder = ''): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (skipped.test(path) || found.length > 20 * mostFiles) continue
    if (entry.isDirectory() && path.split('/').length < 8) found.push(...(await walk(root, path)))
    else if (entry.isFile()) found.push(path)
  }
  return found
}
