import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FailedError, UsageError } from '../fail.ts'
import { cleanNotebook } from './clean-notebook.ts'
import { type Repository, repositoryAt } from './code-lines.ts'

type Env = Readonly<Record<string, string | undefined>>

const driver = 'trivium-notebook'
const line = `*.ipynb filter=${driver} diff=${driver}`
const mostNotebook = 256_000_000

/** What was set up in a repository, or taken back. */
export interface NotebookRepository {
  readonly folder: string
  /** Whether `.gitattributes` was written; it wants a commit then. */
  readonly attributesChanged: boolean
}

/** Notebooks of the index that a commit would carry with what they put out, and those that nobody can judge. */
export interface NotebookFindings {
  readonly unclean: readonly string[]
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[]
}

/**
 * Has Git store notebooks without what they put out, and show them as cells: a line of `.gitattributes`, which everybody gets, and the programs behind it in the configuration of this clone.
 * Where these programs are not set up, Git stores a notebook as it is.
 */
export async function setUpNotebooks(cwd: string, env: Env): Promise<NotebookRepository> {
  const { repository, folder } = await rootOf(cwd, env)
  await refuseOthers(repository)
  // The path of this program, as editors that call Git may know no other.
  const program = fileURLToPath(new URL('../../bin/trivium', import.meta.url))
  const command = `'${program.replaceAll("'", String.raw`'\''`)}' notebook`
  await configure(repository, `filter.${driver}.clean`, `${command} clean --name=%f`)
  await configure(repository, `diff.${driver}.textconv`, `${command} text`)
  const before = await attributesOf(folder)
  if (before.split(/\r?\n/).includes(line)) return { folder, attributesChanged: false }
  const gap = before === '' || before.endsWith('\n') ? '' : '\n'
  await writeFile(join(folder, '.gitattributes'), `${before}${gap}${line}\n`)
  return { folder, attributesChanged: true }
}

/** Takes back what `setUpNotebooks` wrote, and nothing else. */
export async function forgetNotebooks(cwd: string, env: Env): Promise<NotebookRepository> {
  const { repository, folder } = await rootOf(cwd, env)
  const before = await attributesOf(folder)
  const after = before
    .split(/(?<=\n)/)
    .filter((one) => one.trimEnd() !== line)
    .join('')
  if (after === '' && before !== '') await rm(join(folder, '.gitattributes'))
  else if (after !== before) await writeFile(join(folder, '.gitattributes'), after)
  // A section that is not there is no failure.
  for (const section of [`filter.${driver}`, `diff.${driver}`])
    await repository.git('config', '--local', '--remove-section', section)
  return { folder, attributesChanged: after !== before }
}

/** Looks at the notebooks as they are in the index, with or without anything set up. One whose attributes say `-filter` is meant to keep what it put out. */
export async function checkNotebooks(cwd: string, env: Env): Promise<NotebookFindings> {
  const { repository } = await rootOf(cwd, env)
  const listed = await repository.git('ls-files', '--stage', '-z', '--', '*.ipynb', ':(exclude,attr:-filter)')
  if (listed === undefined) throw new FailedError('Git could not list the notebooks of the index.')
  const unclean: string[] = []
  const unreadable: { path: string; reason: string }[] = []
  for (const entry of listed.split('\0').filter(Boolean)) {
    const [head, path] = entry.split('\t') as [string, string]
    const [mode, object] = head.split(' ') as [string, string]
    // A link is no notebook; where it leads is one of its own.
    if (!mode.startsWith('100')) continue
    const text = await repository.git('cat-file', 'blob', object)
    const found = text === undefined ? 'is too large to be read here' : judge(text)
    if (found === 'unclean') unclean.push(path)
    else if (found !== 'clean') unreadable.push({ path, reason: found })
  }
  return { unclean, unreadable }
}

function judge(text: string): string {
  try {
    return cleanNotebook(Buffer.from(text)).changed ? 'unclean' : 'clean'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The repository from its uppermost folder, so that paths are those that Git names. */
async function rootOf(cwd: string, env: Env): Promise<{ repository: Repository; folder: string }> {
  const folder = (await (await repositoryAt(cwd, env)).git('rev-parse', '--show-toplevel'))?.replace(/\n$/, '')
  if (!folder) throw new UsageError('This repository has no working copy. Run this in a clone.')
  return { repository: await repositoryAt(folder, env, mostNotebook), folder }
}

/** Two filters on one file would undo each other. */
async function refuseOthers({ git }: Repository): Promise<void> {
  const said = (await git('check-attr', 'filter', 'diff', '--', 'notebook.ipynb')) ?? ''
  for (const [, attribute, value] of said.matchAll(/^notebook\.ipynb: (filter|diff): (.+)$/gm))
    if (value !== 'unspecified' && value !== driver)
      throw new UsageError(
        `The attributes of this repository give notebooks "${attribute}=${value}" already. Take that out of .gitattributes or .git/info/attributes, or keep it and leave this.`,
      )
}

async function configure({ git }: Repository, key: string, value: string): Promise<void> {
  if ((await git('config', '--local', '--replace-all', key, value)) === undefined)
    throw new FailedError(`Git did not take the setting ${key}. Look whether .git/config can be written.`)
}

const attributesOf = async (folder: string): Promise<string> => {
  try {
    return await readFile(join(folder, '.gitattributes'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
