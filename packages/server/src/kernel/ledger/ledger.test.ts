import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { columnsAt, filesAt, latestSnapshot, relationAt } from '../tables/catalog.ts'
import { ingestLedger, ledgerIsBehind } from './ingest-ledger.ts'
import { commitLedger, dropCommitted, ledgerStreams, pendingLedger } from './ledger-reader.ts'
import { type LedgerWriter, openLedgerWriter } from './ledger-writer.ts'

describeEachDatabase('ledgers', ({ world }) => {
  let streams = 0
  const newStream = () => {
    streams += 1
    return ['test', `s ${streams}/ä`]
  }
  const root = () => world.kernel.paths.ledgers
  const open = (stream: readonly string[]) => openLedgerWriter({ root: root(), stream })
  const read = async (stream: readonly string[]): Promise<number[]> => {
    const found: number[] = []
    for await (const batch of pendingLedger({ db: world.kernel.db.read, root: root(), stream }))
      found.push(
        ...batch.lines
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { n: number }).n),
      )
    return found
  }
  const commitAll = async (stream: readonly string[]): Promise<number> => {
    let lines = 0
    for await (const batch of pendingLedger({ db: world.kernel.db.read, root: root(), stream }))
      if (await world.kernel.db.write.transaction().execute((trx) => commitLedger(trx, batch, 1))) lines += batch.count
    return lines
  }
  const folderOf = (stream: readonly string[]) => join(root(), ...stream.map(encodeURIComponent))
  const segments = (stream: readonly string[]): string[] => {
    const folder = folderOf(stream)
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
  }
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  const append = (writer: LedgerWriter, from: number, to: number) =>
    writer.append(numbers(from, to).map((n) => ({ n })))

  test('what was appended is read at once, in order, until it is committed', async () => {
    const stream = newStream()
    const writer = open(stream)
    append(writer, 0, 3)
    expect(await read(stream)).toEqual([0, 1, 2])
    expect(await read(stream)).toEqual([0, 1, 2])
    expect(await commitAll(stream)).toBe(3)
    expect(await read(stream)).toEqual([])
    append(writer, 3, 5)
    expect(await read(stream)).toEqual([3, 4])
    expect(await ledgerStreams(root(), ['test'], 1)).toContainEqual(stream)
    writer.close()
  })

  test('a look ends at what was there when it began, however fast the stream grows meanwhile', async () => {
    const stream = newStream()
    const writer = open(stream)
    append(writer, 0, 3)
    const counts: number[] = []
    for await (const batch of pendingLedger({ db: world.kernel.db.read, root: root(), stream })) {
      counts.push(batch.count)
      if (counts.length < 20) append(writer, 3, 5)
    }
    expect(counts).toEqual([3])
    writer.close()
  })

  test('a last line without its end is never read, and read whole when the rest comes', async () => {
    const stream = newStream()
    const writer = open(stream)
    append(writer, 0, 2)
    const [segment] = segments(stream) as [string]
    appendFileSync(segment, '{"n":')
    expect(await read(stream)).toEqual([0, 1])
    expect(await commitAll(stream)).toBe(2)
    expect(await ledgerIsBehind(world.kernel, stream)).toBe(false)
    appendFileSync(segment, '2}\n{"n"')
    expect(await read(stream)).toEqual([2])
    writer.close()
  })

  test('after a kill in the middle of a line the next writer goes on elsewhere and the torn line stays unread', async () => {
    const stream = newStream()
    const killed = open(stream)
    append(killed, 0, 10)
    const [segment] = segments(stream) as [string]
    truncateSync(segment, 75)
    const next = open(stream)
    append(next, 100, 102)
    expect(await read(stream)).toEqual([...numbers(0, 9), 100, 101])
    killed.close()
    next.close()
  })

  test('a batch is committed once, whoever reads it and however often', async () => {
    const stream = newStream()
    const writer = open(stream)
    append(writer, 0, 5)
    const batches = []
    for (let reader = 0; reader < 3; reader += 1)
      for await (const batch of pendingLedger({ db: world.kernel.db.read, root: root(), stream })) batches.push(batch)
    const committed = await Promise.all(
      batches.map((batch) => world.kernel.db.write.transaction().execute((trx) => commitLedger(trx, batch, 1))),
    )
    expect(committed.filter(Boolean)).toHaveLength(1)
    append(writer, 5, 9)
    const again = []
    for await (const batch of pendingLedger({ db: world.kernel.db.read, root: root(), stream }))
      again.push(batch, batch)
    const more = await Promise.all(
      again.map((batch) => world.kernel.db.write.transaction().execute((trx) => commitLedger(trx, batch, 1))),
    )
    expect(more.filter(Boolean)).toHaveLength(1)
    expect(await read(stream)).toEqual([])
    writer.close()
  })

  test('a commit whose transaction fails leaves the lines where they are', async () => {
    const stream = newStream()
    const writer = open(stream)
    append(writer, 0, 2)
    for await (const batch of pendingLedger({ db: world.kernel.db.read, root: root(), stream }))
      await world.kernel.db.write
        .transaction()
        .execute(async (trx) => {
          await commitLedger(trx, batch, 1)
          throw new Error('killed')
        })
        .catch(() => {})
    expect(await read(stream)).toEqual([0, 1])
    writer.close()
  })

  test('long streams come in batches, a line longer than a batch too, and segments roll', async () => {
    const stream = newStream()
    const writer = open(stream)
    const long = 'x'.repeat(5 * 1024 * 1024)
    writer.append([{ n: 0, long }])
    for (let n = 1; n < 9; n += 1) writer.append([{ n, long: 'x'.repeat(1_500_000) }])
    expect(segments(stream).length).toBeGreaterThan(1)
    expect(await read(stream)).toEqual(numbers(0, 9))
    expect(await commitAll(stream)).toBe(9)
    writer.close()
  })

  test('committed segments are dropped once nobody can append to them, and nothing of them is read again', async () => {
    const stream = newStream()
    const writer = open(stream)
    for (let n = 0; n < 12; n += 1) writer.append([{ n, long: 'x'.repeat(1_500_000) }])
    const drop = () => dropCommitted({ db: world.kernel.db, root: root(), stream })
    expect(await drop()).toBe(0)
    await commitAll(stream)
    const before = segments(stream)
    expect(await drop()).toBe(before.length - 1)
    const [newest] = segments(stream) as [string]
    expect(newest).toBe(before.at(-1))
    writer.append([{ n: 12 }])
    expect(await read(stream)).toEqual([12])
    // Of a writer that was killed long ago.
    await commitAll(stream)
    utimesSync(newest, 0, 0)
    expect(await drop()).toBe(1)
    expect(existsSync(newest)).toBe(false)
    expect(await read(stream)).toEqual([])
    writer.close()
  })

  test('rows become visible in the table exactly once, with one call of the owner a batch, whoever ingests at the same time', async () => {
    const project = await world.makeProject()
    const stream = ['ingest', project]
    const writer = open(stream)
    const calls: number[] = []
    const ledger = {
      project,
      stream,
      table: 'numbers',
      lines: [{ name: 'n', type: 'integer' as const }],
      select: 'select n, n * 1000 as event_time from lines',
      timeColumn: 'event_time',
      onCommitted: async (_trx: unknown, batch: { rows: number }) => void calls.push(batch.rows),
    }
    const sum = async () => {
      const relation = await relationAt(world.kernel.db.read, world.kernel.blobs, project, 'numbers')
      const { rows } = await world.kernel.tables.query({
        sql: 'select count(*), sum(n) from t',
        relations: { t: relation },
        trusted: true,
      })
      return rows[0]?.map(Number)
    }
    append(writer, 0, 100)
    await Promise.all([
      ingestLedger(world.kernel, ledger),
      ingestLedger(world.kernel, ledger),
      ingestLedger(world.kernel, ledger),
    ])
    expect(await sum()).toEqual([100, 4950])
    expect(calls).toEqual([100])
    expect(await latestSnapshot(world.kernel.db.read, project, 'numbers')).toMatchObject({ rows: 100, files: 1 })
    append(writer, 100, 150)
    await ingestLedger(world.kernel, ledger)
    expect(await sum()).toEqual([150, 11175])
    expect(
      (await filesAt(world.kernel.db.read, project, 'numbers', { from: 100_000 })).map((file) => file.rows),
    ).toEqual([50])
    expect((await columnsAt(world.kernel.db.read, project, 'numbers')).map((c) => c.name)).toEqual(['n', 'event_time'])
    // Many small batches are joined; the rows stay the same, and older snapshots keep theirs.
    const before = await latestSnapshot(world.kernel.db.read, project, 'numbers')
    for (let n = 150; n < 175; n += 1) {
      append(writer, n, n + 1)
      await ingestLedger(world.kernel, ledger)
    }
    expect(await sum()).toEqual([175, (174 * 175) / 2])
    const after = await latestSnapshot(world.kernel.db.read, project, 'numbers')
    expect(after?.rows).toBe(175)
    expect(after?.files).toBeLessThan(10)
    const old = await filesAt(world.kernel.db.read, project, 'numbers', { snapshot: before?.snapshot ?? 0 })
    expect(old.reduce((total, file) => total + file.rows, 0)).toBe(150)
    writer.close()
  }, 60_000)

  test('what was joined more than an hour ago is forgotten: neither its files nor their snapshots pile up', async () => {
    const project = await world.makeProject()
    const stream = ['forgets', project]
    const writer = open(stream)
    const ledger = {
      project,
      stream,
      table: 'numbers',
      lines: [{ name: 'n', type: 'integer' as const }],
      select: 'select n, n as event_time from lines',
      timeColumn: 'event_time',
    }
    let n = 0
    const ingest = async (batches: number) => {
      for (const end = n + batches; n < end; n += 1) {
        append(writer, n, n + 1)
        await ingestLedger(world.kernel, ledger)
      }
    }
    const of = async (table: 'table_file' | 'table_snapshot') => {
      const found = await world.kernel.db.read
        .selectFrom(table)
        .select((e) => e.fn.countAll<number>().as('rows'))
        .where('project_id', '=', project)
        .where('table_id', '=', 'numbers')
        .executeTakeFirstOrThrow()
      return Number(found.rows)
    }
    const held = async () =>
      (
        await world.kernel.db.read.selectFrom('blob_ref').select('digest').where('project_id', '=', project).execute()
      ).map(({ digest }) => digest)
    const filesNow = async () =>
      (await filesAt(world.kernel.db.read, project, 'numbers')).map(({ digest }) => digest).toSorted()
    await ingest(24)
    expect([await of('table_file'), await of('table_snapshot'), (await held()).length]).toEqual([25, 26, 25])
    // Read at this moment by somebody.
    const { snapshot = 0 } = (await latestSnapshot(world.kernel.db.read, project, 'numbers')) ?? {}
    world.time.now += 59 * 60_000
    await ingest(23)
    expect(await of('table_file')).toBe(25 + 24)
    expect(await filesAt(world.kernel.db.read, project, 'numbers', { snapshot: snapshot - 1 })).toHaveLength(24)
    world.time.now += 2 * 60_000
    await ingest(23)
    expect([await of('table_file'), await of('table_snapshot')]).toEqual([1 + 23 + 1 + 23 + 1, 24 + 24])
    world.time.now += 2 * 3_600_000
    await ingest(23)
    expect([await of('table_file'), await of('table_snapshot')]).toEqual([23 + 1 + 1, 24])
    expect((await held()).length).toBe(await of('table_file'))
    expect(await held()).toEqual(expect.arrayContaining(await filesNow()))
    expect(await latestSnapshot(world.kernel.db.read, project, 'numbers')).toMatchObject({ rows: n, files: 1 })
    const { rows } = await world.kernel.tables.query({
      sql: 'select count(*), sum(n) from t',
      relations: { t: await relationAt(world.kernel.db.read, world.kernel.blobs, project, 'numbers') },
      trusted: true,
    })
    expect(rows[0]?.map(Number)).toEqual([n, (n * (n - 1)) / 2])
    writer.close()
  }, 60_000)

  test('a batch that was sealed for its table is blank in its segment, which its writer goes on with', async () => {
    const stream = newStream()
    const writer = open(stream)
    const ingest = () =>
      ingestLedger(world.kernel, {
        project: world.project,
        stream,
        table: 'blanks',
        lines: [
          { name: 'n', type: 'integer' },
          { name: 'who', type: 'string' },
        ],
        select: 'select * from lines',
        timeColumn: 'n',
        seal: ({ path }, to) =>
          world.kernel.tables.write({
            sql: `select n, 'sealed' as who from rows`,
            relations: { rows: { format: 'parquet', files: [path] } },
            trusted: true,
            output: { path: to, format: 'parquet' },
          }),
      })
    writer.append([{ n: 1, who: 'zander' }])
    expect(await ingest()).toBe(1)
    writer.append([{ n: 2, who: 'zander' }])
    const [path = ''] = segments(stream)
    expect(readFileSync(path, 'utf8')).toMatch(/^ +\n\{"n":2,"who":"zander"\}\n$/)
    expect(await ingest()).toBe(1)
    writer.append([{ n: 3, who: 'nobody' }])
    expect(readFileSync(path, 'utf8')).toMatch(/^ +\n +\n\{"n":3/)
    expect(await read(stream)).toEqual([3])
    writer.close()
  })
})
