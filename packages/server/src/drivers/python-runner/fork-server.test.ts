import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ForkServer, type ForkTask, startForkServer } from './fork-server.ts'

let server: ForkServer
let workdir: string
let count = 0

beforeAll(async () => {
  workdir = await mkdtemp(join(tmpdir(), 'trivium-runner-'))
  await writeFile(
    join(workdir, 'steps.py'),
    `
import os, random, subprocess, sys, time
def add(a, b):
    print("adding", a, b)
    print("careful", file=sys.stderr)
    return {"sum": a + b, "cwd": os.getcwd(), "environment": sorted(os.environ)}
def fail(): raise ValueError("no flights on Mars")
def leave(): sys.exit(3)
def sleep(): time.sleep(60)
def orphan():
    subprocess.Popen(["sleep", "60"])
    return "left one behind"
def draw(): return random.random()
def late():
    import atexit, threading
    atexit.register(lambda: print("at the end"))
    threading.Thread(target=lambda: (time.sleep(0.2), print("from a thread"))).start()
def asleep():
    print(os.getpid(), flush=True)
    time.sleep(60)
def large(path):
    with open(path, "wb") as f: f.write(b"x" * 1000000)
`,
  )
  server = await startForkServer({
    python: 'python3',
    preload: ['json', 'no_such_module'],
    env: { PATH: process.env['PATH'] ?? '' },
  })
})
afterAll(() => server.close())

function task(entry: ForkTask['entry'], extra: Partial<ForkTask> = {}): ForkTask & { lines: string[] } {
  count += 1
  const lines: string[] = []
  return {
    id: `t${count}`,
    workdir,
    entry,
    env: { PATH: process.env['PATH'] ?? '', GREETING: 'hi' },
    onLine: (text, stream) => lines.push(`${stream}: ${text}`),
    lines,
    ...extra,
  }
}

test('a function runs in its own directory with the given environment only, and its lines and result come back', async () => {
  const one = task({ target: 'steps:add', arguments: { a: 2, b: 3 } })
  const result = await server.run(one)
  expect(result).toMatchObject({ exitCode: 0, error: null, returned: { sum: 5, cwd: workdir } })
  expect((result.returned as { environment: string[] }).environment.filter((name) => name !== 'LC_CTYPE')).toEqual([
    'GREETING',
    'PATH',
  ])
  expect(one.lines.toSorted()).toEqual(['stderr: careful', 'stdout: adding 2 3'])
  expect(result.enteredAt).toBeGreaterThan(Date.now() - 10_000)
})

test('an exception comes back with its traceback, an exit with its code', async () => {
  const failed = await server.run(task({ target: 'steps:fail', arguments: {} }))
  expect(failed).toMatchObject({ exitCode: 1, error: { type: 'ValueError', message: 'no flights on Mars' } })
  expect(failed.error?.traceback).toContain('steps.py')
  expect(await server.run(task({ target: 'steps:leave', arguments: {} }))).toMatchObject({ exitCode: 3 })
  expect(await server.run(task({ target: 'nowhere:f', arguments: {} }))).toMatchObject({
    exitCode: 1,
    error: { type: 'ModuleNotFoundError' },
  })
})

test('a command runs without a shell', async () => {
  const echo = task({ argv: ['echo', '$GREETING; ls'] })
  expect((await server.run(echo)).exitCode).toBe(0)
  expect(echo.lines).toEqual(['stdout: $GREETING; ls'])
  expect(await server.run(task({ argv: ['no-such-program'] }))).toMatchObject({ exitCode: 127 })
})

test('a cancelled step ends with its whole process group', async () => {
  const one = task({ target: 'steps:sleep', arguments: {} }, { onEntered: () => server.cancel(`t${count}`, 1) })
  expect(await server.run(one)).toMatchObject({ exitCode: null, signal: 15 })
})

test('what a step leaves behind does not hold its end up', async () => {
  const before = Date.now()
  expect((await server.run(task({ target: 'steps:orphan', arguments: {} }))).returned).toBe('left one behind')
  expect(Date.now() - before).toBeLessThan(10_000)
})

test('two forks draw different numbers', async () => {
  const [a, b] = await Promise.all([
    server.run(task({ target: 'steps:draw', arguments: {} })),
    server.run(task({ target: 'steps:draw', arguments: {} })),
  ])
  expect(a.returned).not.toBe(b.returned)
})

test('a step that writes more than its limit fails and says so', async () => {
  const result = await server.run(
    task({ target: 'steps:large', arguments: { path: join(workdir, 'large.bin') } }, { limits: { fileBytes: 1000 } }),
  )
  expect(result.exitCode === 0).toBe(false)
})

test('three hundred steps leave no process and no file descriptor behind', async () => {
  for (let i = 0; i < 300; i += 1)
    expect((await server.run(task({ target: 'steps:draw', arguments: {} }))).exitCode).toBe(0)
  expect(server.running).toBe(0)
})

test('an interpreter that does not exist is named', async () => {
  await expect(startForkServer({ python: '/no/such/python', preload: [], env: {} })).rejects.toThrow('/no/such/python')
})

test('threads are waited for and exit handlers run before the step ends', async () => {
  const one = task({ target: 'steps:late', arguments: {} })
  expect(await server.run(one)).toMatchObject({ exitCode: 0 })
  expect(one.lines).toEqual(['stdout: from a thread', 'stdout: at the end'])
})

test('a server that is killed takes its steps with it', async () => {
  const other = await startForkServer({ python: 'python3', preload: [], env: { PATH: process.env['PATH'] ?? '' } })
  let step = 0
  const one = task(
    { target: 'steps:asleep', arguments: {} },
    {
      onLine: (text) => {
        step = Number(text)
        process.kill(other.pid, 'SIGKILL')
      },
    },
  )
  await expect(other.run(one)).rejects.toThrow('SIGKILL')
  await expect.poll(() => isAlive(step), { timeout: 5000 }).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
