import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type EngineFixture, flights, openEngineFixture } from './engine-fixture.ts'
import type { TableEngineOptions, TablesProcess } from './index.ts'

let fixture: EngineFixture
afterEach(() => fixture.close())
const open = (options?: Partial<TableEngineOptions>) => {
  fixture = openEngineFixture(options)
  return fixture
}

/** Runs for hours when nobody stops it. */
const endless = { sql: 'SELECT count(*) FROM range(1000000000000) a', relations: {}, trusted: true }
const pidOf = (process: TablesProcess) => fixture.engine.processes().find((one) => one.process === process)?.pid
const until = async (condition: () => boolean) => {
  const end = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > end) throw new Error('It did not happen within 10 s.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const lives = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('an aborted query stops, and its process goes on with others', async () => {
  const { engine, rows } = open()
  await rows('SELECT 1')
  const pid = pidOf('house')
  const abort = new AbortController()
  const stopped = engine.query(endless, { signal: abort.signal }).catch((error) => error)
  setTimeout(() => abort.abort(), 150)
  const start = performance.now()
  expect(await stopped).toMatchObject({ code: 'TABLES.CANCELLED' })
  expect(performance.now() - start).toBeLessThan(2500)
  expect(await rows('SELECT 2')).toEqual([[2]])
  expect(pidOf('house')).toBe(pid)
})

test('a signal that is aborted before the call starts nothing', async () => {
  const { engine } = open()
  await expect(engine.query(endless, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'TABLES.CANCELLED',
  })
  expect(engine.processes()).toEqual([])
})

test('a query that takes too long is stopped with its time in the message', async () => {
  const { engine } = open()
  await expect(engine.query(endless, { timeoutMs: 300 })).rejects.toMatchObject({
    code: 'TABLES.TIMEOUT',
    message: 'The query took longer than 0.3 s and was stopped.',
  })
  await expect(engine.query({ ...endless, trusted: false }, { timeoutMs: 500 })).rejects.toMatchObject({
    code: 'TABLES.TIMEOUT',
  })
})

test('a stopped write leaves nothing behind', async () => {
  const { engine, dir, path } = open()
  const output = { path: path('big.parquet'), format: 'parquet' as const }
  const sql = 'SELECT hash(range) AS h FROM range(10000000000)'
  await expect(engine.write({ sql, relations: {}, trusted: true, output }, { timeoutMs: 700 })).rejects.toMatchObject({
    code: 'TABLES.TIMEOUT',
  })
  await until(() => readdirSync(dir).filter((name) => name.startsWith('big')).length === 0)
})

test('a query that does not react to being interrupted loses its process, and the caller is answered', async () => {
  const { engine, rows } = open()
  await rows('SELECT 1')
  const pid = pidOf('house') as number
  const stopped = engine.query(endless, { timeoutMs: 500 }).catch((error) => error)
  process.kill(pid, 'SIGSTOP')
  expect(await stopped).toMatchObject({ code: 'TABLES.TIMEOUT' })
  expect(lives(pid)).toBe(false)
  expect(await rows('SELECT 2')).toEqual([[2]])
})

test('a crash fails the queries that ran with an error that says to retry; waiting ones run in the next process', async () => {
  const crashes: unknown[] = []
  const { engine, rows } = open({ slots: 2, onCrash: (crash) => crashes.push(crash) })
  await rows('SELECT 1')
  const running = [engine.query(endless), engine.query(endless)].map((query) => query.catch((error) => error))
  const waiting = rows('SELECT count(*) FROM flights', { flights })
  process.kill(pidOf('house') as number, 'SIGSEGV')
  for (const outcome of await Promise.all(running)) {
    expect(outcome).toMatchObject({
      code: 'TABLES.RESTARTED',
      status: 503,
      message: expect.stringMatching(/SIGSEGV.*Try again/),
    })
  }
  expect(await waiting).toEqual([[3_000_000]])
  expect(crashes).toEqual([{ process: 'house', how: expect.stringContaining('SIGSEGV') }])
})

