import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientPython } from './client-python.ts'
import { type ClientServer, ownPython, startClientServer, token } from './client-server.ts'

const run = promisify(execFile)
const { python = '', problem } = await clientPython('mlflow-3')
let trivium: ClientServer
const client = join(import.meta.dirname, '../../../python/client')

/** Asks the server what a client asked the proxy. */
async function handOn(request: IncomingMessage, body: Buffer<ArrayBuffer>, response: ServerResponse): Promise<void> {
  const got = await fetch(`${trivium.url}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body.length > 0 ? { body } : {}),
  })
  response.writeHead(got.status, { 'content-type': got.headers.get('content-type') ?? '' })
  response.end(Buffer.from(await got.arrayBuffer()))
}

describe.skipIf(problem)(
  `a program that only knows MLflow, with the package trivium-tracking beside it${problem ? `: ${problem}` : ''}`,
  () => {
    let folder = ''
    let packages = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trivium-plain-'))
      packages = join(folder, 'packages')
      // As people install it, from the folder; pip needs no index for it.
      await run(ownPython, ['-m', 'pip', 'install', '-q', '--no-index', '--target', packages, client])
      trivium = await startClientServer()
    }, 120_000)
    afterAll(async () => {
      await trivium?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    /** Runs the program in a Git repository of its own and says what it wrote and how it ended. */
    const train = async (variables: Readonly<Record<string, string>>) => {
      const cwd = await mkdtemp(join(folder, 'work-'))
      await cp(join(import.meta.dirname, 'plain_training.py'), join(cwd, 'train.py'))
      const PATH = `${join(python, '..')}:${process.env['PATH'] ?? ''}`
      const env = { PATH, HOME: cwd, PYTHONPATH: packages, MLFLOW_DISABLE_TELEMETRY: 'true', ...variables }
      for (const args of [
        ['init', '-q', '-b', 'main'],
        ['add', '.'],
        ['-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '-qm', 'one'],
      ])
        await run('git', args, { cwd, env })
      const { stdout: commit } = await run('git', ['rev-parse', 'HEAD'], { cwd, env })
      const ended = await run(python, ['train.py'], { cwd, env }).then(
        (done) => ({ ...done, code: 0 }),
        (error: { stdout: string; stderr: string; code: number }) => error,
      )
      return { ...ended, commit: commit.trim() }
    }
    const known = () => ({ MLFLOW_TRACKING_URI: trivium.url, MLFLOW_TRACKING_TOKEN: token })
    const runs = async (): Promise<any[]> => (await trivium.get('runs')).runs

    test('keeps its console, code, packages and what its machine did with its run', async () => {
      const done = await train({
        ...known(),
        MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '0.1',
        MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING: '1',
        WAIT_FOR: 'system/cpu_utilization_percentage',
      })
      expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('ValueError: too fast') })
      const [plain] = (await runs()).filter(({ name }) => name === 'plain')
      const { lines } = await trivium.get(`runs/${plain.id}/console`)
      const texts = lines.map(({ stream, text }: any) => `${stream}: ${text}`)
      expect(texts).toEqual(
        expect.arrayContaining([
          'stdout: epoch 1',
          'stdout: in the fold',
          'stderr: careful',
          'stdout: no newline at the end',
          'stderr: ValueError: too fast',
        ]),
      )
      // What a process of its own writes is not the program's; a fork has no thread that sends.
      expect(texts.join('\n')).not.toMatch(/before any run|another process|from a fork/)
      expect(plain.tags).toMatchObject({
        'mlflow.source.git.commit': done.commit,
        'mlflow.source.git.branch': 'main',
        'mlflow.source.git.dirty': 'false',
      })
      const sources = await trivium.get(`runs/${plain.id}/sources`)
      expect(sources.code).toMatchObject({ commit: done.commit, patch: '', files: [{ path: 'train.py' }] })
      expect(sources.packages.mlflow).toMatch(/^3\./)
    }, 120_000)

    test('keeps nothing that it is told to leave, and nothing where a run is tracked from outside', async () => {
      for (const variables of [{ TRIVIUM_CAPTURE: '' }, { TRIVIUM_RUN: 'a'.repeat(32) }]) {
        const before = new Set((await runs()).map(({ id }) => id))
        await train({ ...known(), ...variables })
        const [plain] = (await runs()).filter(({ id, name }) => name === 'plain' && !before.has(id))
        expect((await trivium.get(`runs/${plain.id}/console`)).lines).toEqual([])
        expect((await trivium.get(`runs/${plain.id}/sources`)).code).toBeNull()
      }
    }, 120_000)

    test('runs as it would alone where its server is another one, or takes no console', async () => {
      const asked: string[] = []
      // Hands everything on but the calls of the package, which it answers as something else would.
      for (const answer of [404, 200]) {
        const proxy = createServer((request, response) => {
          const own = request.url?.startsWith('/api/v1/') ?? false
          if (own) asked.push(`${answer} ${request.method}`)
          if (own && answer === 200 && request.method === 'GET') return response.end('{"homeProject":"default"}')
          if (own) return response.writeHead(answer === 200 ? 403 : 404).end('nothing here')
          const chunks: Buffer[] = []
          request.on('data', (chunk: Buffer) => chunks.push(chunk))
          request.on('end', () => void handOn(request, Buffer.concat(chunks), response))
        })
        await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
        const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
        const done = await train({ MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: token })
        proxy.close()
        expect(done).toMatchObject({ code: 1, stderr: expect.stringMatching(/careful[\s\S]*ValueError: too fast/) })
        expect(done.stdout).toContain('epoch 1')
        expect(done.stderr.match(/are not kept/g)?.length ?? 0).toBe(answer === 200 ? 1 : 0)
      }
      expect(asked.filter((one) => one.startsWith('404'))).toEqual(['404 GET'])
      expect(asked).toContain('200 POST')
    }, 120_000)
  },
)
