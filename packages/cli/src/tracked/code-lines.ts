import type { CodeLine, TrainedCommit } from '@trivium/contract'
import { UsageError } from '../fail.ts'
import { outputOf } from './run-program.ts'

type Env = Readonly<Record<string, string | undefined>>
type File = CodeLine['files'][number]

const mostPatch = 400_000
const mostPatches = 6_000_000
const mostFiles = 2000
const mostPreview = 20_000
const mostLines = 50

/** A repository of Git on this machine. */
export interface Repository {
  git(...args: string[]): Promise<string | undefined>
  /** What Git answered, also where it ends with 1, as a merge with conflicts does. */
  tried(...args: string[]): Promise<string | undefined>
}

/** The repository that a folder is in; throws where it is in none. */
export async function repositoryAt(cwd: string, env: Env, most = 64_000_000): Promise<Repository> {
  const asked = (args: readonly string[], codes: readonly number[]) =>
    outputOf('git', ['--no-pager', '-c', 'core.quotePath=false', ...args], { cwd, env, most, codes })
  const git = (...args: string[]) => asked(args, [0])
  if ((await git('rev-parse', '--git-dir')) === undefined)
    throw new UsageError(
      'There is no repository of Git here. Run this where the code of the runs is, or name it: --repository DIR',
    )
  return { git, tried: (...args) => asked(args, [0, 1]) }
}

