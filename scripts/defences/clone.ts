import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Defence } from './defence.ts'

/** What became of a defence that was taken out: a test found it, none did, or it could not be tried. */
export type Outcome = 'found' | 'survived' | 'does not apply' | 'nothing ran' | 'fails untouched'

/** A clone of the last commit in a folder of its own; installed packages are shared, our own are those of the clone. */
export function makeClone(root: string, folder: string): string {
  const cloned = spawnSync('git', ['clone', '-q', root, folder], { encoding: 'utf8' })
  if (cloned.status !== 0) throw new Error(`The clone could not be made: ${cloned.stderr}`)
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => !/^\.(vite|cache)/.test(one))) {
    const from = join(root, 'node_modules', name)
    if (name !== '@trivium') symlinkSync(from, join(packages, name))
    else {
      mkdirSync(join(packages, name))
      for (const own of readdirSync(from)) symlinkSync(readlinkSync(join(from, own)), join(packages, name, own))
    }
  }
  mkdirSync(join(folder, '.cache'))
  for (const name of readdirSync(join(root, '.cache')).filter((one) => !one.startsWith('test-report')))
    symlinkSync(join(root, '.cache', name), join(folder, '.cache', name))
  for (const name of ['.venv', 'packages/web/dist'])
    if (existsSync(join(root, name))) symlinkSync(join(root, name), join(folder, name))
  return folder
}

/** Why a test file fails as it is; empty when it passes. */
export async function untouched(clone: string, file: string): Promise<string> {
  const { ran, failed } = await runTests(clone, file)
  if (ran === 0) return 'no test ran'
  return failed.join('; ')
}

/** Takes the defence out, runs its tests until one fails, and puts it back. */
export async function tryWithout(
  clone: string,
  { file, cut, put, tests }: Defence,
): Promise<{ outcome: Outcome; detail: string }> {
  const path = join(clone, file)
  const before = readFileSync(path, 'utf8')
  if (before.split(cut).length !== 2) return { outcome: 'does not apply', detail: 'the text is not there once' }
  writeFileSync(
    path,
    before.replace(cut, () => put),
  )
  // Python compares seconds and sizes only.
  const forget = (): void => rmSync(join(dirname(path), '__pycache__'), { recursive: true, force: true })
  forget()
  try {
    let ran = 0
    for (const test of tests) {
      if (!existsSync(join(clone, test))) continue
      const found = await runTests(clone, test)
      ran += found.ran
      if (found.failed.length > 0) return { outcome: 'found', detail: '' }
    }
    return ran === 0
      ? { outcome: 'nothing ran', detail: tests.map((one) => basename(one)).join(', ') }
      : { outcome: 'survived', detail: tests.map((one) => basename(one)).join(', ') }
  } finally {
    writeFileSync(path, before)
    forget()
  }
}

/** Runs a test file on SQLite; tests that were skipped did not run. */
async function runTests(clone: string, file: string): Promise<{ ran: number; failed: string[] }> {
  const report = join(clone, '.cache', 'defence.json')
  rmSync(report, { force: true })
  const vitest = join(clone, 'node_modules/vitest/vitest.mjs')
  const args = ['run', '--bail', '1', '-t', '^(?!.* on postgres)', file]
  await new Promise<void>((resolve) => {
    const child = spawn(process.execPath, [vitest, ...args, '--reporter=json', `--outputFile=${report}`], {
      cwd: clone,
      stdio: 'ignore',
    })
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  if (!existsSync(report)) return { ran: 0, failed: [] }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { assertionResults: { status: string; fullName: string }[] }[]
  }
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  const failed = all.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  return { ran: all.filter(({ status }) => status === 'passed').length + failed.length, failed }
}
