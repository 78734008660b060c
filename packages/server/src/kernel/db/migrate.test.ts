import { mkdtemp, rm } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresDatabase } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres } from '../../drivers/postgres/open-postgres.ts'
import { openSqlite } from '../../drivers/sqlite/open-sqlite.ts'
import { migrations } from '../../migrations/index.ts'
import type { Database } from './database.ts'
import { lockDataDirectory } from './lock-data-directory.ts'
import { migrate, type Migration } from './migrate.ts'

const folders: string[] = []
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-migrate-'))
  folders.push(folder)
  return folder
}
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

const failsHalfWay: Migration = {
  async up(db) {
    await db.schema.createTable('half').addColumn('id', 'integer').execute()
    throw new Error('half-way')
  },
}
const tables = async (db: Database): Promise<string[]> => {
  const reader = db.read as unknown as Kysely<any>
  const found =
    db.dialect === 'sqlite'
      ? await sql<{ name: string }>`select name from sqlite_master where type = 'table' order by 1`.execute(reader)
      : await sql<{
          name: string
        }>`select tablename as name from pg_tables where schemaname = 'public' order by 1`.execute(reader)
  return found.rows.map((row) => row.name)
}

describe.each(['sqlite', 'postgres'] as const)('migrations on %s', (dialect) => {
  let openIt: () => Promise<Database>
  let drop = async () => {}
  beforeAll(async () => {
    if (dialect === 'postgres') {
      const database = await createPostgresDatabase()
      drop = database.drop
      openIt = () => openPostgres({ url: database.url })
    } else {
      const folder = await newFolder()
      openIt = () => openSqlite({ path: join(folder, 'db.sqlite'), synchronous: 'off' })
    }
  }, 60_000)
  afterAll(() => drop())

  test('a migration that fails leaves nothing and can be tried again; those before it stay', async () => {
    const db = await openIt()
    await expect(migrate(db, [...migrations.slice(0, 2), ['9999-broken', failsHalfWay]])).rejects.toThrow('half-way')
    expect(await tables(db)).toContain('event')
    expect(await tables(db)).not.toContain('half')
    expect(await migrate(db, migrations.slice(0, 2))).toEqual([])
    await db.close()
  })

  test('several servers that start at once apply each migration once; a later start applies none', async () => {
    const servers = await Promise.all(dialect === 'postgres' ? [openIt(), openIt(), openIt()] : [openIt()])
    const applied = await Promise.all(servers.flatMap((db) => [migrate(db, migrations), migrate(db, migrations)]))
    expect(applied.flat().toSorted()).toEqual(migrations.slice(2).map(([name]) => name))
    const [db] = servers as [Database]
    expect(await migrate(db, migrations)).toEqual([])
    await Promise.all(servers.map((server) => server.close()))
  })

  test('a program that does not know what the database is stamped with is refused and changes nothing; others run', async () => {
    const db = await openIt()
    const older = migrations
    const newer = [...older, ['9000-contracted', { up: async () => {} }] as const]
    const [last = ''] = older.at(-1) ?? []
    await migrate(db, older, last)
    // Expanded only: both run, in either order.
    await migrate(db, newer, last)
    expect(await migrate(db, older, last)).toEqual([])
    await migrate(db, newer, '9000-contracted')
    await expect(migrate(db, older, last)).rejects.toMatchObject({ code: 'MIGRATION.PROGRAM_TOO_OLD' })
    // What says less does not take the stamp back.
    await migrate(db, newer, last)
    await expect(migrate(db, older, last)).rejects.toMatchObject({ code: 'MIGRATION.PROGRAM_TOO_OLD' })
    await db.close()
  })
})

test('the list of migrations is in order, without a name twice', () => {
  const names = migrations.map(([name]) => name)
  expect(names).toEqual([...new Set(names)].toSorted())
})

describe('the lock of the data directory', () => {
  test('a second server is refused with a sentence that says what to do, and may start after the first has ended', async () => {
    const folder = await newFolder()
    const lock = lockDataDirectory(folder)
    expect(() => lockDataDirectory(folder)).toThrow(`Another Trivium server runs on ${folder}`)
    lock.release()
    lockDataDirectory(folder).release()
  })

  test('kill -9 frees it', async () => {
    const folder = await newFolder()
    const script = `
      const { lockDataDirectory } = await import(${JSON.stringify(new URL('./lock-data-directory.ts', import.meta.url).href)})
      lockDataDirectory(process.argv[1])
      process.stdout.write('locked')
      setInterval(() => {}, 1000)`
    const child = spawn(
      process.execPath,
      ['--conditions=trivium-source', '--input-type=module', '-e', script, folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(() => lockDataDirectory(folder)).toThrow('Another Trivium server')
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
    lockDataDirectory(folder).release()
  })

  test('a directory that cannot be made is named with the reason', async () => {
    expect(() => lockDataDirectory('/dev/null/below')).toThrow(
      /data directory \/dev\/null\/below cannot be written: .+/,
    )
  })
})
