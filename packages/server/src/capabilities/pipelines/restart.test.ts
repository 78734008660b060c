import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PipelineRun } from '@trivium/contract'
import { createMigratedPostgresDatabase, migrateDatabase } from '@trivium/testing'
import { afterAll, expect, test } from 'vitest'

const folder = await mkdtemp(join(tmpdir(), 'trivium-restart-'))
const servers: ChildProcess[] = []
afterAll(async () => {
  for (const server of servers) server.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const program = `
import { loadConfig, startServer } from '@trivium/server'
const server = await startServer(loadConfig({ flags: JSON.parse(process.argv[1]), environment: {} }))
console.log(server.url)
process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)))
`

/** A server in a process of its own, so that it can be killed. */
async function startServer(settings: Record<string, unknown>): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(
    process.execPath,
    ['--conditions=trivium-source', '--input-type=module', '-e', program, JSON.stringify(settings)],
    {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  servers.push(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: line.toString().trim(), child }
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** The first step counts how often it ran; the second sleeps the first time and writes its process id. */
const code = `
import os, time
def count(folder, out):
    with open(folder + "/counted", "a") as f: f.write("x")
    open(out, "w").write("made once")
def hang(folder, made, result):
    if not os.path.exists(folder + "/pid"):
        with open(folder + "/pid.tmp", "w") as f: f.write(str(os.getpid()))
        os.rename(folder + "/pid.tmp", folder + "/pid")
        time.sleep(60)
    open(result, "w").write(open(made).read() + " and kept")
`
const yaml = `
name: restart
params: { folder: "" }
steps:
  count: { run: "steps:count", params: [folder], out: { out: file } }
  hang: { run: "steps:hang", params: [folder], in: { made: steps.count.out }, out: { result: file } }
`

for (const dialect of ['sqlite', 'postgres'] as const) {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`a run goes on after ${signal} of the server in the middle of a step, and finished steps count once, on ${dialect}`, async () => {
      const work = await mkdtemp(join(folder, 'run-'))
      const database = dialect === 'postgres' ? await createMigratedPostgresDatabase(migrateDatabase) : undefined
      const token = 'an-admin-token-for-restart-tests-1'
      const settings = {
        data: join(work, 'data'),
        port: 0,
        leaseMs: 1500,
        adminToken: token,
        logLevel: 'silent',
        // The steps count in a file outside of their directory.
        codeExecution: 'uncontained' as const,
        ...(database ? { databaseUrl: database.url } : {}),
      }
      const call = async (url: string, method: string, path: string, body?: Uint8Array | object): Promise<any> => {
        const raw = body instanceof Uint8Array
        const answer = await fetch(`${url}/api/v1/projects/default${path}`, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
          },
          ...(body === undefined ? {} : { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
        })
        if (!answer.ok) throw new Error(await answer.text())
        return answer.json()
      }
      const first = await startServer(settings)
      const digest = createHash('sha256').update(code).digest('hex')
      await call(first.url, 'PUT', `/blobs/${digest}`, Buffer.from(code))
      await call(first.url, 'PUT', '/pipelines/restart', { yaml, files: { 'steps.py': digest } })
      const { id } = (await call(first.url, 'POST', '/pipelines/restart/runs', {
        params: { folder: work },
      })) as PipelineRun
      let pid = 0
      await expect
        .poll(async () => (pid = Number(await readFile(join(work, 'pid'), 'utf8').catch(() => '0'))), {
          timeout: 30_000,
        })
        .toBeGreaterThan(0)
      await kill(first.child, signal)
      await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)

      const second = await startServer(settings)
      await expect
        .poll(async () => ((await call(second.url, 'GET', `/pipeline-runs/${id}`)) as PipelineRun).state, {
          timeout: 30_000,
        })
        .toBe('finished')
      const run = (await call(second.url, 'GET', `/pipeline-runs/${id}`)) as PipelineRun
      expect(run.steps.map((step) => step.attempts.map((attempt) => attempt.state))).toEqual([
        ['finished'],
        ['lost', 'finished'],
      ])
      expect(run.steps[1]?.attempts[0]?.error).toMatchObject({ code: 'PIPELINES.SERVER_STOPPED' })
      expect(await readFile(join(work, 'counted'), 'utf8')).toBe('x')
      // What has happened is told once it has its number.
      await expect
        .poll(async () => {
          const { events } = (await call(second.url, 'GET', '/events?limit=1000')) as {
            events: { name: string; subject: string }[]
          }
          return events.filter((event) => event.subject === run.urn).map((event) => event.name)
        })
        .toEqual(['pipeline-run.finished', 'pipeline-run.started'])
      await kill(second.child, 'SIGTERM')
      await database?.drop()
    }, 90_000)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
