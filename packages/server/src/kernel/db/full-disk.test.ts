import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Runs a script in a process that cannot make a file larger than `kib`: for a program the same as a full disk. */
function withFileLimit(kib: number, script: string, ...args: string[]) {
  const limited = spawnSync(
    '/bin/bash',
    [
      '-c',
      `ulimit -f ${kib}; exec "$0" "$@"`,
      process.execPath,
      '--conditions=trivium-source',
      '--input-type=module',
      '-e',
      script,
      ...args,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (limited.status !== 0)
    throw new Error(`The child ended with ${limited.status ?? limited.signal}: ${limited.stderr}`)
  return JSON.parse(limited.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
}

const moduleAt = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

test('a full disk fails the writes that it touches with a clear error; what was acknowledged stays and the rest can be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-full-'))
  try {
    const script = `
      const { openSqlite } = await import(${moduleAt('../../drivers/sqlite/open-sqlite.ts')})
      const db = await openSqlite({ path: process.argv[1] })
      const run = (work) => db.write.transaction().execute(work)
      await run((trx) => trx.schema.createTable('t').addColumn('id', 'integer', (c) => c.primaryKey()).addColumn('data', 'text').execute())
      const kept = [], refused = new Set()
      for (let round = 0; round < 40; round += 1) {
        const all = await Promise.allSettled(Array.from({ length: 10 }, (_, i) =>
          run(async (trx) => {
            const id = round * 10 + i
            await trx.insertInto('t').values({ id, data: 'x'.repeat(20_000) }).execute()
            return id
          })))
        for (const one of all) one.status === 'fulfilled' ? kept.push(one.value) : refused.add(one.reason.code + ' ' + one.reason.status)
      }
      const rows = (await db.read.selectFrom('t').select('id').orderBy('id').execute()).map((row) => row.id)
      process.stdout.write(JSON.stringify({ kept: kept.toSorted((a, b) => a - b), rows, refused: [...refused] }))
      process.exit(0)`
    const found = withFileLimit(2000, script, join(folder, 'db.sqlite'))
    expect((found['kept'] as number[]).length).toBeGreaterThan(20)
    expect(found['rows']).toEqual(found['kept'])
    expect(found['refused']).toEqual(['DATABASE.NO_SPACE 507'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a full disk refuses a blob with a clear error and leaves nothing half-written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-full-'))
  try {
    const script = `
      const { createBlobLocal } = await import(${moduleAt('../../drivers/blob-local/blob-local.ts')})
      const { readdirSync } = await import('node:fs')
      const { Readable } = await import('node:stream')
      const blobs = createBlobLocal({ root: process.argv[1] })
      const small = await blobs.put('p', Buffer.from('small'))
      const large = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(65_536)))
      const error = await blobs.put('p', large).catch((e) => e)
      const files = readdirSync(process.argv[1], { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => f.name)
      const again = await blobs.put('p', Buffer.from('still works'))
      process.stdout.write(JSON.stringify({ code: error.code, status: error.status, message: error.message, files, small: small.digest, again: again.size }))`
    const found = withFileLimit(1000, script, folder)
    expect(found).toMatchObject({ code: 'BLOB.NO_SPACE', status: 507, again: 11 })
    expect(found['message']).toContain('Nothing was stored')
    expect(found['files']).toEqual([found['small']])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a full disk refuses a batch of a ledger as a whole; what was appended before and after is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trivium-full-'))
  try {
    const script = `
      const { openLedgerWriter } = await import(${moduleAt('../ledger/ledger-writer.ts')})
      const { pendingLedger } = await import(${moduleAt('../ledger/ledger-reader.ts')})
      const { openSqlite } = await import(${moduleAt('../../drivers/sqlite/open-sqlite.ts')})
      const { migrate } = await import(${moduleAt('./migrate.ts')})
      const { migrations } = await import(${moduleAt('../../migrations/index.ts')})
      const writer = openLedgerWriter({ root: process.argv[1], stream: ['s'] })
      const kept = [], refused = []
      for (let batch = 0; batch < 20; batch += 1) {
        const records = Array.from({ length: 10 }, (_, i) => ({ id: batch * 10 + i, data: 'x'.repeat(batch === 10 ? 150_000 : 5000) }))
        try { writer.append(records); kept.push(...records.map((r) => r.id)) } catch (error) { refused.push([batch, error.code, error.status]) }
      }
      writer.close()
      const db = await openSqlite({ path: process.argv[1] + '.sqlite', synchronous: 'off' })
      await migrate(db, migrations.slice(0, 1))
      const read = []
      for await (const batch of pendingLedger({ db: db.read, root: process.argv[1], stream: ['s'] }))
        for (const line of batch.lines.toString().split('\\n').filter(Boolean)) read.push(JSON.parse(line).id)
      process.stdout.write(JSON.stringify({ kept, refused, read }))
      process.exit(0)`
    const found = withFileLimit(1000, script, join(folder, 'ledger'))
    expect(found['refused']).toEqual([[10, 'LEDGER.NO_SPACE', 503]])
    expect((found['kept'] as number[]).length).toBe(190)
    expect(found['read']).toEqual(found['kept'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
