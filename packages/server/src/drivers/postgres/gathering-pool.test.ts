import { createPostgresDatabase } from '@trivium/testing'
import { CompiledQuery, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, preparedMark, type Trx } from '../../kernel/db/database.ts'
import { openPostgres } from './open-postgres.ts'

let db: Database
let drop: () => Promise<void>
let sent = 0
const submit = pg.Query.prototype.submit

beforeAll(async () => {
  const database = await createPostgresDatabase()
  drop = database.drop
  db = await openPostgres({ url: database.url, poolSize: 1 })
  await change((trx) => sql`create table kept (n integer primary key)`.execute(trx))
  pg.Query.prototype.submit = function (...args) {
    sent += 1
    return submit.apply(this, args)
  }
})
beforeEach(async () => {
  await change((trx) => sql`delete from kept`.execute(trx))
  sent = 0
})
afterAll(async () => {
  pg.Query.prototype.submit = submit
  await db.close()
  await drop()
})

const change = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.write.transaction().execute(work)
const later = (trx: Trx, n: number) => db.later(trx, CompiledQuery.raw('insert into kept (n) values ($1)', [n]))
const put = (trx: Trx, n: number) => sql<{ n: number }>`insert into kept (n) values (${n}) returning n`.execute(trx)
const kept = async (): Promise<number[]> => {
  const { rows } = await change((trx) => sql<{ n: number }>`select n from kept order by n`.execute(trx))
  return rows.map(({ n }) => n)
}

test('a change of one row and what is said later take two messages', async () => {
  await change(async (trx) => {
    expect((await put(trx, 1)).rows).toEqual([{ n: 1 }])
    await later(trx, 2)
    await later(trx, 3)
  })
  expect(sent).toBe(2)
  expect(await kept()).toEqual([1, 2, 3])
})

test('what is said later is done before the next statement, whose answer is its own', async () => {
  await change(async (trx) => {
    await db.later(trx, CompiledQuery.raw('select 7 as n', []))
    await later(trx, 1)
    const { rows, numAffectedRows } = await sql<{ n: number }>`update kept set n = n + 10 returning n`.execute(trx)
    expect({ rows, numAffectedRows }).toEqual({ rows: [{ n: 11 }], numAffectedRows: 1n })
  })
  expect(await kept()).toEqual([11])
})

test('a statement for later that fails fails the commit with its own error, and nothing stays', async () => {
  const failing = change(async (trx) => {
    await put(trx, 1)
    await later(trx, 1)
  })
  await expect(failing).rejects.toMatchObject({ code: '23505' })
  expect(await kept()).toEqual([])
})

test('a statement for later that fails fails the next statement, and the connection is as good as before', async () => {
  const failing = change(async (trx) => {
    await put(trx, 1)
    await later(trx, 1)
    await put(trx, 2)
  })
  await expect(failing).rejects.toMatchObject({ code: '23505' })
  for (const n of [3, 4])
    await change(async (trx) => {
      await later(trx, n)
      await later(trx, n + 10)
    })
  expect(await kept()).toEqual([3, 4, 13, 14])
})

test('a statement that is kept prepared gives its own answer each time, and again after it failed', async () => {
  const text = `${preparedMark}insert into kept (n) values ($1) returning n as put`
  const prepared = (n: number) =>
    change(async (trx) => {
      await later(trx, n + 100)
      return (await trx.executeQuery<{ put: number }>(CompiledQuery.raw(text, [n]))).rows
    })
  expect([await prepared(1), await prepared(2)]).toEqual([[{ put: 1 }], [{ put: 2 }]])
  await expect(prepared(2)).rejects.toMatchObject({ code: '23505' })
  await change((trx) => later(trx, 3))
  await expect(prepared(3)).rejects.toMatchObject({ code: '23505' })
  expect(await prepared(4)).toEqual([{ put: 4 }])
  expect(await kept()).toEqual([1, 2, 3, 4, 101, 102, 104])
  const { rows } = await change((trx) =>
    sql<{ count: number }>`select count(*) as count from pg_prepared_statements where statement = ${text}`.execute(trx),
  )
  expect(rows).toEqual([{ count: 1 }])
})

test('a statement to be kept prepared is so also by itself, and answers again after it failed', async () => {
  const ask = async (n: number) => {
    const raw = CompiledQuery.raw(`${preparedMark}select 6 / $1::integer as n`, [n])
    return (await (db.read as unknown as Trx).executeQuery<{ n: number }>(raw)).rows
  }
  expect([await ask(1), await ask(2)]).toEqual([[{ n: 6 }], [{ n: 3 }]])
  await expect(ask(0)).rejects.toMatchObject({ code: '22012' })
  expect(await Promise.all([ask(3), ask(6)])).toEqual([[{ n: 2 }], [{ n: 1 }]])
  const { rows } = await change((trx) =>
    sql`select 1 from pg_prepared_statements where statement like '%select 6 / $1%' and statement not like '%pg_prepared%'`.execute(
      trx,
    ),
  )
  expect(rows).toHaveLength(1)
})

test('a transaction that says nothing, or changes its mind before it does, sends nothing', async () => {
  await change(async () => {})
  const failing = change(async (trx) => {
    await later(trx, 1)
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(sent).toBe(0)
  expect(await kept()).toEqual([])
})

test('a transaction in which only something for later was said keeps it', async () => {
  await change((trx) => later(trx, 5))
  expect(sent).toBe(1)
  expect(await kept()).toEqual([5])
})
