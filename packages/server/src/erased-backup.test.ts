import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createPostgresDatabase, createWorld, type World } from '@trivium/testing'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { backUp } from './back-up.ts'
import type { Config } from './kernel/config/index.ts'
import { restore, type RestoreOptions } from './restore.ts'
import { saveSubjectKeys } from './subject-keys-file.ts'

const reason = 'Request 4 of a test'

describe.each(['sqlite', 'postgres'] as const)('what was erased after a backup of %s', (kind) => {
  let base: string
  let config: Config
  /** Sealed for ann and bob before the backup, for dora after it. */
  const texts: Record<string, string> = {}
  const drops: (() => Promise<unknown>)[] = []
  let before: string
  let after: string
  let identity: string
  let keyRows: string[]

  const place = async (name: string): Promise<{ data: string; databaseUrl: string }> => {
    const data = join(base, name)
    await mkdir(data, { recursive: true })
    if (kind === 'sqlite') return { data, databaseUrl: '' }
    const { url, drop } = await createPostgresDatabase()
    drops.push(drop)
    return { data, databaseUrl: url }
  }
  const open = ({ data, databaseUrl }: Pick<Config, 'data' | 'databaseUrl'>): Promise<World> =>
    createWorld({ data, ...(databaseUrl === '' ? {} : { databaseUrl }) })
  const seal = async (world: World, subject: string): Promise<string> =>
    (await world.kernel.subjects.sealer('default', [subject]))(subject, 'mail', `${subject}@mail`)
  const erase = async (world: World, path: string, subject: string, names?: string[]): Promise<void> => {
    const { call } = await world.as('instance-admin')
    const body = { subject, confirm: subject, reason, ...(names ? { names } : {}) }
    const erased = await call('POST', `${path}/erase`, body)
    expect(erased.status, erased.text).toBe(200)
    await vi.waitFor(
      async () => expect((await call('GET', `${path}/erasures`)).text).not.toContain('"running"'),
      10_000,
    )
  }
  /** The texts of the report, once whatever a restore has left to do is done. */
  const reportTexts = async (world: World): Promise<string[]> => {
    const { db } = world.kernel
    await vi.waitFor(async () => {
      const left = await db.read.selectFrom('erasure').select('error').where('state', '=', 'running').execute()
      expect(left).toEqual([])
    }, 10_000)
    const rows = await db.read.selectFrom('report_version').select('text').orderBy('version').execute()
    return rows.map(({ text }) => text)
  }
  /** Restores, opens what came out, and says what can be read of whom. */
  const restored = async (from: string, options: RestoreOptions, look?: (world: World) => Promise<void>) => {
    const to = await place(`restored-${Math.random().toString(36).slice(2, 8)}`)
    const report = await restore({ ...config, ...to }, join(base, from), options)
    const world = await open(to)
    try {
      const opener = await world.kernel.subjects.opener('default', Object.values(texts))
      const people = await world.kernel.db.read.selectFrom('principal').select('name').execute()
      await look?.(world)
      return {
        report,
        ann: opener(texts['ann'] ?? ''),
        bob: opener(texts['bob'] ?? ''),
        user: people.some(({ name }) => name === 'zebra.user'),
      }
    } finally {
      await world.close()
    }
  }

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'trivium-erased-'))
    const old = await place('data')
    const world = await open(old)
    config = { ...world.kernel.config }
    for (const subject of ['ann', 'bob']) texts[subject] = await seal(world, subject)
    await (await world.as('instance-admin')).call('POST', '/api/v1/projects/default/people', {
      name: 'zebra.user',
      role: 'viewer',
    })
    keyRows = (await world.kernel.db.read.selectFrom('subject_key').select('sealed').execute()).map(
      ({ sealed }) => sealed ?? '',
    )
    // Ann is also called by a name of several words, which only texts say.
    await world.kernel.db.write.transaction().execute((trx) =>
      trx
        .insertInto('report_version')
        .values(
          ['asked by Rosa  ÄNNCHEN Mohn', 'of nobody'].map((text, index) => ({
            project_id: 'default',
            report_id: 'rep_1',
            version: index + 1,
            title: 'A report',
            text,
            restored: null,
            saved_at: 1,
            saved_by: 'prn_1',
            saved_by_name: 'a user',
          })),
        )
        .execute(),
    )
    before = join(base, 'keys-before')
    await backUp(config, join(base, 'first'), { withKeys: true, subjectKeys: { file: before } })
    await erase(world, '/api/v1/projects/default/subjects', 'ann', ['Rosa Ännchen Mohn'])
    await erase(world, '/api/v1/subjects', 'zebra.user')
    texts['dora'] = await seal(world, 'dora')
    await erase(world, '/api/v1/projects/default/subjects', 'dora')
    await backUp(config, join(base, 'second'), { withKeys: true })
    identity = await generateX25519Identity()
    after = join(base, 'keys-after')
    await saveSubjectKeys(config, after, { lock: { recipients: [await identityToRecipient(identity)] } })
    await world.close()
  }, 60_000)
  afterAll(async () => {
    for (const drop of drops) await drop()
    await rm(base, { recursive: true, force: true })
  })

  test('a backup holds no key of a person, and the file of keys does', async () => {
    expect(keyRows).toHaveLength(2)
    const folder = join(base, 'first', 'database')
    const tables = readdirSync(folder).map((file) => gunzipSync(readFileSync(join(folder, file))).toString())
    const kept = await readFile(before, 'utf8')
    for (const key of keyRows)
      expect([tables.some((rows) => rows.includes(key)), kept.includes(key)]).toEqual([false, true])
  })

  test('is not brought back: with the keys a restore wants to know of later erasures, and repeats them', async () => {
    await expect(
      restore({ ...config, ...(await place('refused')) }, join(base, 'first'), { subjectKeys: before }),
    ).rejects.toMatchObject({ code: 'BACKUP.NO_ERASURES' })
    const found = await restored('first', { subjectKeys: before, replaces: config }, async (world) => {
      const late = [await seal(world, 'ann'), await seal(world, 'dora'), await seal(world, 'eve')]
      const opener = await world.kernel.subjects.opener('default', late)
      expect(late.map(opener)).toEqual([undefined, undefined, 'eve@mail'])
      const { call } = await world.as('instance-admin')
      expect((await call('GET', '/api/v1/subjects/erasures')).json.erasures).toHaveLength(3)
      expect(await reportTexts(world)).toEqual(['asked by [redacted]', 'of nobody'])
    })
    expect(found).toMatchObject({ ann: undefined, bob: 'bob@mail', user: false })
    expect(found.report).toMatchObject({ subjectKeys: 'restored', erasures: { replayed: 2 } })
  }, 30_000)

  if (kind === 'postgres') return

  test('reads as erased too where the keys are left out, like all that is personal', async () => {
    const noted = join(base, 'erasures.jsonl')
    await copyFile(join(config.data, 'erasures.jsonl'), noted)
    // The file names nobody, and yet the texts are found: its marks open with the key of the vault.
    expect(await readFile(noted, 'utf8')).not.toContain('Mohn')
    const found = await restored('first', { files: [noted] }, async (world) =>
      expect(await reportTexts(world)).toEqual(['asked by [redacted]', 'of nobody']),
    )
    expect(found).toMatchObject({ ann: undefined, bob: undefined, user: false })
    expect(found.report).toMatchObject({ subjectKeys: 'left-out', people: 2, erasures: { replayed: 1 } })
  })

  test('is found by itself beside the checkpoints of a second place', async () => {
    const second = join(base, 'second-place')
    await mkdir(second)
    await copyFile(join(config.data, 'erasures.jsonl'), join(second, 'erasures.jsonl'))
    const to = await place('with-second-place')
    const report = await restore({ ...config, ...to, checkpointDirectory: second }, join(base, 'first'), {
      subjectKeys: before,
    })
    expect(report.erasures).toEqual({ from: [join(second, 'erasures.jsonl')], replayed: 2 })
  })

  test('stays erased where the keys are older than the backup: it knows of the erasure itself', async () => {
    const found = await restored('second', { subjectKeys: before, noLaterErasures: true })
    expect(found).toMatchObject({ ann: undefined, bob: 'bob@mail', user: false, report: { erasures: { replayed: 1 } } })
  })

  test('is in no file of keys that is renewed; one that is encrypted opens for its recipient alone', async () => {
    const given = { subjectKeys: after, noLaterErasures: true }
    const to = { ...config, ...(await place('locked')) }
    await expect(restore(to, join(base, 'first'), given)).rejects.toMatchObject({ code: 'BACKUP.NEEDS_KEY' })
    const wrong = { ...given, key: { identities: [await generateX25519Identity()] } }
    await expect(restore(to, join(base, 'first'), wrong)).rejects.toMatchObject({ code: 'BACKUP.WRONG_KEY' })
    const found = await restored('first', { ...given, key: { identities: [identity] } }, async (world) =>
      expect((await reportTexts(world))[0]).toContain('Mohn'),
    )
    expect(found).toMatchObject({ ann: undefined, bob: 'bob@mail' })
  })

  test('nothing is restored where the file of keys or of erasures is something else', async () => {
    const to = { ...config, ...(await place('nothing')) }
    const first = join(base, 'first')
    await expect(restore(to, first, { subjectKeys: join(first, 'manifest.json') })).rejects.toMatchObject({
      code: 'BACKUP.NO_SUBJECT_KEYS',
    })
    await expect(restore(to, first, { files: [join(first, 'manifest.json')] })).rejects.toMatchObject({
      code: 'BACKUP.BAD_ERASURES',
    })
    expect(readdirSync(to.data)).toEqual([])
  })
})