test('a crash under SQL of a person does not touch ours', async () => {
  const { engine, rows } = open()
  const guest = engine.query({ ...endless, trusted: false }).catch((error) => error)
  const ours = rows('SELECT sum(range) FROM range(100000000)')
  await until(() => pidOf('guest') !== undefined)
  process.kill(pidOf('guest') as number, 'SIGKILL')
  expect(await guest).toMatchObject({ code: 'TABLES.RESTARTED' })
  expect(await ours).toEqual([[4999999950000000]])
})

test('many queries at once all get their own answer, and too many waiting are refused', async () => {
  const { engine, rows } = open({ slots: 2, maxWaiting: 20 })
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      rows('SELECT $1 + count(*) FROM flights WHERE delay > 1000', { flights }, [index]),
    ),
  )
  const base = Number(answers[0]?.[0]?.[0])
  expect(base).toBeGreaterThan(0)
  expect(answers.map((answer) => answer[0]?.[0])).toEqual(Array.from({ length: 20 }, (_, index) => base + index))
  const abort = new AbortController()
  const blocked = Array.from({ length: 22 }, () =>
    engine.query(endless, { signal: abort.signal }).catch((error) => error.code),
  )
  await expect(engine.query(endless)).rejects.toMatchObject({ code: 'TABLES.BUSY' })
  abort.abort()
  expect(new Set(await Promise.all(blocked))).toEqual(new Set(['TABLES.CANCELLED']))
})

test('the process ends when it was idle for a while, and the next query starts another', async () => {
  const { engine, rows, dir } = open({ idleMs: 100 })
  await rows('SELECT 1')
  const pid = pidOf('house') as number
  await until(() => !lives(pid))
  expect(engine.processes()).toEqual([])
  await until(() => readdirSync(join(dir, 'temp')).length === 0)
  expect(await rows('SELECT 2')).toEqual([[2]])
  expect(pidOf('house')).not.toBe(pid)
})

test('a process that keeps too much memory answers what it runs and ends, while a fresh one takes the next call', async () => {
  const { engine, rows } = open({ mostResident: 1, leastAgeMs: 0, slots: 4 })
  const abort = new AbortController()
  const held = engine.query(endless, { signal: abort.signal }).catch((error) => error)
  const longer = rows('SELECT sum(range) FROM range(100000000)')
  await until(() => pidOf('house') !== undefined)
  const first = pidOf('house') as number
  await rows('SELECT 1')
  expect(engine.replaced()).toContainEqual({ process: 'house', count: 1 })
  expect(await rows('SELECT 2')).toEqual([[2]])
  expect(await longer).toEqual([[4999999950000000]])
  expect(lives(first)).toBe(true)
  abort.abort()
  expect(await held).toMatchObject({ code: 'TABLES.CANCELLED' })
  await until(() => !lives(first))
})

test('a process that keeps little, or was started a moment ago, is not replaced', async () => {
  const { engine, rows } = open({ mostResident: 1 })
  await rows('SELECT 1')
  const young = pidOf('house')
  await rows('SELECT 2')
  expect(pidOf('house')).toBe(young)
  await engine.close()
  const { rows: again } = open({ leastAgeMs: 0 })
  await again('SELECT 1')
  const small = pidOf('house')
  await again('SELECT 2')
  expect(pidOf('house')).toBe(small)
})

test('files that were read once leave nothing in memory but what their footers say', async () => {
  const { rows, file } = open()
  const wide = await file('wide.parquet', 'SELECT hash(range) AS a, hash(range, 1) AS b FROM range(300000)')
  await rows('SELECT sum(a), sum(b) FROM wide', { wide })
  const kept = await rows('SELECT coalesce(sum(memory_usage_bytes), 0)::double FROM duckdb_memory()')
  expect(Number(kept[0]?.[0])).toBeLessThan(100_000)
})

test('what the engine keeps of files is forgotten after some calls, also while a call runs', async () => {
  const { engine, rows } = open({ callsOfEngine: 2 })
  const cached = `SELECT coalesce(sum(memory_usage_bytes), 0)::double FROM duckdb_memory() WHERE tag = 'OBJECT_CACHE'`
  await rows('SELECT max(delay) FROM flights', { flights })
  expect(Number((await rows(cached))[0]?.[0])).toBeGreaterThan(0)
  expect(await rows(cached)).toEqual([[0]])
  const abort = new AbortController()
  const held = engine.query(endless, { signal: abort.signal }).catch((error) => error)
  expect(await rows('SELECT 3')).toEqual([[3]])
  abort.abort()
  expect(await held).toMatchObject({ code: 'TABLES.CANCELLED' })
})

