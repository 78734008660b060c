import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Defence } from './defence.ts'
import { runTests, type TestRun } from './run-tests.ts'

/** What became of a defence that was taken out: a test's assertion found it, none did, or it could not be told. */
export type Outcome = 'found' | 'survived' | 'timed out' | 'threw' | 'does not apply' | 'nothing ran'

/** The outcome; `test` failed by what it asserts. */
export interface Tried {
  readonly outcome: Outcome
  readonly detail: string
  readonly test?: string
}

/** How a test file does as it is; asked once for each file. */
export type Untouched = (file: string) => Promise<TestRun>

/** Takes the defence out, runs its tests until one fails that does not fail as it is, and puts it back. */
export async function tryWithout(clone: string, untouched: Untouched, defence: Defence): Promise<Tried> {
  const { file, cut, put } = defence
  const path = join(clone, file)
  const before = readFileSync(path, 'utf8')
  if (before.split(cut).length !== 2) return { outcome: 'does not apply', detail: 'the text is not there once' }
  const tests = defence.tests.filter((test) => existsSync(join(clone, test)))
  const asTheyAre = new Map<string, TestRun>()
  // Python compares seconds and sizes only.
  const forget = (): void => rmSync(join(dirname(path), '__pycache__'), { recursive: true, force: true })
  let weaker: Tried | undefined
  for (const test of tests) {
    asTheyAre.set(test, await untouched(test))
    writeFileSync(
      path,
      before.replace(cut, () => put),
    )
    forget()
    try {
      const found = await tryTest(clone, test, asTheyAre.get(test)?.failures.map((one) => one.test) ?? [])
      if (found?.outcome === 'found') return found
      weaker ??= found
    } finally {
      writeFileSync(path, before)
      forget()
    }
  }
  const ran = [...asTheyAre.values()].some((one) => one.ran > 0)
  return weaker ?? { outcome: ran ? 'survived' : 'nothing ran', detail: tests.map((one) => basename(one)).join(', ') }
}

async function tryTest(clone: string, file: string, broken: readonly string[]): Promise<Tried | undefined> {
  const fresh = (run: TestRun) => run.failures.filter(({ test }) => !broken.includes(test))
  let failures = broken.length > 0 ? [] : fresh(await runTests(clone, file, { bail: true }))
  // Another test of the file may assert where the first that failed did not.
  if (broken.length > 0 || (failures.length > 0 && !failures.some(({ how }) => how === 'asserted')))
    failures = fresh(await runTests(clone, file, { bail: false }))
  const one = failures.find(({ how }) => how === 'asserted') ?? failures[0]
  if (!one) return undefined
  if (one.how === 'asserted') return { outcome: 'found', detail: '', test: one.test }
  return { outcome: one.how, detail: `${one.test}: ${one.message}` }
}
