import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TrainedCommit } from '@trivium/contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitOf, measureLines, patchOf, repositoryAt, usualBase } from './code-lines.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trivium-forks-'))
})
afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})
const env = { PATH: process.env['PATH'], HOME: tmpdir() }
const trained = (commit: string, branch: string | null = null): TrainedCommit => ({
  commit,
  branch,
  repository: null,
  runs: 1,
  dirty: 0,
  firstRunAt: 1,
  lastRunAt: 1,
  best: null,
  models: [],
})

/** A repository in a folder, with `main` and two lines that left it. */
async function forked(name: string) {
  const cwd = join(root, name)
  await mkdir(cwd)
  let minute = 0
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=ann', '-c', 'user.email=ann@example.org', ...args], {
      cwd,
      stdio: 'pipe',
      env: { ...env, GIT_COMMITTER_DATE: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z` },
    }).toString()
  const commit = async (files: Record<string, string>) => {
    minute += 1
    for (const [file, text] of Object.entries(files)) await writeFile(join(cwd, file), text)
    git('add', '.')
    git('commit', '-q', '-m', 'more')
    return git('rev-parse', 'HEAD').trim()
  }
  git('init', '-q', '-b', 'main')
  const first = await commit({ 'train.py': 'depth = 3\nleaf = 5\n', 'data.py': 'rows = 10\n', 'näme.py': 'a\n' })
  git('switch', '-q', '-c', 'deeper')
  const deep = await commit({ 'train.py': 'depth = 7\nleaf = 5\n' })
  const deeper = await commit({ 'extra.py': 'weather = 1\nwind = 2\n', 'näme.py': 'b\n' })
  git('switch', '-q', 'main')
  const main = await commit({ 'train.py': 'depth = 4\nleaf = 5\n' })
  git('switch', '-q', '-c', 'rows', first)
  const rows = await commit({ 'data.py': 'rows = 99\n' })
  git('switch', '-q', 'main')
  return { cwd, git, commit, first, deep, deeper, main, rows, repository: await repositoryAt(cwd, env) }
}

test('commits of runs are the lines that they are on: how far each diverges, what both changed, and what a merge would stop at', async () => {
  const { repository, first, deep, deeper, main, rows, git } = await forked('lines')
  const gone = 'f'.repeat(40)
  const some = [
    trained(rows, 'rows'),
    trained(deeper, 'deeper'),
    trained(deep, 'deeper'),
    trained(main),
    trained(first),
    trained(gone),
    trained('--all'),
  ]
  const { lines, missing } = await measureLines(repository, some, await usualBase(repository))
  expect(missing).toEqual([gone])
  expect(lines.map(({ name, commits }) => [name, commits.toSorted()])).toEqual([
    ['main', [main, first].toSorted()],
    ['rows', [rows]],
    ['deeper', [deep, deeper].toSorted()],
  ])
  const line = lines[2]
  expect(line).toMatchObject({
    tip: deeper,
    ahead: 2,
    behind: 1,
    added: 4,
    removed: 2,
    touched: 3,
    mergeBase: { commit: first, at: Date.UTC(2026, 0, 1, 0, 1) },
    firstAt: Date.UTC(2026, 0, 1, 0, 2),
    lastAt: Date.UTC(2026, 0, 1, 0, 3),
    files: [
      { path: 'extra.py', added: 2, removed: 0, inBase: false },
      { path: 'näme.py', added: 1, removed: 1, inBase: false },
      { path: 'train.py', added: 1, removed: 1, inBase: true },
    ],
    conflicts: [{ path: 'train.py' }],
    patchWhole: true,
  })
  expect(line?.conflicts?.[0]?.preview).toMatch(/<<<<<<< .*\ndepth = 4\n=======\ndepth = 7\n>>>>>>> /)
  expect(lines[1]).toMatchObject({ conflicts: [], ahead: 1, behind: 1, files: [{ path: 'data.py', inBase: false }] })
  expect(git('status', '--porcelain')).toBe('')
})

test('the patch of a line applies where it left, and gives the tree of its tip', async () => {
  const { repository, git, cwd, first, deeper, main } = await forked('patch')
  await writeFile(join(cwd, 'deeper.patch'), await patchOf(repository, main, deeper))
  git('switch', '-q', '--detach', first)
  git('apply', '--index', 'deeper.patch')
  expect(git('write-tree').trim()).toBe(git('rev-parse', `${deeper}^{tree}`).trim())
  expect(await readFile(join(cwd, 'extra.py'), 'utf8')).toContain('wind = 2')
})

test('a merged line is the base; a line without common history says so; two of one name are told apart', async () => {
  const { repository, git, commit, deep, rows, main } = await forked('more')
  git('-c', 'merge.conflictStyle=merge', 'merge', '-q', '--no-edit', 'rows')
  git('switch', '-q', '--orphan', 'other')
  const other = await commit({ 'new.py': 'x\n' })
  git('switch', '-q', '--orphan', 'other2')
  const another = await commit({ 'new.py': 'y\n' })
  const { lines } = await measureLines(
    repository,
    [trained(main), trained(rows, 'rows'), trained(other, 'other'), trained(another, 'other'), trained(deep)],
    'main',
  )
  expect(lines.map(({ name }) => name)).toEqual([
    'main',
    `other (${other.slice(0, 8)})`,
    `other (${another.slice(0, 8)})`,
    'deeper',
  ])
  expect(lines[0]?.commits.toSorted()).toEqual([main, rows].toSorted())
  expect(lines[1]).toMatchObject({ mergeBase: null, conflicts: null, files: [] })
})

test('a folder without a repository, and a name that is no branch, are refused', async () => {
  await mkdir(join(root, 'plain'))
  await expect(repositoryAt(join(root, 'plain'), { ...env, GIT_CEILING_DIRECTORIES: root })).rejects.toThrow(
    'no repository of Git',
  )
  const { repository } = await forked('names')
  await expect(commitOf(repository, '--all')).rejects.toThrow('no branch or commit "--all"')
})
