import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../../../packages/cli/src/testing/started-server.ts'
import { clientPython } from './client-python.ts'
import { mlflowEnvironment } from './mlflow-peer.ts'

const { python = '', problem } = await clientPython('mlflow-3')
let server: StartedServer
let folder: string
beforeAll(async () => {
  server = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'trivium-file-store-'))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

test.skipIf(problem !== undefined)(
  'traces of a file store come with spans and what was said of them, as the client of MLflow reads them in both places',
  async () => {
    const script = async (args: readonly string[], env = {}) => {
      const { stdout } = await promisify(execFile)(
        python,
        [join(import.meta.dirname, 'file_store_traces.py'), ...args],
        {
          cwd: folder,
          env: { ...mlflowEnvironment, MLFLOW_ALLOW_FILE_STORE: 'true', ...env },
        },
      )
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    }
    const store = join(folder, 'mlruns')
    const ids = (await script(['seed', `file://${store}`])) as string[]
    const imported = await server.trivium(['import', 'mlflow', store, '--json'])
    expect([imported.code, imported.err]).toEqual([0, ''])
    const there = await script(['read', `file://${store}`, ...ids])
    const { TRIVIUM_TOKEN: token } = (await server.trivium(['env', '--json'])).json
    const here = await script(['read', server.ready.url, ...ids], { MLFLOW_TRACKING_TOKEN: token })
    expect(here).toEqual(there)
    expect(there[0].assessments).toHaveLength(2)
    expect(there.map((one: { data: { spans: unknown[] } }) => one.data.spans.length)).toEqual([2, 1])
    const again = await server.trivium(['import', 'mlflow', store, '--json'])
    expect([again.code, again.err]).toEqual([0, ''])
  },
)
