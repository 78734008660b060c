import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Defence } from './defence.ts'
import { type Failure, runTests, type TestRun } from './run-tests.ts'

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
  let ran = 0
  // Python compares seconds and sizes only.
  const forget = (): void => rmSync(join(dirname(path), '__pycache__'), { recursive: true, force: true })
  let weaker: Tried | undefined
  for (const test of tests) {
    const asItIs = await untouched(test)
    ran += asItIs.ran
    writeFileSync(
      path,
      before.replace(cut, () => put),
    )
    forget()
    try {
      const found = await tryTest(clone, test, asItIs)
      if (found?.outcome === 'found') return found
      weaker ??= found
    } finally {
      writeFileSync(path, before)
      forget()
    }
  }
  return (
    weaker ?? { outcome: ran > 0 ? 'survived' : 'nothing ran', detail: tests.map((one) => basename(one)).join(', ') }
  )
}

async function tryTest(clone: string, file: string, asItIs: TestRun): Promise<Tried | undefined> {
  const broken = asItIs.failures.map(({ test }) => test)
  const run = async (bail: boolean): Promise<{ ran: number; failures: readonly Failure[] }> => {
    const { ran, failures } = await runTests(clone, file, { bail })
    return { ran, failures: failures.filter(({ test }) => !broken.includes(test)) }
  }
  let { ran, failures } = await run(broken.length === 0)
  // Another test of the file may assert where the first that failed did not.
  if (broken.length === 0 && failures.length > 0 && !failures.some(({ how }) => how === 'asserted'))
    ({ ran, failures } = await run(false))
  const one = failures.find(({ how }) => how === 'asserted') ?? failures[0]
  if (one?.how === 'asserted') return { outcome: 'found', detail: '', test: one.test }
  if (one) return { outcome: one.how, detail: `${one.test}: ${one.message}` }
  if (ran === 0 && asItIs.ran > 0) return { outcome: 'threw', detail: `${basename(file)}: no test could start` }
  return undefined
}