/** The commit that a name stands for. */
export async function commitOf({ git }: Repository, name: string): Promise<string> {
  const found = (await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`))?.trim()
  if (!found) throw new UsageError(`There is no branch or commit "${name}" in this repository.`)
  return found
}

/** Branch that a repository calls its main one, else `main`, `master`, or where it stands. */
export async function usualBase({ git }: Repository): Promise<string> {
  const remote = (await git('symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD'))?.trim()
  for (const name of [...(remote ? [remote] : []), 'main', 'master'])
    if ((await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)) !== undefined)
      return name
  return 'HEAD'
}

/**
 * Which lines of code the commits of runs are on. A line ends in a commit that no other run's commit comes after; what the base contains is the base's. Commits that are
 * not in the repository are named: their fork has to be fetched.
 */
export async function measureLines(
  repository: Repository,
  recorded: readonly TrainedCommit[],
  base: string,
): Promise<{ lines: CodeLine[]; missing: string[] }> {
  // A tag of a run can say anything; to Git goes only what is the name of a commit, never an option.
  const trained = recorded.filter(({ commit }) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
  const tip = await commitOf(repository, base)
  const known = await presentIn(
    repository,
    trained.map(({ commit }) => commit),
  )
  const here = trained.filter(({ commit }) => known.has(commit))
  const missing = trained.flatMap(({ commit }) => (known.has(commit) ? [] : [commit]))
  const ofBase = await within(repository, here, tip)
  const apart = here.filter(({ commit }) => !ofBase.has(commit))
  const left = new Map(apart.map((one) => [one.commit, one]))
  const lines: CodeLine[] = [
    { ...empty, name: base, tip, isBase: true, commits: [...ofBase], conflicts: [], patchWhole: true },
  ]
  let room = mostPatches
  for (const end of await tipsOf(repository, apart)) {
    if (lines.length >= mostLines) break
    const commits = [...(await within(repository, [...left.values()], end.commit))]
    for (const commit of commits) left.delete(commit)
    const line = await measure(repository, { base: tip, tip: end.commit, name: await nameOf(repository, end), room })
    room -= line.patch.length
    lines.push({ ...line, commits })
  }
  return { lines: named(lines), missing }
}

const empty = {
  mergeBase: null,
  ahead: 0,
  behind: 0,
  firstAt: null,
  lastAt: null,
  added: 0,
  removed: 0,
  files: [],
  touched: 0,
  patch: '',
}

/** Those commits that the repository has. */
async function presentIn({ git }: Repository, commits: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (let from = 0; from < commits.length; from += 100) {
    const some = commits.slice(from, from + 100)
    for (const one of (await git('rev-list', '--no-walk', '--ignore-missing', ...some))?.split('\n') ?? [])
      found.add(one)
  }
  return found
}

/** Those commits that a tip has in its history. */
async function within({ git }: Repository, commits: readonly TrainedCommit[], tip: string): Promise<Set<string>> {
  if (commits.length === 0) return new Set()
  const history = new Set((await git('rev-list', tip))?.split('\n'))
  return new Set(commits.flatMap(({ commit }) => (history.has(commit) ? [commit] : [])))
}

/** Commits that no other one comes after, the one with the newest run first. */
async function tipsOf({ git }: Repository, commits: readonly TrainedCommit[]): Promise<TrainedCommit[]> {
  if (commits.length === 0) return []
  const tips = new Set<string>()
  // `merge-base --independent` takes them as arguments: a hundred at a time, and then the ends among each other.
  for (let from = 0; from < commits.length; from += 100) {
    const some = [...tips, ...commits.slice(from, from + 100).map((one) => one.commit)]
    const ends = (await git('merge-base', '--independent', ...some))?.split('\n').filter(Boolean) ?? some
    tips.clear()
    for (const end of ends) tips.add(end)
  }
  return commits.filter(({ commit }) => tips.has(commit))
}

/** The branch that the newest run named, else one that holds the commit, else the commit. */
async function nameOf({ git }: Repository, { commit, branch }: TrainedCommit): Promise<string> {
  if (branch !== null) return branch.slice(0, 300)
  const refs = await git(
    'for-each-ref',
    '--contains',
    commit,
    '--format=%(refname:short)',
    'refs/heads',
    'refs/remotes',
  )
  return refs?.split('\n').find(Boolean)?.slice(0, 300) ?? commit.slice(0, 12)
}

/** Two forks may call their branches alike: the commit tells them apart. */
function named(lines: readonly CodeLine[]): CodeLine[] {
  return lines.map((line) =>
    lines.filter((one) => one.name === line.name).length > 1 && !line.isBase
      ? { ...line, name: `${line.name} (${line.tip.slice(0, 8)})` }
      : line,
  )
}

async function measure(
  repository: Repository,
  { base, tip, name, room }: { base: string; tip: string; name: string; room: number },
): Promise<CodeLine> {
  const { git } = repository
  const from = (await git('merge-base', base, tip))?.trim() || undefined
  const alone = { ...empty, name, tip, isBase: false, commits: [], conflicts: null, patchWhole: false }
  if (from === undefined) return alone
  const [behind = 0, ahead = 0] = numbersOf(await git('rev-list', '--left-right', '--count', `${base}...${tip}`))
  const times = numbersOf(await git('log', '--format=%ct', `${from}..${tip}`)).map((at) => at * 1000)
  const [own, others] = [await changedFiles(repository, from, tip), await changedFiles(repository, from, base)]
  const both = new Set(others.map((file) => file.path))
  const patch = await patchOf(repository, base, tip)
  const kept = patch.length <= Math.min(mostPatch, room)
  return {
    ...alone,
    mergeBase: { commit: from, at: (numbersOf(await git('log', '-1', '--format=%ct', from))[0] ?? 0) * 1000 },
    ahead,
    behind,
    firstAt: times.at(-1) ?? null,
    lastAt: times[0] ?? null,
    added: own.reduce((sum, file) => sum + file.added, 0),
    removed: own.reduce((sum, file) => sum + file.removed, 0),
    files: own.slice(0, mostFiles).map((file) => ({ ...file, inBase: both.has(file.path) })),
    touched: own.length,
    conflicts: await conflictsOf(repository, base, tip),
    patch: kept ? patch : '',
    patchWhole: kept,
  }
}

const numbersOf = (text: string | undefined): number[] => (text ?? '').split(/\s+/).filter(Boolean).map(Number)

/** What a line changes since it left the base, as `git diff` writes it. */
export async function patchOf({ git }: Repository, base: string, tip: string): Promise<string> {
  return (await git('diff', '--no-ext-diff', '--no-textconv', '--no-color', '--binary', `${base}...${tip}`)) ?? ''
}

async function changedFiles({ git }: Repository, from: string, to: string): Promise<Omit<File, 'inBase'>[]> {
  const text = (await git('diff', '--no-ext-diff', '--no-textconv', '--no-renames', '--numstat', '-z', from, to)) ?? ''
  return text.split('\0').flatMap((row) => {
    const [added, removed, ...path] = row.split('\t')
    // A binary file has dashes in place of numbers.
    return path.length === 0
      ? []
      : [{ path: path.join('\t').slice(0, 4000), added: Number(added) || 0, removed: Number(removed) || 0 }]
  })
}

/** What a three-way merge would stop at, tried without touching the working copy; null where this Git cannot (before 2.38). */
async function conflictsOf({ git, tried }: Repository, base: string, tip: string): Promise<CodeLine['conflicts']> {
  const text = await tried('merge-tree', '--write-tree', '--name-only', '-z', base, tip)
  if (text === undefined) return null
  const [tree = '', ...rest] = text.split('\0')
  const end = rest.indexOf('')
  const paths = end < 0 ? [] : rest.slice(0, end)
  const found: NonNullable<CodeLine['conflicts']> = []
  for (const path of [...new Set(paths)].slice(0, 500)) {
    const merged = (await git('cat-file', 'blob', `${tree}:${path}`)) ?? ''
    found.push({ path: path.slice(0, 4000), preview: marked(merged) })
  }
  return found
}

/** The stretches between conflict marks, with three lines around each. */
function marked(text: string): string {
  const lines = text.split('\n')
  const kept = new Set<number>()
  let inside = false
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('<<<<<<< ')) inside = true
    if (inside) for (let near = at - 3; near <= at + 3; near += 1) kept.add(near)
    if (line.startsWith('>>>>>>> ')) inside = false
  }
  return lines
    .filter((_, at) => kept.has(at))
    .join('\n')
    .slice(0, mostPreview)
}
