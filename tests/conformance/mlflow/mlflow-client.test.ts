import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, type RunningServer, startServer } from '@trivium/server'
import { createPostgresDatabase } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const token = 'token-of-the-mlflow-conformance-test'
/** The project's environment; clients of 2.22 are in `clients/`. */
const pythons = [{ name: 'MLflow 3', python: join(import.meta.dirname, '../../../.venv/bin/python') }]

for (const dialect of ['sqlite', 'postgres'] as const) {
  describe(`the unmodified MLflow client against a server on ${dialect}`, () => {
    let server: RunningServer
    let data = ''
    let drop = async (): Promise<void> => {}

    beforeAll(async () => {
      data = await mkdtemp(join(tmpdir(), 'trivium-mlflow-'))
      const flags: Record<string, unknown> = { data, port: 0, adminToken: token, logLevel: 'error' }
      if (dialect === 'postgres') {
        const database = await createPostgresDatabase()
        drop = () => database.drop()
        flags['databaseUrl'] = database.url
      }
      server = await startServer(loadConfig({ flags, environment: {} }))
    })
    afterAll(async () => {
      await server?.stop()
      await drop()
      await rm(data, { recursive: true, force: true })
    })

    const session = (python: string, script: string, more: Record<string, string> = {}) =>
      run(python, [join(import.meta.dirname, script)], {
        cwd: data,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: data,
          MLFLOW_TRACKING_URI: server.url,
          MLFLOW_TRACKING_TOKEN: token,
          GIT_PYTHON_REFRESH: 'quiet',
          MLFLOW_DISABLE_TELEMETRY: 'true',
          DO_NOT_TRACK: 'true',
          ...more,
        },
        maxBuffer: 10_000_000,
      })
    const get = async (path: string) =>
      (await (
        await fetch(`${server.url}/api/v1/projects/default/${path}`, { headers: { authorization: `Bearer ${token}` } })
      ).json()) as any

    test.each(pythons)(
      '$name: a training session with autologging, artifacts, search, models and their registry',
      async ({ name, python }) => {
        const { stdout } = await session(python, 'session.py', {
          SUFFIX: name.replaceAll(' ', '-'),
          EXPERIMENT: `delays with ${name}`,
        })
        const facts = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { run: string; model: string }

        const detail = await get(`runs/${facts.run}`)
        expect(detail).toMatchObject({
          name: 'forest',
          status: 'FINISHED',
          note: '# why',
          params: { n_estimators: '5' },
          tags: { team: 'ops' },
        })
        expect(detail.children).toHaveLength(2)
        expect(detail.inputs.map((input: { name: string }) => input.name)).toContain('flights')
        const version = await get(`models/${facts.model}/versions/2`)
        expect(version).toMatchObject({
          run: facts.run,
          flavors: ['python_function', 'sklearn'],
          signature: { inputs: [{ type: 'float64', shape: [-1, 4] }] },
        })
        const graph = await get(`lineage?urn=${encodeURIComponent(version.urn)}`)
        expect(graph.nodes.map((node: { kind: string }) => node.kind)).toEqual(expect.arrayContaining(['model', 'run']))
      },
    )

    test('the password of Basic credentials may be the token; a wrong one is told so at once', async () => {
      const script = 'credentials.py'
      const { stdout } = await session(pythons[0]?.python ?? '', script, {
        MLFLOW_TRACKING_TOKEN: '',
        MLFLOW_TRACKING_USERNAME: 'anyone',
        MLFLOW_TRACKING_PASSWORD: token,
      })
      expect(stdout.trim()).toBe('Default')
      const started = Date.now()
      const wrong = await session(pythons[0]?.python ?? '', script, { MLFLOW_TRACKING_TOKEN: 'wrong' }).catch(
        (error: { stdout: string }) => error,
      )
      expect(wrong.stdout).toContain('You are not authenticated')
      expect(Date.now() - started).toBeLessThan(60_000)
    })
  })
}
