import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, type RunningServer, startServer } from '@trivium/server'
import { createPostgresDatabase } from '@trivium/testing'
import { clientPython } from '../client-python.ts'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'

const run = promisify(execFile)
const token = 'token-of-the-clients-conformance-test'

/** Where the packages cannot be had, which says nothing about the server, the test is skipped with what the installer said. */
async function pythonOf(
  { skip }: Pick<TestContext, 'skip'>,
  name: Parameters<typeof clientPython>[0],
): Promise<string> {
  const { python, problem } = await clientPython(name)
  return python ?? skip(problem)
}

for (const dialect of ['sqlite', 'postgres'] as const) {
  describe(`clients of MLflow against a server on ${dialect}`, () => {
    let server: RunningServer
    let data = ''
    let drop = async (): Promise<void> => {}

    beforeAll(async () => {
      data = await mkdtemp(join(tmpdir(), 'trivium-clients-'))
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

    const session = async (python: string, script: string, more: Record<string, string> = {}) => {
      const { stdout } = await run(python, [join(import.meta.dirname, script)], {
        cwd: data,
        env: {
          PATH: `${join(python, '..')}:${process.env['PATH'] ?? ''}`,
          HOME: data,
          MLFLOW_TRACKING_URI: server.url,
          MLFLOW_TRACKING_TOKEN: token,
          GIT_PYTHON_REFRESH: 'quiet',
          MLFLOW_DISABLE_TELEMETRY: 'true',
          DO_NOT_TRACK: 'true',
          MPLBACKEND: 'Agg',
          ...more,
        },
        maxBuffer: 10_000_000,
      })
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, any>
    }
    const get = async (path: string) =>
      (await (
        await fetch(`${server.url}/api/v1/projects/default/${path}`, { headers: { authorization: `Bearer ${token}` } })
      ).json()) as any

    test('every public method of MlflowClient is called, or stands with the reason why not', async (context) => {
      const facts = await session(await pythonOf(context, 'mlflow-3'), 'surface.py')
      expect(facts).toMatchObject({ left: [], unknown: [] })
      expect(facts['methods']).toBeGreaterThan(140)
    })

    test('a client of 2.22 trains, logs, searches, registers and loads', async (context) => {
      const facts = await session(await pythonOf(context, 'mlflow-2'), '../session.py', {
        EXPERIMENT: 'delays with MLflow 2',
        SUFFIX: 'old',
      })
      expect(facts['mlflow']).toMatch(/^2\.22\./)
      const detail = await get(`runs/${facts['run']}`)
      expect(detail).toMatchObject({ name: 'forest', status: 'FINISHED', params: { n_estimators: '5' } })
      expect((await get(`models/${facts['model']}/versions/2`)).flavors).toEqual(['python_function', 'sklearn'])
    })

    // What they log reaches the database by the same calls as above; one of the two is enough.
    test.runIf(dialect === 'sqlite')(
      'scikit-learn and XGBoost log themselves, evaluations and system metrics arrive, models load by run, version and alias',
      async (context) => {
        const facts = await session(await pythonOf(context, 'mlflow-3'), 'frameworks.py')
        const version = await get(`models/${facts['model']}/versions/1`)
        expect(version).toMatchObject({
          run: facts['boosted'],
          flavors: ['python_function', 'xgboost'],
          aliases: ['champion'],
        })
      },
    )

    test.runIf(dialect === 'sqlite')(
      'the mlflow command makes, lists, sends, fetches, deletes and restores',
      async (context) => {
        const facts = await session(await pythonOf(context, 'mlflow-3'), 'commands.py')
        expect((await get(`runs/${facts['run']}`)).params).toEqual({ depth: '3' })
      },
    )

    test.runIf(dialect === 'sqlite' && process.env['TRIVIUM_TEST_TORCH'])(
      'PyTorch logs itself through Lightning (with TRIVIUM_TEST_TORCH=1: its packages take 5 GB)',
      async (context) => {
        const facts = await session(await pythonOf(context, 'torch'), 'torch_autolog.py')
        expect(facts['points']).toBe(4)
      },
    )
  })
}
