import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
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
 * would have been printed.
 */
export async function runVitest(name, args, { env = {}, output } = {}) {
  heading(name, output)
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache', 'test-report-'))
  const report = join(folder, 'vitest.json')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await runChild(projectNode, [vitest, 'run', ...reporters, ...args], { env, output })
  try {
    return { name, ...count(JSON.parse(readFileSync(report, 'utf8')), code) }
  } catch (error) {
    print(`✗ ${name}: Vitest ended with ${code} and left no report (${error.message})`, output)
    return { name, passed: 0, failed: 1, skipped: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Prints what was skipped, what failed, how long it took, and as the last line the sum; returns the exit code. */
export function summarise(results, start) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  const skipped = results.flatMap((result) => result.skipped)
  heading('summary')
  for (const { name, passed, failed } of results) {
    console.log(`${failed > 0 ? '✗' : '✓'} ${name}: ${passed} ok${failed > 0 ? `, ${failed} not` : ''}`)
  }
  for (const title of skipped) console.log(`- skipped: ${title}`)
  console.log(`${((Date.now() - start) / 1000).toFixed(0)} s in all`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  return sum('failed') > 0 ? 1 : 0
}

function count(report, code) {
  // A file that does not load has no tests that could fail; an error outside of any test shows in the exit code alone.
  const broken = report.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed))
  let failed = report.numFailedTests + broken.length
  if (failed === 0 && (code !== 0 || report.numPassedTests === 0)) failed = 1
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults.filter((test) => ['pending', 'skipped'].includes(test.status)).map((test) => test.fullName),
  )
  return { passed: report.numPassedTests, failed, skipped }
}

function isFailed(test) {
  return test.status === 'failed'
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
