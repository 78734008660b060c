import { createReadStream } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SealedEvent } from '@trivium/contract'
import { describeEachDatabase, type World } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { urn } from '../ids/index.ts'
import { archivesOf, type EventArchiveTable } from './event-archive.ts'
import { verifyProject } from './index.ts'

const append = (world: World, project: string, n: number, name = 'test.happened') =>
  world.kernel.db.write.transaction().execute((trx) =>
    world.kernel.events.append(trx, {
      project,
      name,
      schema: 1,
      by: n % 2 ? 'prn_odd' : 'prn_even',
      subject: urn(project, n % 3 ? 'run' : 'model', `thing ${n} 50%`),
      refs: [{ rel: 'input', urn: urn(project, 'run', 'ä'), as: 'made-by' }],
      data: { n, z: [1, { b: 2.5, a: null }], a: 'ü\n"\u2028 \\ ' },
    }),
  )

/** Three months of events in a project, some batches with one event and some with several. */
async function fill(world: World, project: string): Promise<void> {
  const { kernel, time } = world
  let n = 0
  for (const month of [0, 1, 2]) {
    for (let day = 1; day <= 10; day += 1) {
      time.now = Date.UTC(2002, month, day)
      n += 1
      await append(world, project, n, n % 7 === 0 ? 'release.activated' : 'test.happened')
      if (day % 3 === 0 || day === 10) await kernel.sequencer.flush()
    }
  }
  await kernel.sequencer.flush()
  time.now = Date.UTC(2002, 3, 15)
  await world.settled(project)
}

