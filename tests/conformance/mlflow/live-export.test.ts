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
    let seeded: Record<string, any>
    /** No list names deleted logged models: what the server says of these is asked by their ids. */
    const content = (peer: MlflowPeer, how: 'shown' | 'exact' = 'shown') =>
      peer.facts('server_content.py', peer.url, how, `${seeded['gone']},${seeded['lost']}`)
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
      seeded = await from.facts('traces_seed.py', from.url)
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
      expect(report).toMatchObject({ verified: true, skipped: [], models: 2, versions: 6, loggedModels: 5 })
      expect(report).toMatchObject({ traces: 4, evaluationSets: 2, evaluationRecords: 3 })
      expect(report.experiments.map((one: any) => [one.name, one.here.runs, one.same]).toSorted()).toEqual([
        ['Default', 0, true],
        ['answers', 1, true],
        ['delays', 4, true],
        ['elsewhere', 1, true],
        ['gone', 1, true],
      ])
      const served = await command('import', 'mlflow', from.url)
      expect(served.report).toMatchObject({ verified: true, skipped: [], files: 0, traces: 4, evaluationRecords: 3 })
    }, 600_000)

    test('an export into a running server loses nothing, and a second one changes nothing', async () => {
      const before = await content(from)
      expect(Object.keys(before['models'] as object).toSorted()).toEqual(['delay', 'greeting'])
      expect(before['traces'].answers).toHaveLength(4)
      expect(before['deleted']).toHaveLength(2)
      const done = await command('export', 'mlflow', to.url)
      expect(done).toMatchObject({ skipped: [], traces: 4, same: { traces: 4, evaluationRecords: 3 } })
      expect(done.differs.map(({ what }: { what: string }) => what)).toEqual([
        'ids of experiments, runs, logged models, evaluation datasets and their records',
        'times of experiments, logged models, evaluation datasets, registered models and versions',
        'digests of evaluation datasets',
        'addresses of files, and the mark mlflow.trace.infoFinalized of traces',
      ])
      expect(await content(to)).toEqual(before)
      // What somebody changed there becomes what it is here.
      await fetch(`${to.url}/api/3.0/mlflow/traces/${seeded['good']}/tags`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ key: 'stray', value: 'x' }),
      })
      const again = await command('export', 'mlflow', to.url)
      expect(again).toMatchObject({ skipped: [], same: { traces: 4, evaluationRecords: 3 } })
      expect(await content(to)).toEqual(before)
    }, 600_000)

    test('an export into a folder keeps also every id and time: the server over it shows the same', async () => {
      const folderOf = join(folder, 'copy')
      const done = await command('export', 'mlflow', folderOf, '--python', mlflow.python ?? '')
      expect(done).toMatchObject({ skipped: [], keepsIds: true, traces: 4, loggedModels: 5 })
      const copy = await startMlflowPeer(mlflow.python ?? '', {
        folder: folderOf,
        store: `sqlite:///${join(folderOf, 'mlflow.db')}`,
      })
      ended.push(copy.stop)
      expect(await content(copy, 'exact')).toEqual(await content(from, 'exact'))
      // The store of the copy is read without its server, and says what is here already.
      const store = ['import', 'mlflow', join(folderOf, 'mlflow.db'), '--artifacts', join(folderOf, 'mlartifacts')]
      const { report } = await command(...store)
      expect(report).toMatchObject({ verified: true, skipped: [], files: 0, traces: 4, evaluationRecords: 3 })
    }, 600_000)
  },
)