test('a query larger than memory spills to the temporary directory and the directory is gone afterwards', async () => {
  const { rows, dir, engine } = open({ memoryLimit: '100MB' })
  const sorted = rows(
    'SELECT count(*), max(h) > 0 FROM (SELECT hash(range) AS h, range FROM range(12000000) ORDER BY h)',
  )
  expect(await sorted).toEqual([[12_000_000, true]])
  await engine.close()
  expect(readdirSync(join(dir, 'temp'))).toEqual([])
})

test('what a killed main left in the temporary directory is removed', async () => {
  const { dir, rows } = open()
  mkdirSync(join(dir, 'temp', 'tables-0123456789abcdef'), { recursive: true })
  await rows('SELECT 1')
  expect(existsSync(join(dir, 'temp', 'tables-0123456789abcdef'))).toBe(false)
})

test('a process that cannot start gives an error that says why, and the engine works again once the cause is gone', async () => {
  const { rows, dir } = open({ idleMs: 50 })
  await rows('SELECT 1')
  const pid = pidOf('house') as number
  await until(() => !lives(pid))
  const temp = join(dir, 'temp')
  await until(() => readdirSync(temp).length === 0)
  rmdirSync(temp)
  writeFileSync(temp, 'in the way')
  await expect(rows('SELECT 1')).rejects.toMatchObject({
    code: 'TABLES.UNAVAILABLE',
    message: expect.stringContaining('ENOTDIR'),
  })
  unlinkSync(temp)
  expect(await rows('SELECT 2')).toEqual([[2]])
})

test('closing fails what runs and waits for the processes to end', async () => {
  const { engine } = open()
  const running = engine.query(endless).catch((error) => error)
  await until(() => pidOf('house') !== undefined)
  const pid = pidOf('house') as number
  await engine.close()
  expect(await running).toMatchObject({ code: 'TABLES.CANCELLED' })
  expect(lives(pid)).toBe(false)
  await expect(engine.query(endless)).rejects.toThrow('the table engine is closed')
})

test('the child sees none of our environment', async () => {
  process.env.TRIVIUM_TEST_SECRET = 'do-not-tell'
  try {
    const { rows } = open()
    await rows('SELECT 1')
    if (process.platform !== 'linux') return
    expect(readFileSync(`/proc/${pidOf('house')}/environ`, 'utf8')).not.toContain('do-not-tell')
  } finally {
    delete process.env.TRIVIUM_TEST_SECRET
  }
})

test('the child ends when its parent is killed, and an idle child does not keep its parent alive', async () => {
  const { dir } = open()
  const script = (then: string) => `
    import { createTableEngine } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))}
    const engine = createTableEngine({ tempDir: ${JSON.stringify(join(dir, 'parent'))}, memoryLimit: '100MB', allowedDirs: [${JSON.stringify(dir)}] })
    await engine.query({ sql: 'SELECT 1', relations: {}, trusted: true })
    console.log(engine.processes()[0].pid)
    ${then}`
  const startParent = (then: string) => {
    const parent = spawn(
      process.execPath,
      ['--conditions=trivium-source', '--input-type=module-typescript', '-e', script(then)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const told = new Promise<number>((resolve) => parent.stdout.once('data', (line) => resolve(Number(line))))
    const ended = new Promise<number | null>((resolve) => parent.once('exit', resolve))
    return { parent, told, ended }
  }
  const killed = startParent(`void engine.query(${JSON.stringify(endless)})`)
  const orphan = await killed.told
  expect(lives(orphan)).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 200))
  killed.parent.kill('SIGKILL')
  await until(() => !lives(orphan))

  const done = startParent('')
  const idle = await done.told
  expect(await done.ended).toBe(0)
  await until(() => !lives(idle))
})