describeEachDatabase(
  'the archive of events',
  ({ world }) => {
    let project: string
    let all: SealedEvent[]
    let list: (query: string, name?: string) => Promise<SealedEvent[]>
    const verify = (name = project) => verifyProject(world.kernel, name)
    const archives = (): Promise<EventArchiveTable[]> => archivesOf(world.kernel.db.read, project)
    const inTable = () =>
      world.kernel.db.read.selectFrom('event').select(['seq', 'name']).where('project_id', '=', project).execute()

    beforeAll(async () => {
      project = await world.makeProject()
      const { call } = await world.as('instance-admin')
      list = async (query, name = project) => {
        const answer = await call('GET', `/api/v1/projects/${name}/events?${query}`)
        if (answer.status !== 200) throw new Error(answer.text)
        return answer.json.events as SealedEvent[]
      }
      await fill(world, project)
      await world.kernel.checkpoints.write({ all: true })
      all = await list('limit=1000')
    }, 60_000)

    test('does not take what a consumer has still to read', async () => {
      const { db } = world.kernel
      const first = all.findLast(({ name }) => name === 'test.happened')?.seq ?? 0
      const lag = (cursor: number) =>
        db.write.transaction().execute(async (trx) => {
          await trx
            .insertInto('event_consumer')
            .values({ name: 'slow', cursor, failed_at: null, error: null })
            .onConflict((c) => c.column('name').doUpdateSet({ cursor }))
            .execute()
        })
      await lag(first + 4)
      await world.kernel.eventArchive.run()
      const moved = (await archives()).filter(({ last_seq }) => last_seq > first + 4)
      expect(moved).toEqual([])
      await db.write
        .transaction()
        .execute((trx) => trx.deleteFrom('event_consumer').where('name', '=', 'slow').execute())
    })

    test('holds whole months, keeps those that were asked for and what others look up, and everything is still listed and verified', async () => {
      await world.kernel.eventArchive.run()
      const months = (await archives()).map(({ month }) => month)
      expect(new Set(months.filter((month) => month >= '2002'))).toEqual(new Set(['2002-01', '2002-02']))
      const left = await inTable()
      const old = new Set(all.filter(({ at }) => at < Date.UTC(2002, 2, 1)).map(({ seq }) => seq))
      expect(left.filter(({ seq, name }) => old.has(seq ?? 0) && name === 'test.happened')).toEqual([])
      expect(left.some(({ seq, name }) => old.has(seq ?? 0) && name === 'release.activated')).toBe(true)
      expect(left.filter(({ seq }) => !old.has(seq ?? 0)).length).toBe(all.length - old.size)
      expect(await world.kernel.eventArchive.run()).toBe(0)

      expect(await verify()).toMatchObject({ intact: true, events: all.length, problems: [] })
      expect(await list('limit=1000')).toEqual(all)
      const paged: SealedEvent[] = []
      for (let before = ''; ; before = `&before=${paged.at(-1)?.seq}`) {
        const page = await list(`limit=4${before}`)
        paged.push(...page)
        if (page.length < 4) break
      }
      expect(paged).toEqual(all)
      expect(await list('limit=1000&after=0')).toEqual(all.toReversed())
      const filters: [string, (event: SealedEvent) => boolean][] = [
        ['name=test.happened,release.activated', ({ name }) => ['test.happened', 'release.activated'].includes(name)],
        ['by=prn_odd', ({ by }) => by === 'prn_odd'],
        ['kind=model', ({ subject }) => subject.includes('/model/')],
        [`subject=${encodeURIComponent('thing 8 50%')}`, ({ subject }) => subject.includes('thing 8 50%')],
        [
          `subject=${encodeURIComponent(urn(project, 'run', 'thing 8 50%'))}`,
          ({ subject }) => subject === urn(project, 'run', 'thing 8 50%'),
        ],
        [
          `from=${Date.UTC(2002, 0, 5)}&to=${Date.UTC(2002, 1, 5)}`,
          ({ at }) => at >= Date.UTC(2002, 0, 5) && at < Date.UTC(2002, 1, 5),
        ],
      ]
      for (const [filter, holds] of filters)
        expect(await list(`limit=1000&${filter}`), filter).toEqual(all.filter(holds))
      const { call } = await world.as('instance-admin')
      const exported = await call('GET', `/api/v1/projects/${project}/events/export`)
      expect(
        exported.text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).seq),
      ).toEqual(all.map(({ seq }) => seq).toReversed())
    })

    test('that lost or changed a byte is told of, with the month and the events that it is about', async () => {
      const { blobs, config } = world.kernel
      const january = (await archives()).find(({ month }) => month === '2002-01')
      if (!january) throw new Error('Nothing was archived.')
      const path = await blobs.localPath(project, january.blob)
      expect(path).toContain(config.data)
      const before = await readFile(path)
      const changed = Buffer.from(before)
      const middle = Math.floor(changed.length / 2)
      changed[middle] = (changed[middle] ?? 0) ^ 1
      await chmod(path, 0o640)
      await writeFile(path, changed)
      const report = await verify()
      expect(report.intact).toBe(false)
      expect(report.problems).toMatchObject([
        {
          kind: 'removed',
          seq: january.first_seq,
          detail: expect.stringMatching(
            new RegExp(
              `Events ${january.first_seq} to ${january.last_seq}, the archive of 2002-01, cannot be read.*damaged`,
            ),
          ),
        },
      ])
      await writeFile(path, before)
      expect((await verify()).intact).toBe(true)
    })

    test('that was made anew with one row changed, taken out or put in is told of by the number of the event', async () => {
      const { db, blobs, tables } = world.kernel
      const january = (await archives()).find(({ month }) => month === '2002-01')
      if (!january) throw new Error('Nothing was archived.')
      const victim = january.first_seq + 2
      const folder = await mkdtemp(join(world.kernel.paths.tmp, 'forged-'))
      const path = await blobs.localPath(project, january.blob)
      const point = (blob: string) =>
        db.write
          .transaction()
          .execute((trx) =>
            trx
              .updateTable('event_archive')
              .set({ blob })
              .where('project_id', '=', project)
              .where('first_batch', '=', january.first_batch)
              .execute(),
          )
      const forge = async (sql: string) => {
        const output = { path: join(folder, 'forged.parquet'), format: 'parquet' as const }
        await tables.write({ sql, relations: { events: { format: 'parquet', files: [path] } }, trusted: true, output })
        await point((await blobs.put(project, createReadStream(output.path))).digest)
        return (await verify()).problems.map(({ kind, seq }) => ({ kind, seq }))
      }
      try {
        expect(
          await forge(
            `select * replace (case when seq = ${victim} then 'prn_nobody' else "by" end as "by") from events order by seq`,
          ),
        ).toEqual([{ kind: 'changed', seq: victim }])
        expect(await forge(`select * from events where seq <> ${victim} order by seq`)).toEqual([
          { kind: 'removed', seq: victim },
        ])
        expect(
          await forge(
            `select * replace (case when seq = ${victim} then 0 else seq end as seq) from events order by seq`,
          ),
        ).toEqual([
          { kind: 'removed', seq: victim },
          { kind: 'inserted', seq: 0 },
        ])
        expect(await forge('select * from events union all select * from events order by seq')).not.toEqual([])
      } finally {
        await point(january.blob)
        await rm(folder, { recursive: true, force: true })
      }
      // Who takes the entry of an archive away takes its events away.

      await db.write
        .transaction()
        .execute((trx) =>
          trx
            .deleteFrom('event_archive')
            .where('project_id', '=', project)
            .where('first_batch', '=', january.first_batch)
            .execute(),
        )
      const gone = (await verify()).problems
      expect(gone.some(({ kind, seq }) => kind === 'removed' && seq === victim)).toBe(true)
      await db.write.transaction().execute((trx) => trx.insertInto('event_archive').values(january).execute())
      expect((await verify()).intact).toBe(true)
    })

    test('takes nothing of a project whose events were changed, and says nothing is lost of the others', async () => {
      const { db } = world.kernel
      world.time.now = Date.UTC(2002, 0, 1)
      const other = await world.makeProject()
      await fill(world, other)
      const first = (await list('limit=1000', other)).findLast(({ name }) => name === 'test.happened')?.seq ?? 0
      await db.write
        .transaction()
        .execute((trx) => trx.updateTable('event').set({ by: 'prn_nobody' }).where('seq', '=', first).execute())
      await world.kernel.eventArchive.run()
      expect(await archivesOf(db.read, other)).toEqual([])
      expect((await verify(other)).problems).toMatchObject([{ kind: 'changed', seq: first }])
    })
  },
  { eventRetentionMonths: 1 },
)
