import { existsSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresDatabase, createWorld, type World } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { backUp } from './back-up.ts'
import { readManifest, writeManifest } from './backup-manifest.ts'
import { backupFolder, digestDatabase } from './kernel/backup/index.ts'
import { openSnapshot } from './open-snapshot.ts'
import { restore } from './restore.ts'

type Kind = 'sqlite' | 'postgres'

/** A database of a kind in a data directory, and what takes both away. */
async function place(kind: Kind) {
  const base = await mkdtemp(join(tmpdir(), 'trivium-backup-'))
  const database = kind === 'postgres' ? await createPostgresDatabase() : undefined
  return {
    base,
    data: join(base, 'data'),
    databaseUrl: database?.url ?? '',
    remove: async () => {
      await database?.drop()
      await rm(base, { recursive: true, force: true })
    },
  }
}
type Place = Awaited<ReturnType<typeof place>>

const open = async ({ data, databaseUrl }: Place): Promise<World> => {
  await mkdir(data, { recursive: true })
  return createWorld({ data, ...(databaseUrl === '' ? {} : { databaseUrl }) })
}

const digestsOf = async (where: Place) => {
  const snapshot = await openSnapshot(where)
  try {
    return await digestDatabase(snapshot)
  } finally {
    await snapshot.close()
  }
}

const featureTime = Date.UTC(2001, 0, 31)

/** A little of everything that is kept: runs with odd texts and numbers, a dataset, feature rows, a secret. */
async function fill(world: World): Promise<{ run: string }> {
  const { call } = await world.as('admin')
  const mlflow = async (path: string, body: object) => (await call('POST', `/api/2.0/mlflow/${path}`, body)).json
  const { run } = await mlflow('runs/create', { experiment_id: '0', run_name: 'odd \u2028 name\r\n"ü"' })
  const id = run.info.run_id as string
  await mlflow('runs/log-batch', {
    run_id: id,
    metrics: [0.1, 1e300, -1e-300, 'Infinity', 'NaN', 2 ** 53 - 1].map((value, step) => ({
      key: 'odd',
      value,
      step,
      timestamp: 1e12 + step,
    })),
  })
  const added = await call(
    'POST',
    '/api/v1/projects/default/datasets/rows/versions?format=csv',
    'id,value\n1,a\n2,b\n',
    { 'content-type': 'application/octet-stream' },
  )
  expect([added.status, added.text]).toEqual([200, expect.stringContaining('valid')])
  const view = '/api/v1/projects/default/feature-views/recent'
  const defined = await call('PUT', view, {
    keys: ['origin'],
    columns: { delay: 'number' },
    features: { mean_delay: 'avg(delay)' },
    window: '6h',
  })
  const pushed = await call('POST', `${view}/rows`, {
    rows: [10, 20].map((delay) => ({
      id: `r${delay}`,
      key: { origin: 'ORD' },
      eventTime: featureTime,
      values: { delay },
    })),
  })
  expect([defined.status, pushed.status]).toEqual([200, 200])
  await world.settled()
  return { run: id }
}

const historyPath = (run: string) => `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss`
const latePoint = (run: string) => ({ run_id: run, key: 'loss', value: 7.5, step: 30, timestamp: 30 })

/** A run whose points are in a file of the object store, all but one that came later. */
async function movePoints(world: World): Promise<{ run: string; history: unknown }> {
  const { call } = await world.as('admin')
  const post = (path: string, body: object) => call('POST', `/api/2.0/mlflow/${path}`, body)
  const run = (await post('runs/create', { experiment_id: '0', run_name: 'moved' })).json.run.info.run_id as string
  const metrics = Array.from({ length: 30 }, (_, step) => ({ key: 'loss', value: step / 7, step, timestamp: step }))
  await post('runs/log-batch', { run_id: run, metrics })
  await post('runs/update', { run_id: run, status: 'FINISHED', end_time: 5 })
  const moved = await call('POST', `/api/v1/projects/default/runs/${run}/metrics/move`)
  expect(moved.json, moved.text).toMatchObject({ points: 30 })
  await post('runs/log-metric', latePoint(run))
  const history = (await call('GET', historyPath(run))).json.metrics as unknown[]
  expect(history.length).toBe(31)
  return { run, history }
}

