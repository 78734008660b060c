import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPostgresDatabase } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientPython } from './client-python.ts'
import { type ClientServer, startClientServer, token } from './client-server.ts'
import { mlflowEnvironment, type MlflowPeer, startMlflowPeer } from './mlflow-peer.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../../packages/cli/src/main.ts')
/** The whole of MLflow with its server, and the driver with which it speaks to Postgres. */
const [mlflow, driver] = [await clientPython('mlflow-3'), await clientPython('postgres')]
const problem = mlflow.problem ?? driver.problem

describe.skipIf(problem)(
  `the Postgres store of a real MLflow, and another one that runs${problem ? `: ${problem}` : ''}`,
  () => {
    let folder = ''
    let database: Awaited<ReturnType<typeof createPostgresDatabase>>
    let trivium: ClientServer
    let from: MlflowPeer
    let to: MlflowPeer
    const ended: (() => Promise<unknown>)[] = []
    const command = async (...args: string[]) => {
      const { stdout } = await run(process.execPath, ['--conditions=trivium-source', program, '--json', ...args], {
        env: { ...mlflowEnvironment, TRIVIUM_URL: trivium.url, TRIVIUM_TOKEN: token },
        maxBuffer: 10_000_000,
      })
      return JSON.parse(stdout) as any
    }

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trivium-live-export-'))
      for (const name of ['from', 'to']) mkdirSync(join(folder, name))
      database = await createPostgresDatabase()
      trivium = await startClientServer('sqlite')
      const where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
      const packages = (await run(driver.python ?? '', ['-c', where])).stdout.trim()
      const starting = [
        startMlflowPeer(mlflow.python ?? '', {
          folder: join(folder, 'from'),
          store: database.url.replace(/^postgres(ql)?:/, 'postgresql+psycopg2:'),
          packages,
        }),
        startMlflowPeer(mlflow.python ?? '', {
          folder: join(folder, 'to'),
          store: `sqlite:///${join(folder, 'to', 'mlflow.db')}`,
        }),
      ]
      for (const one of starting) one.then(({ stop }) => ended.push(stop)).catch(() => {})
      ;[from, to] = (await Promise.all(starting)) as [MlflowPeer, MlflowPeer]
      await from.facts('import_seed.py', from.url)
      await from.facts('export_seed.py', from.url)
    }, 600_000)
    afterAll(async () => {
      for (const end of ended) await end()
      await trivium?.stop()
      await database?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    test('the store is read without its server, and the same as through it', async () => {
      const { report } = await command(
        'import',
        'mlflow',
        database.url,
        '--artifacts',
        join(folder, 'from/mlartifacts'),
      )
      expect(report).toMatchObject({ verified: true, skipped: [], models: 2, versions: 6, loggedModels: 2 })
      expect(report.experiments.map((one: any) => [one.name, one.here.runs, one.same]).toSorted()).toEqual([
        ['Default', 0, true],
        ['delays', 4, true],
        ['gone', 1, true],
      ])
      const served = await command('import', 'mlflow', from.url)
      expect(served.report).toMatchObject({ verified: true, skipped: [], files: 0 })
    }, 300_000)

    test('an export into a running server loses nothing, and a second one changes nothing', async () => {
      const before = await from.facts('server_content.py', from.url)
      expect(Object.keys(before['models'] as object).toSorted()).toEqual(['delay', 'greeting'])
      const done = await command('export', 'mlflow', to.url)
      expect(done.skipped).toEqual([])
      expect(await to.facts('server_content.py', to.url)).toEqual(before)
      const again = await command('export', 'mlflow', to.url)
      expect(again.skipped).toEqual([])
      expect(await to.facts('server_content.py', to.url)).toEqual(before)
    }, 300_000)
  },
)
