import { describeEachDatabase } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { Trx } from './database.ts'
import { type FixedParts, fixedQuery } from './fixed-query.ts'
import { isUniqueViolation } from './is-unique-violation.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const here = new URL('./offloaded-reads.fixture.ts', import.meta.url)

describeEachDatabase('the unit of work', ({ world, dialect }) => {
  const loose = (trx: Trx) => trx as unknown as Kysely<any>
  const write = <T>(work: (trx: Trx) => Promise<T>) => world.kernel.db.write.transaction().execute(work)
  const insert = (trx: Trx, id: string, n = 0) => loose(trx).insertInto('scratch').values({ id, n }).execute()
  const ids = async (prefix: string): Promise<string[]> => {
    const rows = await (world.kernel.db.read as unknown as Kysely<any>)
      .selectFrom('scratch')
      .select('id')
      .where('id', 'like', `${prefix}%`)
      .orderBy('id')
      .execute()
    return rows.map((row) => row.id as string)
  }
  const offload = async (name: string, input: unknown = {}) =>
    Buffer.from(await world.kernel.db.offload({ module: here, name, input })).toString()

  beforeAll(async () => {
    await write(async (trx) => {
      await trx.schema
        .createTable('scratch')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('n', 'bigint', (c) => c.notNull())
        .addColumn('data', dialect === 'sqlite' ? 'blob' : 'bytea')
        .execute()
    })
  })

  test('a callback that fails takes back its own rows and nobody else is touched', async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) =>
        write(async (trx) => {
          await insert(trx, `alone-${String(n).padStart(2, '0')}`)
          if (n % 3 === 0) throw new Error(`no ${n}`)
          return n
        }),
      ),
    )
    expect(all.filter((a) => a.status === 'rejected').map((a) => (a as { reason: Error }).reason.message)).toEqual(
      Array.from({ length: 10 }, (_, i) => `no ${i * 3}`),
    )
    expect((await ids('alone-')).length).toBe(20)
    expect(await ids('alone-00')).toEqual([])
  })

  test('a broken statement takes back its own rows and the next callback works', async () => {
    const [broken, next] = await Promise.allSettled([
      write(async (trx) => {
        await insert(trx, 'broken-1')
        await sql`insert into no_such_table values (1)`.execute(trx)
      }),
      write((trx) => insert(trx, 'broken-2')),
    ])
    expect([broken.status, next.status]).toEqual(['rejected', 'fulfilled'])
    expect(await ids('broken-')).toEqual(['broken-2'])
  })

  test('nothing is visible before the commit, everything after the promise', async () => {
    let inside: string[] = []
    await write(async (trx) => {
      await insert(trx, 'seen-1')
      inside = await ids('seen-')
      await insert(trx, 'seen-2')
    })
    expect(inside).toEqual([])
    expect(await ids('seen-')).toEqual(['seen-1', 'seen-2'])
  })

  test('who is refused for what another one has written finds it', async () => {
    const take = async (id: string) => {
      try {
        await write(async (trx) => {
          const found = await loose(trx).selectFrom('scratch').select('id').where('id', '=', id).executeTakeFirst()
          if (found) throw new Error('taken')
          await insert(trx, id)
        })
      } catch {
        return ids(id)
      }
    }
    for (let n = 0; n < 10; n += 1) {
      const all = await Promise.all(Array.from({ length: 4 }, () => take(`taken-${n}`)))
      const one = [`taken-${n}`]
      expect(all.filter((found) => found !== undefined)).toEqual([one, one, one])
    }
  })

  test('200 writers at once: each sees his own row the moment that his promise resolves', async () => {
    const missing: number[] = []
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const id = `many-${String(n).padStart(3, '0')}`
        await write((trx) => insert(trx, id, n))
        if ((await ids(id)).length !== 1) missing.push(n)
      }),
    )
    expect(missing).toEqual([])
    expect((await ids('many-')).length).toBe(200)
  })

  test('counting up in many transactions at once loses no step', async () => {
    await write((trx) => insert(trx, 'counter'))
    await Promise.all(
      Array.from({ length: 100 }, () =>
        write((trx) => loose(trx).updateTable('scratch').set({ n: sql`n + 1` }).where('id', '=', 'counter').execute()),
      ),
    )
    const row = await (world.kernel.db.read as unknown as Kysely<any>)
      .selectFrom('scratch')
      .select('n')
      .where('id', '=', 'counter')
      .executeTakeFirstOrThrow()
    expect(row.n).toBe(100)
  })

  test('listeners hear of every commit and not of a failure', async () => {
    let heard = 0
    const stop = world.kernel.db.onCommitted(() => {
      heard += 1
    })
    await write((trx) => insert(trx, 'heard-1'))
    expect(heard).toBeGreaterThan(0)
    let failed = 0
    while (failed !== heard) {
      failed = heard
      await sleep(100) // what the first commit woke commits too
    }
    await write(async () => {
      throw new Error('no commit')
    }).catch(() => {})
    // On Postgres the sequencer commits in between; here nothing else does.
    if (dialect === 'sqlite') expect(heard).toBe(failed)
    stop()
    const silent = heard
    await write((trx) => insert(trx, 'heard-2'))
    expect(heard).toBe(silent)
  })

  test('a key that is taken is known as such on both databases', async () => {
    await write((trx) => insert(trx, 'taken'))
    const error = await write((trx) => insert(trx, 'taken')).catch((e: unknown) => e)
    expect(isUniqueViolation(error)).toBe(true)
    expect(isUniqueViolation(new Error('something else'))).toBe(false)
  })

  test('a bulk insert takes any number of rows with text, large numbers, bytes and nulls, and skips what is there when told to', async () => {
    const { db } = world.kernel
    const rows = Array.from({ length: 25_000 }, (_, n) => [
      `bulk-${n}`,
      n * 1_000_003,
      n % 2 === 0 ? null : Buffer.from([n % 256, 0, 255]),
    ])
    const columns = ['id', 'n', 'data'] as never[]
    expect(await write((trx) => db.bulkInsert(trx, 'scratch' as never, columns, rows))).toBe(25_000)
    const again = [
      ['bulk-7', 1, null],
      ['bulk-new', 2, null],
    ]
    const inserted = await write((trx) =>
      db.bulkInsert(trx, 'scratch' as never, columns, again, { onConflict: 'ignore' }),
    )
    expect(inserted).toBe(1)
    const read = (db.read as unknown as Kysely<any>).selectFrom('scratch').selectAll()
    const seven = await read.where('id', '=', 'bulk-7').executeTakeFirstOrThrow()
    expect([seven.n, Buffer.from(seven.data)]).toEqual([7_000_021, Buffer.from([7, 0, 255])])
    expect(await write((trx) => db.bulkInsert(trx, 'scratch' as never, columns, []))).toBe(0)
  })

  test('a bulk insert that replaces puts new values beside the old key and adds what is new', async () => {
    const columns = ['id', 'n'] as const
    const options = { onConflict: { replaces: ['id'] } }
    const put = (rows: [string, number][]) =>
      write((trx) => world.kernel.db.bulkInsert(trx, 'scratch' as never, columns as never, rows, options as never))
    expect(await put([['put-1', 1]])).toBe(1)
    expect(
      await put([
        ['put-1', 10],
        ['put-2', 2],
      ]),
    ).toBe(2)
    const rows = await (world.kernel.db.read as unknown as Kysely<any>)
      .selectFrom('scratch')
      .select(['id', 'n'])
      .where('id', 'like', 'put-%')
      .orderBy('id')
      .execute()
    expect(rows.map(({ id, n }) => [id, n])).toEqual([
      ['put-1', 10],
      ['put-2', 2],
    ])
  })

  test('a transaction takes nothing any more once it has ended, whether it was committed or not', async () => {
    let kept: Trx | undefined
    await write(async (trx) => void (kept = trx))
    await expect(insert(kept as Trx, 'late-1')).rejects.toThrow(/transaction/i)
    await write(async (trx) => {
      kept = trx
      throw new Error('no')
    }).catch(() => {})
    await expect(insert(kept as Trx, 'late-2')).rejects.toThrow(/transaction/i)
    expect(await ids('late-')).toEqual([])
  })

  test('a fixed query takes the values of each call, lists of any length, and texts as they are stored', async () => {
    const find = fixedQuery(({ db, value, among }: FixedParts<{ least: number; ids: readonly string[] }>) =>
      (db as unknown as Kysely<any>)
        .selectFrom('scratch')
        .select('id')
        .where('n', '>=', value('least'))
        .where(among('id', 'ids'))
        .orderBy('id'),
    )
    const names = ['fixed-a', 'fixed-"b"', "fixed-'c'", 'fixed-{d,e}', 'fixed-\\ä']
    await write(async (trx) => {
      for (const [n, id] of names.entries()) await insert(trx, id, n)
      // Also of rows that only this transaction knows.
      expect(await find(trx, { least: 4, ids: names })).toEqual([{ id: 'fixed-\\ä' }])
    })
    const found = async (least: number, list: readonly string[]) =>
      (await find(world.kernel.db.read, { least, ids: list })).map(({ id }) => id as string)
    expect((await found(0, names)).toSorted()).toEqual(names.toSorted())
    expect(await found(3, ['fixed-a', 'fixed-{d,e}', 'nobody'])).toEqual(['fixed-{d,e}'])
    expect(await found(0, [])).toEqual([])
    expect(await Promise.all([found(0, ['fixed-a']), found(1, ['fixed-a'])])).toEqual([['fixed-a'], []])
    if (dialect === 'postgres') return
    await write((trx) => insert(trx, 'fixed-\ud800'))
    expect(await found(0, ['fixed-\ud800'])).toEqual(['fixed-\ufffd'])
  })

  test('a bulk insert that meets a taken key leaves nothing of the transaction', async () => {
    const { db } = world.kernel
    await write((trx) => insert(trx, 'half-2'))
    const rows = [
      ['half-1', 1],
      ['half-2', 2],
      ['half-3', 3],
    ]
    const error = await write((trx) => db.bulkInsert(trx, 'scratch' as never, ['id', 'n'] as never[], rows)).catch(
      (e: unknown) => e,
    )
    expect(isUniqueViolation(error)).toBe(true)
    expect(await ids('half-')).toEqual(['half-2'])
  })

  test('an offloaded read returns finished bytes and sees what was committed before it', async () => {
    await write((trx) => insert(trx, 'offloaded'))
    const { rows } = JSON.parse(await offload('countRows', { table: 'scratch' })) as { rows: number }
    await write((trx) => insert(trx, 'offloaded-2'))
    expect(JSON.parse(await offload('countRows', { table: 'scratch' }))).toEqual({ rows: rows + 1 })
    expect(await offload('rawBytes', { length: 3 })).toBe('xxx')
    expect((await offload('rawBytes', { length: 3_000_000 })).length).toBe(3_000_000)
  })

  test('an error of an offloaded read keeps its code, and an unknown read is named', async () => {
    const expected = await offload('failAsExpected').catch((e: unknown) => e)
    expect(expected).toMatchObject({
      code: 'TEST.EXPECTED',
      status: 422,
      message: 'This was to be expected.',
      details: { errors: [{ path: 'a' }] },
    })
    await expect(offload('failUnexpectedly', { column: 'x' })).rejects.toThrow('no x')
    await expect(offload('noSuchRead')).rejects.toThrow('exports no function noSuchRead')
  })

  test.runIf(dialect === 'sqlite')('an offloaded read holds up neither the main thread nor a write', async () => {
    await offload('work', { ms: 1 })
    let ended = false
    const long = offload('work', { ms: 2000 }).finally(() => {
      ended = true
    })
    for (let turn = 0; turn < 10; turn += 1) {
      await write((trx) => insert(trx, `beside-${turn}`))
      await sleep(5)
    }
    expect(ended).toBe(false)
    expect(Number(await long)).toBeGreaterThan(0)
  })

  test.runIf(dialect === 'sqlite')('no read waits behind one that says that it is slow', async () => {
    const { db } = world.kernel
    await Promise.all([
      offload('rawBytes', { length: 1 }),
      db.offload({ module: here, name: 'work', input: { ms: 1 }, slow: true }),
    ])
    const order: string[] = []
    const slow = db
      .offload({ module: here, name: 'work', input: { ms: 1500 }, slow: true })
      .then(() => order.push('slow'))
    await offload('rawBytes', { length: 1 }).then(() => order.push('search'))
    await slow
    expect(order).toEqual(['search', 'slow'])
  })

  test.runIf(dialect === 'sqlite')(
    'an offloaded read cannot write, and a thread that ends fails its reads but not the next',
    async () => {
      await expect(offload('tryToWrite')).rejects.toThrow(/readonly/)
      await expect(offload('endTheThread')).rejects.toThrow('ended with code 3')
      expect(await offload('rawBytes', { length: 1 })).toBe('x')
    },
  )
})
