import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A test that failed, and how: by what it asserts, because its time was up, or by another error. */
export interface Failure {
  readonly test: string
  /** The names of its suites, and its own. */
  readonly path: readonly string[]
  readonly how: 'asserted' | 'timed out' | 'threw'
  readonly message: string
}

/** What a run of a test file came to; `ran` counts tests that passed or failed. */
interface TestRun {
  readonly ran: number
  readonly failures: readonly Failure[]
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

const mostMs = 600_000
/** A machine with other work is slow: what only needs time gets it. */
const patience = ['--testTimeout', '120000', '--hookTimeout', '180000']
const running = new Set<number>()

/** Ends the tests that run at this moment, with everything that they started. */
export function endTests(): void {
  for (const pid of running) process.kill(-pid, 'SIGKILL')
}

/** Runs a test file on SQLite, or one test of it; tests that were skipped did not run. With `bail` it ends with the first that fails. */
export async function runTests(
  clone: string,
  file: string,
  { bail = false, test }: { bail?: boolean; test?: readonly string[] } = {},
): Promise<TestRun> {
  const report = join(clone, '.cache', 'defence.json')
  rmSync(report, { force: true })
  const vitest = join(clone, 'node_modules/vitest/vitest.mjs')
  const exact = (name: string): string => name.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
  const which = test === undefined ? '^(?!.* on postgres)' : `^${test.map(exact).join('(?: > | )')}$`
  const args = ['run', ...(bail ? ['--bail', '1'] : []), ...patience, '-t', which, file]
  await new Promise<void>((resolve) => {
    const child = spawn(process.execPath, [vitest, ...args, '--reporter=json', `--outputFile=${report}`], {
      cwd: clone,
      env: { ...process.env, NODE_COMPILE_CACHE: join(clone, '.cache', 'compiled') },
      stdio: 'ignore',
      detached: true,
    })
    if (child.pid !== undefined) running.add(child.pid)
    const end = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), mostMs)
    const done = (): void => {
      clearTimeout(end)
      if (child.pid !== undefined) running.delete(child.pid)
      resolve()
    }
    child.once('error', done)
    child.once('exit', done)
  })
  return existsSync(report) ? readReport(JSON.parse(readFileSync(report, 'utf8')) as Report) : { ran: 0, failures: [] }
}

/** What a report of Vitest says of each test that failed. */
export function readReport({ testResults }: Report): TestRun {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  const failures = all
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, ancestorTitles, title, failureMessages }) => ({
      test: fullName,
      path: [...ancestorTitles, title],
      ...howItFailed(failureMessages),
    }))
  return { ran: all.filter(({ status }) => status === 'passed').length + failures.length, failures }
}

/** A test whose time was up says nothing of what it would have asserted, though its clean-up may assert afterwards. */
function howItFailed(messages: readonly string[]): Pick<Failure, 'how' | 'message'> {
  const late = messages.find((one) => /^Error: (Test|Hook) timed out in \d+ms/.test(one))
  const asserted = messages.find((one) => /^(AssertionError|Error: (expected |promise (resolved|rejected) ))/.test(one))
  const message = (late ?? asserted ?? messages[0] ?? '').split('\n')[0] ?? ''
  return { how: late ? 'timed out' : asserted ? 'asserted' : 'threw', message }
}
