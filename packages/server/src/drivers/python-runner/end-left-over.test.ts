import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findPython } from '../environment-uv/find-python.ts'
import { endLeftOver } from './end-left-over.ts'
import { createLocalExecutor } from './local-executor.ts'

const folder = await mkdtemp(join(tmpdir(), 'trivium-left-over-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const env = { PATH: process.env['PATH'] ?? '' }

/** Nobody may have waited for the dead yet. */
const alive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe.runIf(process.platform === 'linux')('what steps leave over', () => {
  test('processes of steps below a folder are ended, those of a folder with a longer name are not', async () => {
    const start = (place: string) => spawn('sleep', ['60'], { env: { ...env, HOME: join(folder, place, 'home') } })
    const [mine, other] = [start('step-1'), start('step-10')]
    await expect.poll(() => mine.pid !== undefined && other.pid !== undefined).toBe(true)
    const ended = new Promise((resolve) => mine.once('exit', (_, signal) => resolve(signal)))
    // Until a program runs, its environment is that of who started it.
    await new Promise((resolve) => setTimeout(resolve, 50))
    endLeftOver(join(folder, 'step-1'))
    expect(await ended).toBe('SIGKILL')
    expect(alive(other.pid ?? 0)).toBe(true)
    other.kill('SIGKILL')
  })

  test('when the fork server is killed, what its step had started ends with it, and the attempt is lost', async () => {
    const { path: python } = await findPython('', env)
    const code = join(folder, 'code')
    await mkdir(code)
    await writeFile(
      join(code, 'steps.py'),
      `
import os, subprocess, time
def hang():
    program = subprocess.Popen(["sleep", "60"], start_new_session=True)
    print(os.getppid(), program.pid, flush=True)
    time.sleep(60)
`,
    )
    const executor = createLocalExecutor({
      env,
      python: async () => python,
      policy: { codeExecution: 'uncontained', people: async () => 1 },
      data: folder,
      reads: [],
    })
    const place = join(folder, 'work', 'one')
    let program = 0
    const result = await executor.submit('one', {
      project: 'default',
      environment: { digest: 'none', python },
      place,
      code,
      signal: new AbortController().signal,
      network: false,
      serverUrl: '',
      limits: {},
      entry: { kind: 'python', target: 'steps:hang', arguments: {} },
      preload: [],
      env: { TRIVIUM_OUTPUTS: join(place, 'out') },
      onLine: (line) => {
        const [server = 0, started = 0] = line.split(' ').map(Number)
        program = started
        process.kill(server, 'SIGKILL')
      },
    })
    expect(result.outcome).toBe('lost')
    await expect.poll(() => alive(program)).toBe(false)
    await executor.close()
  })
})
