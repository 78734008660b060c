import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPostgresDatabase, createWorld } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestDatabase } from './kernel/backup/index.ts'
import { lockDataDirectory } from './kernel/db/index.ts'
import { migrateDatabase } from './migrate-database.ts'
import { openSnapshot } from './open-snapshot.ts'

let base: string
let data: string
let postgres: Awaited<ReturnType<typeof createPostgresDatabase>>
let empty: Awaited<ReturnType<typeof createPostgresDatabase>>
let sqlite: Awaited<ReturnType<typeof createWorld>>['kernel']['config']
let run: string
/** A run whose points are in a file, and how many they are. */
let moved: string
let points = 0
/** A value that is sealed with the key of a person. */
let sealed: string

/** A world that goes on where the last one stopped, and what it wrote. */
async function inWorld(databaseUrl: string, name: string): Promise<string> {
  const world = await createWorld({ data, ...(databaseUrl === '' ? {} : { databaseUrl }) })
  try {
    sqlite ??= world.kernel.config
    const { call } = await world.as('instance-admin')
    if (run) {
      expect((await world.kernel.subjects.opener('default', [sealed]))(sealed)).toBe('ann@mail')
      const found = await call('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`)
      expect(found.json?.run?.info?.run_name, found.text).toBe('the first ü')
    }
    await checkMoved(call)
    sealed ??= (await world.kernel.subjects.sealer('default', ['ann']))('ann', 'mail', 'ann@mail')
    const made = await call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', run_name: name })
    await call('POST', '/api/2.0/mlflow/runs/log-metric', {
      run_id: made.json.run.info.run_id,
      key: 'm',
      value: 0.1,
      timestamp: 1,
    })
    await world.settled()
    return made.json.run.info.run_id as string
  } finally {
    await world.close()
  }
}
type Call = Awaited<ReturnType<Awaited<ReturnType<typeof createWorld>>['as']>>['call']

/** Some points more to a run of which the earlier ones were moved to its file, here or where the database was before, and these too. */
async function checkMoved(call: Call): Promise<void> {
  const post = (path: string, body: object) => call('POST', `/api/2.0/mlflow/${path}`, body)
  moved ??= (await post('runs/create', { experiment_id: '0' })).json.run.info.run_id as string
  const metrics = Array.from({ length: 5 }, (_, n) => ({ key: 'loss', value: n, timestamp: n, step: points + n }))
  await post('runs/log-batch', { run_id: moved, metrics })
  await post('runs/update', { run_id: moved, status: 'FINISHED' })
  points += metrics.length
  const file = await call('POST', `/api/v1/projects/default/runs/${moved}/metrics/move`)
  expect(file.json, file.text).toMatchObject({ points })
  const { json } = await call('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${moved}&metric_key=loss`)
  const steps = (json.metrics as { step: number }[]).map(({ step }) => Number(step))
  expect(steps.toSorted((a, b) => a - b)).toEqual(Array.from({ length: points }, (_, step) => step))
}
const digestsOf = async (databaseUrl: string) => {
  const snapshot = await openSnapshot({ data, databaseUrl })
  try {
    return await digestDatabase(snapshot)
  } finally {
    await snapshot.close()
  }
}
const tablesIn = async (databaseUrl: string) => {
  const snapshot = await openSnapshot({ data, databaseUrl })
  try {
    return await snapshot.tables()
  } finally {
    await snapshot.close()
  }
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'trivium-migrate-'))
  data = join(base, 'data')
  ;[postgres, empty] = await Promise.all([createPostgresDatabase(), createPostgresDatabase()])
  await mkdir(data)
  run = await inWorld('', 'the first ü')
}, 60_000)
afterAll(async () => {
  await Promise.all([postgres.drop(), empty.drop()])
  await rm(base, { recursive: true, force: true })
})

test('a move that fails on the way leaves the new database empty and the old one as it was, and says so', async () => {
  const file = join(data, 'trivium.sqlite')
  const raw = new DatabaseSync(file)
  // Postgres cannot hold this text, so that it fails after some tables went over.
  raw.exec(`insert into instance (key, value) values ('zz', cast(x'610062' as text))`)
  raw.close()
  await expect(migrateDatabase(sqlite, empty.url)).rejects.toMatchObject({
    code: 'MIGRATE.FAILED',
    message: expect.stringContaining('the new one is empty again'),
  })
  expect(await tablesIn(empty.url)).toEqual([])
  const again = new DatabaseSync(file)
  again.exec(`delete from instance where key = 'zz'`)
  again.close()
  expect((await readdir(join(data, 'tmp'))).filter((name) => name.startsWith('migrate-'))).toEqual([])
  await inWorld('', 'still works')
}, 60_000)

test('SQLite moves to Postgres and back with the same digest of every table, and a server goes on from each', async () => {
  const before = await digestsOf('')
  const moved = await migrateDatabase(sqlite, postgres.url)
  expect(moved).toMatchObject({ from: 'sqlite', to: 'postgres', next: expect.stringContaining('Set databaseUrl') })
  expect(await digestsOf(postgres.url)).toEqual(before)
  expect(moved.tables).toEqual(before)

  await expect(inWorld('', 'by mistake')).rejects.toMatchObject({ code: 'DATA.MOVED' })
  await expect(migrateDatabase(sqlite, empty.url)).rejects.toMatchObject({ code: 'DATA.MOVED' })
  await inWorld(postgres.url, 'on Postgres')

  const onPostgres = { ...sqlite, databaseUrl: postgres.url }
  await expect(migrateDatabase(onPostgres, 'sqlite')).rejects.toMatchObject({ code: 'MIGRATE.TARGET_EXISTS' })
  await rename(join(data, 'trivium.sqlite'), join(data, 'old.sqlite'))
  const there = await digestsOf(postgres.url)
  expect(await migrateDatabase(onPostgres, 'sqlite')).toMatchObject({ from: 'postgres', to: 'sqlite' })
  expect(await digestsOf('')).toEqual(there)
  await inWorld('', 'back again')
}, 120_000)

test('a move is refused while a server works, into a place that is not empty, and to nowhere', async () => {
  const world = await createWorld({ data: join(base, 'other'), databaseUrl: empty.url })
  try {
    await expect(
      migrateDatabase({ ...sqlite, data: join(base, 'third'), databaseUrl: empty.url }, 'sqlite'),
    ).rejects.toMatchObject({ code: 'MIGRATE.IN_USE' })
    await expect(migrateDatabase(sqlite, empty.url)).rejects.toMatchObject({ code: 'BACKUP.NOT_EMPTY' })
  } finally {
    await world.close()
  }
  const held = lockDataDirectory(data)
  await expect(migrateDatabase(sqlite, empty.url)).rejects.toMatchObject({ code: 'DATA.IN_USE' })
  held.release()
  await expect(migrateDatabase(sqlite, 'mysql://x')).rejects.toMatchObject({ code: 'MIGRATE.BAD_TARGET' })
  await expect(migrateDatabase(sqlite, 'sqlite')).rejects.toMatchObject({ code: 'MIGRATE.SAME' })
  expect(existsSync(join(data, 'trivium.sqlite'))).toBe(true)
}, 60_000)
