import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join, relative } from 'node:path'
import { projectEnvironment, projectNode, root } from './setup.mjs'

/** Runs one check; its exit code says whether it passed. */
export async function runCommand({ name, command, args }) {
  heading(name)
  const code = await runChild(command, args)
  if (code !== 0) console.log(`✗ ${name} failed (exit code ${code})`)
  return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] }
}

/** Runs one step of the project's own as a check: it passes unless it throws. */
export async function runAction(name, action) {
  heading(name)
  try {
    await action()
    return { name, passed: 1, failed: 0, skipped: [] }
  } catch (error) {
    console.log(`${error.message}\n✗ ${name} failed`)
    return { name, passed: 0, failed: 1, skipped: [] }
  }
}

/** Runs stages at the same time; what each says is printed when it has ended, in one piece. */
export function runTogether(stages) {
  return Promise.all(
    stages.map(async (stage) => {
      const said = []
      const result = await stage((text) => said.push(text))
      process.stdout.write(Buffer.concat(said.map((text) => Buffer.from(text))))
      return result
    }),
  )
}

/**
 * Runs Vitest with these arguments and counts its tests; a run without any test has failed. With `output` that gets what
 * would have been printed. Files with a failure run a second time by themselves: a test that passes then was held up by
 * what ran beside it, and the summary names it as unsteady; one that fails twice has failed.
 */
export async function runVitest(name, args, { env = {}, output } = {}) {
  heading(name, output)
  const first = await vitestReport(args, { env, output })
  if (!first.report) {
    print(`✗ ${name}: Vitest ended with ${first.code} and left no report`, output)
    return { name, passed: 0, failed: 1, skipped: [], failures: [] }
  }
  const result = count(first.report, first.code)
  const files = [...new Set(result.failures.map(({ file }) => file))]
  if (files.length === 0 || files.length > 5) return { name, ...result }
  heading(`${name}, once more: ${files.join(', ')}`, output)
  const again = await vitestReport([...projectsOf(args), '--maxWorkers', '1', ...files], { env, output })
  if (!again.report) return { name, ...result }
  return { name, ...countAgain(result, count(again.report, again.code)) }
}

/** Prints what was skipped, what failed, how long it took, and as the last line the sum; returns the exit code. */
export function summarise(results, start) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  const all = (key) => results.flatMap((result) => result[key] ?? [])
  heading('summary')
  for (const { name, passed, failed } of results) {
    console.log(`${failed > 0 ? '✗' : '✓'} ${name}: ${passed} ok${failed > 0 ? `, ${failed} not` : ''}`)
  }
  for (const title of all('skipped')) console.log(`- skipped: ${title}`)
  for (const failure of all('unsteady')) console.log(`- unsteady, passed the second time: ${describe(failure)}`)
  for (const failure of all('failures')) console.log(`✗ ${describe(failure)}`)
  console.log(`${((Date.now() - start) / 1000).toFixed(0)} s in all`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  return sum('failed') > 0 ? 1 : 0
}

async function vitestReport(args, { env, output }) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache', 'test-report-'))
  const file = join(folder, 'vitest.json')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const code = await runChild(projectNode, [vitest, 'run', ...reporters, ...args], { env, output })
  try {
    return { code, report: JSON.parse(readFileSync(file, 'utf8')) }
  } catch {
    return { code }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function projectsOf(args) {
  return args.flatMap((arg, at) => (arg === '--project' ? [arg, args[at + 1]] : []))
}

function count(report, code) {
  const failures = report.testResults.flatMap((file) => {
    const path = relative(root, file.name)
    const tests = file.assertionResults.filter((test) => test.status === 'failed')
    // A file that does not load has no tests that could fail.
    if (tests.length === 0)
      return file.status === 'failed' ? [{ file: path, title: 'the file', message: file.message }] : []
    return tests.map((test) => ({ file: path, title: test.fullName, message: test.failureMessages?.[0] }))
  })
  // An error outside of any test shows in the exit code alone.
  const unnamed = failures.length === 0 && (code !== 0 || report.numPassedTests === 0)
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults.filter((test) => ['pending', 'skipped'].includes(test.status)).map((test) => test.fullName),
  )
  return { passed: report.numPassedTests, failed: unnamed ? 1 : failures.length, skipped, failures }
}

function countAgain(first, again) {
  const key = ({ file, title }) => `${file} ${title}`
  const twice = new Set(again.failures.map(key))
  const unsteady = first.failures.filter((failure) => !twice.has(key(failure)))
  // What failed only the second time has failed as well.
  const once = new Set(first.failures.map(key))
  const failures = [
    ...first.failures.filter((failure) => twice.has(key(failure))),
    ...again.failures.filter((failure) => !once.has(key(failure))),
  ]
  const failed = failures.length + (again.failures.length === 0 ? again.failed : 0)
  return { ...first, passed: first.passed + unsteady.length, failed, failures, unsteady }
}

function describe({ file, title, message }) {
  const lines = (message ?? '').split('\n').slice(0, 4)
  return [`${file}: ${title}`, ...lines.map((line) => `    ${line.slice(0, 300)}`)].join('\n')
}

function heading(name, output) {
  print(`\n== ${name} ${'='.repeat(Math.max(3, 72 - name.length))}\n`, output)
}

function print(line, output = (text) => void process.stdout.write(text)) {
  output(`${line}\n`)
}

function runChild(command, args, { env = {}, output } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: output ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      env: projectEnvironment(env),
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', output)
    const stop = (signal) => {
      child.once('exit', () => process.exit(128 + constants.signals[signal]))
      child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM']
    for (const signal of signals) process.once(signal, stop)
    child.once('error', (error) => {
      print(error.message, output)
      resolve(127)
    })
    // A stream that others are to get is read to its end.
    child.once(output ? 'close' : 'exit', (code) => {
      for (const signal of signals) process.off(signal, stop)
      resolve(code ?? 1)
    })
  })
}
