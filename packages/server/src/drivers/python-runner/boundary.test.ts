import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inheritedEnvironment } from '../../kernel/config/index.ts'
import { findPython } from '../environment-uv/find-python.ts'
import { containedEnvironment, probeBoundary, pythonPaths, rememberedBoundary } from './boundary.ts'
import { pythonRoot } from './python-root.ts'

test('a step gets of the environment what it needs, and proxies, which may carry a password, only with the network', () => {
  const env = {
    PATH: '/bin',
    LC_ALL: 'C',
    TRIVIUM_VAULT_KEY: 'secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    DATABASE_URL: 'postgres://a:secret@b',
    LD_PRELOAD: '/tmp/x.so',
    PYTHONPATH: '/tmp',
    https_proxy: 'http://me:secret@proxy',
  }
  expect(containedEnvironment(env, false)).toEqual({ PATH: '/bin', LC_ALL: 'C' })
  expect(Object.keys(containedEnvironment(env, true)).toSorted()).toEqual(['LC_ALL', 'PATH', 'https_proxy'])
})

test('an interpreter opens its own folders, and neither a home nor the data directory nor everything', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivium-boundary-'))
  try {
    const data = join(folder, 'data')
    mkdirSync(join(data, 'env/bin'), { recursive: true })
    mkdirSync(join(folder, 'python/bin'), { recursive: true })
    writeFileSync(join(folder, 'python/bin/python3'), '')
    symlinkSync(join(folder, 'python/bin/python3'), join(data, 'env/bin/python'))
    const found = pythonPaths(join(data, 'env/bin/python'), data)
    expect(found).toContain(join(folder, 'python'))
    expect(found).toContain(join(data, 'env'))
    for (const program of [
      join(homedir(), 'bin/python3'),
      join(data, 'bin/python3'),
      join(folder, 'bin/python3'),
      '/bin/python3',
    ])
      for (const kept of [homedir(), data, folder, '/'])
        expect([program, pythonPaths(program, data).includes(kept)]).toEqual([program, false])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

describe('a probe of what contains code', () => {
  const answer = { contained: true, layers: [{ name: 'files', active: true, found: 'all' }] }
  /** An interpreter that does these in turn, and answers from then on. */
  const interpreter = (...first: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'trivium-probe-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const program = join(folder, 'python3')
    const log = join(folder, 'asked')
    writeFileSync(log, '')
    const cases = first.map((what, at) => `${at + 1}) ${what} ;;`).join('\n')
    writeFileSync(
      program,
      `#!/bin/sh
echo asked >> ${log}
n=0; while read -r line; do n=$((n+1)); done < ${log}
case $n in
${cases}
*) echo '${JSON.stringify(answer)}' ;;
esac
`,
      { mode: 0o755 },
    )
    return { program, asked: () => readFileSync(log, 'utf8').length / 'asked\n'.length }
  }
  const kill = 'kill -9 $$'

  test('that was killed from outside is asked again', async () => {
    const { program, asked } = interpreter(kill, kill)
    expect(await probeBoundary(program)).toEqual(answer)
    expect(asked()).toBe(3)
  })

  test('that is always killed says so, and is asked anew by the next step', async () => {
    const { program, asked } = interpreter(kill, kill, kill)
    const boundary = rememberedBoundary(async () => program)
    const untried = await boundary()
    expect([untried.contained, untried.layers[0]?.found]).toEqual([
      false,
      expect.stringMatching(/^could not be tried with .*python3: Command failed/),
    ])
    expect([await boundary(), await boundary(), asked()]).toEqual([answer, answer, 4])
  })

  test('that fails by itself is an answer for this step, and asked once', async () => {
    const { program, asked } = interpreter('exit 1')
    expect((await probeBoundary(program)).contained).toBe(false)
    expect(asked()).toBe(1)
  })

  test('tries a layer anew whose child was killed, and takes a refusal at its word', async () => {
    const { path: python } = await findPython('', inheritedEnvironment())
    const kills = (times: number, then: string) => `
import os, signal, sys
sys.path.insert(0, ${JSON.stringify(pythonRoot)})
from trivium_runner.sandbox import tried
left, right = os.pipe()
os.write(right, b"k" * ${times} + b"." * 9)
def attempt():
    if os.read(left, 1) == b"k":
        os.kill(os.getpid(), signal.SIGKILL)
    ${then}
print(tried(attempt), len(os.read(left, 99)))
`
    const tried = (program: string) =>
      execFileSync(python, ['-I', '-S', '-c', program], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    expect(tried(kills(2, 'pass'))).toBe('True 8')
    expect(tried(kills(3, 'pass'))).toBe('False 9')
    expect(tried(kills(0, 'raise OSError()'))).toBe('False 8')
  })
})
