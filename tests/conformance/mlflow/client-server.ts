import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, startServer } from '@trivium/server'
import { createPostgresDatabase } from '@trivium/testing'

/** The administrator's token of these servers. */
export const token = 'token-of-the-mlflow-conformance-tests'

/** Python with the client that the project itself locks. */
export const ownPython = join(import.meta.dirname, '../../../.venv/bin/python')

/** A server in a directory of its own that clients of MLflow are run against. */
export interface ClientServer {
  readonly url: string
  /** Its data directory. */
  readonly data: string
  /** What our own API answers of the default project. */
  get(path: string): Promise<any>
  /** Runs a Python file beside this one as a client of the server and returns what it prints; rejects where it fails. */
  run(python: string, script: string, variables?: Readonly<Record<string, string>>): Promise<string>
  /** `run`, whose last line is JSON. */
  facts(python: string, script: string, variables?: Readonly<Record<string, string>>): Promise<Record<string, any>>
  stop(): Promise<void>
}

export async function startClientServer(
  dialect: 'sqlite' | 'postgres' = 'sqlite',
  flags: Readonly<Record<string, unknown>> = {},
): Promise<ClientServer> {
  const data = await mkdtemp(join(tmpdir(), 'trivium-clients-'))
  const database = dialect === 'postgres' ? await createPostgresDatabase() : undefined
  const place = database ? { databaseUrl: database.url } : {}
  const all = { data, port: 0, adminToken: token, logLevel: 'error', ...place, ...flags }
  const server = await startServer(loadConfig({ flags: all, environment: {} }))
  const run: ClientServer['run'] = async (python, script, variables = {}) => {
    const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, script)], {
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
        ...variables,
      },
      maxBuffer: 10_000_000,
    })
    return stdout
  }
  return {
    url: server.url,
    data,
    run,
    facts: async (...given) =>
      JSON.parse((await run(...given)).trim().split('\n').at(-1) ?? '{}') as Record<string, any>,
    get: async (path) => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${server.url}/api/v1/projects/default/${path}`, { headers })).json()
    },
    stop: async () => {
      await server.stop()
      await database?.drop()
      await rm(data, { recursive: true, force: true })
    },
  }
}
