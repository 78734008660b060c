import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import type { TableColumn } from '../ports/table-engine.ts'
import {
  appendFiles,
  columnsAt,
  createTable,
  filesAt,
  latestSnapshot,
  type NewTableFile,
  replaceFiles,
} from './catalog.ts'

const columns: TableColumn[] = [
  { name: 'a', type: 'integer' },
  { name: 'b', type: 'string' },
]
const file = (name: string, rows: number, minTime?: number, maxTime?: number): NewTableFile => ({
  digest: name.padEnd(64, '0'),
  rows,
  bytes: rows * 10,
  ...(minTime === undefined ? {} : { minTime }),
  ...(maxTime === undefined ? {} : { maxTime }),
})

describeEachDatabase('the table catalog', ({ world }) => {
  const write = <T>(work: Parameters<ReturnType<typeof world.kernel.db.write.transaction>['execute']>[0]) =>
    world.kernel.db.write.transaction().execute(work) as Promise<T>
  const newTable = async (): Promise<{ project: string; table: string }> => {
    const project = await world.makeProject()
    await write((trx) => createTable(trx, { project, id: 't', columns, at: 1 }))
    return { project, table: 't' }
  }
  const append = (
    at: { project: string; table: string },
    files: NewTableFile[],
    more: { columns?: TableColumn[] } = {},
  ) => write<number>((trx) => appendFiles(trx, { ...at, files, at: 1, ...more }))
  const digests = async (at: { project: string; table: string }, range = {}) =>
    (await filesAt(world.kernel.db.read, at.project, at.table, range))
      .map((f) => f.digest.replace(/0+$/, ''))
      .toSorted()
  const newest = (at: { project: string; table: string }) => latestSnapshot(world.kernel.db.read, at.project, at.table)

  test('each append is a snapshot; an older one reads what it always read', async () => {
    const at = await newTable()
    expect(await newest(at)).toEqual({ snapshot: 0, rows: 0, files: 0 })
    expect(await append(at, [file('a', 5)])).toBe(1)
    expect(await append(at, [file('b', 3), file('c', 2)])).toBe(2)
    expect(await newest(at)).toEqual({ snapshot: 2, rows: 10, files: 3 })
    expect(await digests(at)).toEqual(['a', 'b', 'c'])
    expect(await digests(at, { snapshot: 1 })).toEqual(['a'])
    expect(await digests(at, { snapshot: 0 })).toEqual([])
  })

  test('making a table that exists changes nothing', async () => {
    const at = await newTable()
    await append(at, [file('a', 5)])
    await write((trx) =>
      createTable(trx, { project: at.project, id: at.table, columns: [{ name: 'z', type: 'json' }], at: 2 }),
    )
    expect(await columnsAt(world.kernel.db.read, at.project, at.table)).toEqual(columns)
    expect(await newest(at)).toMatchObject({ rows: 5 })
  })

  test('a new column is there from its snapshot on', async () => {
    const at = await newTable()
    await append(at, [file('a', 1)])
    await append(at, [file('b', 1)], { columns: [...columns, { name: 'c', type: 'number' }] })
    expect((await columnsAt(world.kernel.db.read, at.project, at.table)).map((c) => c.name)).toEqual(['a', 'b', 'c'])
    expect((await columnsAt(world.kernel.db.read, at.project, at.table, 1)).map((c) => c.name)).toEqual(['a', 'b'])
  })

  test('files outside of a time range are not opened; files without times always are', async () => {
    const at = await newTable()
    await append(at, [
      file('early', 1, 0, 99),
      file('middle', 1, 100, 199),
      file('late', 1, 200, 299),
      file('timeless', 1),
    ])
    expect(await digests(at, { from: 100, to: 200 })).toEqual(['middle', 'timeless'])
    expect(await digests(at, { from: 199 })).toEqual(['late', 'middle', 'timeless'])
    expect(await digests(at, { to: 100 })).toEqual(['early', 'timeless'])
    expect(await digests(at, { from: 99, to: 101 })).toEqual(['early', 'middle', 'timeless'])
  })

  test('appends at the same time take turns: consecutive snapshots, every row counted', async () => {
    const at = await newTable()
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => append(at, [file(`f${i}x`, i)])))
    expect(made.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(await newest(at)).toEqual({ snapshot: 20, rows: 190, files: 20 })
  })

  test('a column that two appends bring at the same time is there once', async () => {
    const at = await newTable()
    const fresh = { columns: [...columns, { name: 'c', type: 'number' as const }] }
    await Promise.all([
      append(at, [file('a', 1)], fresh),
      append(at, [file('b', 1)], fresh),
      append(at, [file('d', 1)], fresh),
    ])
    expect((await columnsAt(world.kernel.db.read, at.project, at.table)).map((c) => c.name)).toEqual(['a', 'b', 'c'])
  })

  test('a compaction keeps the rows, and older snapshots keep their files', async () => {
    const at = await newTable()
    await append(at, [file('a', 5), file('b', 3)])
    await append(at, [file('c', 2)])
    const remove = [file('a', 5).digest, file('c', 2).digest]
    const snapshot = await write((trx) => replaceFiles(trx, { ...at, remove, add: [file('ac', 7)], at: 3 }))
    expect(snapshot).toBe(3)
    expect(await newest(at)).toEqual({ snapshot: 3, rows: 10, files: 2 })
    expect(await digests(at)).toEqual(['ac', 'b'])
    expect(await digests(at, { snapshot: 2 })).toEqual(['a', 'b', 'c'])
  })

  test('of two compactions of the same files one happens', async () => {
    const at = await newTable()
    await append(at, [file('a', 5), file('b', 3)])
    const remove = [file('a', 5).digest, file('b', 3).digest]
    const made = await Promise.all(
      ['x', 'y', 'z'].map((name) =>
        write<number | undefined>((trx) => replaceFiles(trx, { ...at, remove, add: [file(name, 8)], at: 3 })),
      ),
    )
    expect(made.filter((snapshot) => snapshot !== undefined)).toEqual([2])
    expect(await newest(at)).toEqual({ snapshot: 2, rows: 8, files: 1 })
  })

  test('a compaction beside an append loses neither', async () => {
    const at = await newTable()
    await append(at, [file('a', 5), file('b', 3)])
    const remove = [file('a', 5).digest, file('b', 3).digest]
    await Promise.all([
      append(at, [file('c', 2)]),
      write((trx) => replaceFiles(trx, { ...at, remove, add: [file('ab', 8)], at: 3 })),
      append(at, [file('d', 1)]),
    ])
    expect(await newest(at)).toEqual({ snapshot: 4, rows: 11, files: 3 })
    expect(await digests(at)).toEqual(['ab', 'c', 'd'])
  })

  test('a table of another project with the same name is another table, and an unknown one is named', async () => {
    const one = await newTable()
    const two = await newTable()
    await append(one, [file('a', 5)])
    expect(await newest(two)).toMatchObject({ rows: 0 })
    await expect(append({ project: two.project, table: 'none' }, [file('a', 1)])).rejects.toThrow(
      'Table none does not exist',
    )
  })
})
