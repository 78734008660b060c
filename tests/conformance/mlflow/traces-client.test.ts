import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, startServer } from '@trivium/server'
import { createPostgresDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const token = 'token-of-the-traces-conformance-test'
const python = join(import.meta.dirname, '../../../.venv/bin/python')

test.each(['sqlite', 'postgres'] as const)(
  'the unmodified MLflow client traces, searches, judges and deletes against a server on %s',
  async (dialect) => {
    const data = await mkdtemp(join(tmpdir(), 'trivium-traces-'))
    const database = dialect === 'postgres' ? await createPostgresDatabase() : undefined
    const flags = {
      data,
      port: 0,
      adminToken: token,
      logLevel: 'error',
      ...(database ? { databaseUrl: database.url } : {}),
    }
    const server = await startServer(loadConfig({ flags, environment: {} }))
    try {
      const { stdout } = await run(python, [join(import.meta.dirname, 'traces.py')], {
        cwd: data,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: data,
          MLFLOW_TRACKING_URI: server.url,
          MLFLOW_TRACKING_TOKEN: token,
          GIT_PYTHON_REFRESH: 'quiet',
          MLFLOW_DISABLE_TELEMETRY: 'true',
          DO_NOT_TRACK: 'true',
        },
        maxBuffer: 10_000_000,
      })
      const facts = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, string>
      const answer = await fetch(`${server.url}/api/v1/projects/default/traces/${facts['bad']}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(await answer.json()).toMatchObject({
        trace: { name: 'answer', state: 'ERROR', tags: { team: 'ops' } },
        spans: [
          {
            name: 'answer',
            status: 'ERROR',
            inputs: { question: 'storms', fail: true },
            events: [{ name: 'exception', attributes: { 'exception.message': 'nothing found' } }],
          },
          { name: 'look_up', outputs: ['about storms'] },
          { name: 'embed', type: 'EMBEDDING', attributes: { dimensions: 3 } },
        ],
      })
    } finally {
      await server.stop()
      await database?.drop()
      await rm(data, { recursive: true, force: true })
    }
  },
  300_000,
)
