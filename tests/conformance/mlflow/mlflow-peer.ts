import { execFile, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A real MLflow server. */
export interface MlflowPeer {
  readonly url: string
  /** Runs a Python file beside this one, with MLflow's packages, and gives what its last line says as JSON. */
  facts(script: string, ...args: string[]): Promise<Record<string, any>>
  stop(): Promise<void>
}

/** What MLflow needs of the environment: it tells nobody that it ran, and starts no jobs. */
export const mlflowEnvironment = {
  PATH: process.env['PATH'] ?? '',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  GIT_PYTHON_REFRESH: 'quiet',
}

/** Starts MLflow over a store, artifacts beside it in `mlartifacts`, and waits until it answers. `packages` are folders with further packages of Python. */
export async function startMlflowPeer(
  python: string,
  { folder, store, packages = '' }: { folder: string; store: string; packages?: string },
): Promise<MlflowPeer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...mlflowEnvironment,
    PATH: `${join(python, '..')}:${mlflowEnvironment.PATH}`,
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    ...(packages === '' ? {} : { PYTHONPATH: packages }),
  }
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1']
  const stores = ['--backend-store-uri', store, '--artifacts-destination', join(folder, 'mlartifacts')]
  const child = spawn(python, [...args, ...stores], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)))
  const answers = () =>
    fetch(`${url}/version`).then(
      (answer) => answer.ok,
      () => false,
    )
  for (let turn = 0; turn < 240 && child.exitCode === null && !(await answers()); turn += 1) await sleep(500)
  if (child.exitCode !== null) throw new Error(`MLflow ended with ${child.exitCode}: ${said}`)
  return {
    url,
    facts: async (script, ...given) => {
      const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, script), ...given], {
        cwd: folder,
        env: { ...mlflowEnvironment, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2' },
        maxBuffer: 50_000_000,
      })
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, any>
    },
    stop: async () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)))
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