describe.each([
  ['sqlite', 'sqlite'],
  ['postgres', 'postgres'],
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
] as const)('a backup of %s restored into %s', (from, to) => {
  test('has every row and every content, taken while the server writes, and a server goes on from it', async () => {
    const [old, next] = await Promise.all([place(from), place(to)])
    try {
      const world = await open(old)
      const { run } = await fill(world)
      const moved = await movePoints(world)
      let writing = true
      const { call } = await world.as('contributor')
      const written: string[] = []
      const write = (async () => {
        for (let i = 0; writing; i++) {
          const made = await call('POST', '/api/2.0/mlflow/experiments/create', { name: `during ${i}` })
          written.push(made.json.experiment_id as string)
        }
      })()
      const target = join(old.base, 'backup')
      const manifest = await backUp(world.kernel.config, target)
      writing = false
      await write
      expect(written.length).toBeGreaterThan(0)
      expect(manifest.seq).toBeGreaterThan(0)
      await world.close()

      const config = { ...world.kernel.config, data: next.data, databaseUrl: next.databaseUrl }
      await restore(config, target)
      expect(await digestsOf(next)).toEqual(manifest.tables.map(({ table, rows, digest }) => ({ table, rows, digest })))

      const again = await open(next)
      const admin = await again.as('instance-admin')
      const found = (await admin.call('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`)).json.run
      expect(found.info.run_name).toBe('odd \u2028 name\r\n"ü"')
      const history = await admin.call('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=odd`)
      expect(history.status, history.text).toBe(200)
      expect(history.json.metrics.map((one: { value: unknown }) => one.value)).toEqual([
        0.1,
        1e300,
        -1e-300,
        Number.MAX_VALUE,
        'NaN',
        2 ** 53 - 1,
      ])
      // Nobody sees which points are in a file, also not a client that sends one of them again.
      for (const again of [latePoint(moved.run), { ...latePoint(moved.run), value: 3 / 7, step: 3, timestamp: 3 }])
        await admin.call('POST', '/api/2.0/mlflow/runs/log-metric', again)
      expect((await admin.call('GET', historyPath(moved.run))).json.metrics).toEqual(moved.history)
      const content = await admin.call('GET', '/api/v1/projects/default/datasets/rows/versions/1/rows?limit=10')
      expect(content.text).toContain('"a"')
      // The online store is in no backup: the first start makes it from the tables.
      await again.capabilities.features.recover()
      const looked = await admin.call('POST', '/api/v1/projects/default/feature-views/recent/lookup', {
        keys: [{ origin: 'ORD' }],
        asOf: featureTime + 3_600_000,
      })
      expect(looked.text).toContain('"mean_delay":15')
      // New series, events and experiments continue after the old ones.
      const more = await admin.call('POST', '/api/2.0/mlflow/runs/log-metric', {
        run_id: run,
        key: 'new',
        value: 1,
        timestamp: 1,
      })
      expect(more.status).toBe(200)
      const made = await admin.call('POST', '/api/2.0/mlflow/experiments/create', { name: 'after' })
      expect(made.status).toBe(200)
      await again.settled()
      expect(await again.kernel.events.head(again.kernel.db.read)).toBeGreaterThan(manifest.seq)
      await again.close()
    } finally {
      await Promise.all([old.remove(), next.remove()])
    }
  }, 120_000)
})

describe('a backup', () => {
  const withBackup = async (work: (at: { old: Place; target: string; world: World }) => Promise<void>) => {
    const old = await place('sqlite')
    try {
      const world = await open(old)
      await fill(world)
      const target = join(old.base, 'backup')
      await backUp(world.kernel.config, target)
      await world.close()
      await work({ old, target, world })
    } finally {
      await old.remove()
    }
  }
  const into = (world: World, data: string) => restore({ ...world.kernel.config, data }, join(data, '../backup'))

  test('that lost or changed one byte is refused before anything is written', async () => {
    await withBackup(async ({ old, target, world }) => {
      const data = join(old.base, 'restored')
      const files = (await readdir(target, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
      const samples = ['event.ndjson.gz', 'blobs.txt', 'manifest.json'].map((name) =>
        files.find((file) => file.endsWith(name)),
      )
      for (const file of [...samples, files.find((one) => one.includes('/blobs/'))]) {
        if (!file) throw new Error('A file is missing from the backup.')
        const before = await readFile(file)
        await appendFile(file, ' ')
        await expect(into(world, data), file).rejects.toMatchObject({ code: 'BACKUP.DAMAGED' })
        await rm(file)
        await expect(into(world, data), file).rejects.toMatchObject({ code: 'BACKUP.NOT_A_BACKUP' })
        await writeFile(file, before)
        expect(existsSync(data)).toBe(false)
      }
      await into(world, data)
    })
  }, 120_000)

  test('of another schema is refused, and a restore that fails leaves the directory empty', async () => {
    await withBackup(async ({ old, target, world }) => {
      const data = join(old.base, 'restored')
      const manifest = await readManifest(backupFolder(target), target)
      await writeManifest(backupFolder(target), { ...manifest, migrations: [...manifest.migrations, '9999-tomorrow'] })
      await expect(into(world, data)).rejects.toThrow('whose database differs (9999-tomorrow)')
      const [first, ...others] = manifest.tables.toReversed()
      if (!first) throw new Error('The backup has no tables.')
      await writeManifest(backupFolder(target), {
        ...manifest,
        tables: [...others, { ...first, rows: first.rows + 1 }],
      })
      await expect(into(world, data)).rejects.toMatchObject({ code: 'BACKUP.DIFFERS' })
      expect(await readdir(data)).toEqual(['server.lock'])
      await writeManifest(backupFolder(target), manifest)
      await into(world, data)
    })
  }, 120_000)

  test('is neither written over something nor restored over something', async () => {
    await withBackup(async ({ old, target, world }) => {
      await expect(backUp(world.kernel.config, target)).rejects.toMatchObject({ code: 'BACKUP.EXISTS' })
      await expect(into(world, old.data)).rejects.toMatchObject({ code: 'BACKUP.NOT_EMPTY' })
      const nowhere = { ...world.kernel.config, data: join(old.base, 'nothing') }
      await expect(backUp(nowhere, join(old.base, 'other'))).rejects.toMatchObject({ code: 'BACKUP.NO_DATABASE' })
      expect((await readdir(old.base)).filter((name) => name.includes('partial'))).toEqual([])
    })
  }, 120_000)

  test('holds no keys unless they are asked for', async () => {
    const old = await place('sqlite')
    try {
      const world = await open(old)
      const without = await backUp(world.kernel.config, join(old.base, 'a'))
      const withKeys = await backUp(world.kernel.config, join(old.base, 'b'), { withKeys: true })
      await world.close()
      expect(without.keys).toEqual([])
      expect(existsSync(join(old.base, 'a', 'keys'))).toBe(false)
      expect(withKeys.keys).toContain('vault-key')
      await restore({ ...world.kernel.config, data: join(old.base, 'c') }, join(old.base, 'b'))
      expect(await readFile(join(old.base, 'c', 'vault-key'))).toEqual(await readFile(join(old.data, 'vault-key')))
    } finally {
      await old.remove()
    }
  }, 120_000)
})
