import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Defence } from './defence.ts'
import { type Failure, runTests } from './run-tests.ts'

/** What became of a defence that was taken out: a test's assertion found it, none did, or it could not be told. */
type Outcome = 'found' | 'survived' | 'timed out' | 'threw' | 'does not apply' | 'nothing ran' | 'fails untouched'

/** The outcome; `test` failed by what it asserts. */
interface Tried {
  readonly outcome: Outcome
  readonly detail: string
  readonly test?: Failure
}

/** Takes the defence out, runs its tests until one fails that passes as it is, and puts it back. */
export async function tryWithout(clone: string, { file, cut, put, tests }: Defence): Promise<Tried> {
  const path = join(clone, file)
  const before = readFileSync(path, 'utf8')
  if (before.split(cut).length !== 2) return { outcome: 'does not apply', detail: 'the text is not there once' }
  // Python compares seconds and sizes only.
  const forget = (): void => rmSync(join(dirname(path), '__pycache__'), { recursive: true, force: true })
  let weaker: Tried | undefined
  for (const test of tests.filter((one) => existsSync(join(clone, one)))) {
    writeFileSync(
      path,
      before.replace(cut, () => put),
    )
    forget()
    const found = await tryTest(clone, test).finally(() => {
      writeFileSync(path, before)
      forget()
    })
    if (found?.test) {
      if (await passes(clone, test, found.test)) return found
      weaker ??= { outcome: 'fails untouched', detail: `${basename(test)}: ${found.test.test}` }
    }
    weaker ??= found
  }
  return weaker ?? { outcome: 'survived', detail: tests.map((one) => basename(one)).join(', ') }
}

async function tryTest(clone: string, file: string): Promise<Tried | undefined> {
  let { ran, failures } = await runTests(clone, file, { bail: true })
  const asserted = ({ how }: Failure): boolean => how === 'asserted'
  // Another test of the file may assert where the first that failed did not.
  if (failures.length > 0 && !failures.some(asserted)) ({ ran, failures } = await runTests(clone, file))
  const one = failures.find(asserted) ?? failures[0]
  if (one?.how === 'asserted') return { outcome: 'found', detail: '', test: one }
  if (one) return { outcome: one.how, detail: `${one.test}: ${one.message}` }
  return ran === 0 ? { outcome: 'nothing ran', detail: basename(file) } : undefined
}

const known = new Map<string, Promise<boolean>>()

/** Whether a test passes with everything in its place; asked once for each test. A test that fails by itself shows nothing. */
function passes(clone: string, file: string, failure: Failure): Promise<boolean> {
  const key = `${file}\n${failure.test}`
  const found = known.get(key) ?? passesAsItIs(clone, file, failure)
  known.set(key, found)
  return found
}

async function passesAsItIs(clone: string, file: string, { test, path }: Failure): Promise<boolean> {
  const alone = await runTests(clone, file, { test: path })
  if (alone.ran > 0 && alone.failures.length === 0) return true
  // It may need what the tests before it have made.
  const whole = await runTests(clone, file)
  return whole.ran > 0 && !whole.failures.some((one) => one.test === test)
}
