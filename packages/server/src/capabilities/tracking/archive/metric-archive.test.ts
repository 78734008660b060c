import { describeEachDatabase } from '@trivium/testing'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { runDigests } from '../index.ts'
import { drainSeries } from '../trash/drain-series.ts'
import type { Replica } from '../../../kernel/replicas/index.ts'
import { archiveRun } from './archive-run.ts'
import { createMetricArchive } from './metric-archive.ts'
import { isElsewhere, whereHot } from './metric-places.ts'
import { createMetricReads } from './metric-reads.ts'

const dayMs = 86_400_000

interface Point {
  key: string
  value: number
  step: number
  timestamp: number
}

/** Metrics of every shape: many points, even and uneven steps, times against the steps, one step many times, values that no number line has. */
function pointsOfRun(): Point[] {
  const points: Point[] = []
  const add = (key: string, step: number, timestamp: number, value: number) =>
    points.push({ key, step, timestamp, value })
  for (let i = 0; i < 6000; i += 1) add('even/loss', i * 5, 1_000 + i, Math.sin(i / 70) / 3)
  for (let i = 0; i < 500; i += 1) add('uneven', i * i - 40, 900_000 - i, i % 9 === 0 ? Number.NaN : (i * 7919) % 101)
  for (let i = 0; i < 300; i += 1) add('one step', 3, 5, i / 7)
  add("it's ü", -4, 0, Number.POSITIVE_INFINITY)
  add("it's ü", 2 ** 45, 2 ** 42, Number.NEGATIVE_INFINITY)
  add("it's ü", 0, 1, 5e-324)
  add("it's ü", 0, 1, 0)
  add("it's ü", 0, 1, Number.NaN)
  return points
}

describeEachDatabase(
  'metrics past their hot window',
  ({ world }) => {
    const setup = async () => {
      const project = await world.makeProject()
      const client = await world.as('maintainer', project)
      const { tracking, metricArchive } = world.capabilities
      const { scope } = client
      const db = world.kernel.db
      const run = async (points: Point[], status: 'FINISHED' | 'RUNNING' = 'FINISHED') => {
        const { id } = await tracking.createRun(scope, {
          experiment: '0',
          name: 'train',
          user: '',
          startTime: 1,
          tags: [],
        })
        await log(id, points)
        if (status !== 'RUNNING') await tracking.updateRun(scope, id, { status, endTime: world.time.now })
        return id
      }
      const log = async (id: string, points: Point[]) => {
        for (let i = 0; i < points.length; i += 1000)
          await tracking.logBatch(scope, id, { metrics: points.slice(i, i + 1000), params: [], tags: [] })
      }
      const get = async (path: string) => {
        const answer = await client.call('GET', path)
        if (answer.status !== 200) throw new Error(answer.text)
        return answer.json as Record<string, never>
      }
      /** What every reader says of runs. */
      const readings = async (runs: string[], keys = ['even/loss', 'uneven', 'one step', "it's ü"]) => {
        const said: Record<string, unknown> = {}
        const all = runs.map((id) => `run_ids=${id}`).join('&')
        for (const key of keys) {
          const metric = encodeURIComponent(key)
          for (const id of runs) {
            const pages: unknown[] = []
            for (let token = ''; ; ) {
              const page = await get(
                `/api/2.0/mlflow/metrics/get-history?run_id=${id}&metric_key=${metric}&max_results=4000&page_token=${token}`,
              )
              pages.push(...((page['metrics'] ?? []) as unknown[]))
              token = (page['next_page_token'] ?? '') as string
              if (token === '') break
            }
            said[`history of ${key} of ${runs.indexOf(id)}`] = pages
          }
          for (const range of ['max_results=320', 'max_results=20&start_step=100&end_step=20000'])
            said[`interval of ${key} ${range}`] = await get(
              `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?${all}&metric_key=${metric}&${range}`,
            )
          said[`bulk of ${key}`] = await get(
            `/ajax-api/2.0/mlflow/metrics/get-history-bulk?${all}&metric_key=${metric}&max_results=700`,
          )
          for (const range of ['', '&from_step=100&to_step=29000'])
            said[`curve of ${key}${range}`] = await get(
              `/api/v1/projects/${project}/metric-series?runs=${runs.join(',')}&keys=${metric}&points=50${range}`,
            )
        }
        said['digests'] = await runDigests(world.kernel, project, runs)
        for (const id of runs) said[`detail ${runs.indexOf(id)}`] = (await tracking.runDetail(scope, id)).metrics
        return JSON.parse(JSON.stringify(said).replaceAll(project, 'PROJECT')) as Record<string, unknown>
      }
      const inTable = async (...ids: string[]) =>
        Number(
          (
            await sql<{ n: number }>`
              select count(*) as n from run_metric_point p join run_metric m on m.series_id = p.series_id
              where m.project_id = ${project} and m.run_id in (${sql.join(ids)})`.execute(db.read as never)
          ).rows[0]?.n,
        )
      const file = async (id: string) =>
        db.read
          .selectFrom('metric_archive')
          .selectAll()
          .where('project_id', '=', project)
          .where('run_id', '=', id)
          .executeTakeFirst()
      return { project, client, tracking, metricArchive, scope, db, run, log, readings, inTable, file, get }
    }

    test('every reader says the same before and after, of a moved run and of one beside it that was not', async () => {
      const { run, readings, metricArchive, scope, inTable, file } = await setup()
      const points = pointsOfRun()
      const moved = await run(points)
      const kept = await run(points.filter((_, i) => i % 3 !== 0))
      const before = await readings([moved, kept])
      expect(await metricArchive.archive(scope, moved)).toMatchObject({ points: points.length })
      expect(await inTable(moved)).toBe(0)
      expect(await file(moved)).toBeDefined()
      expect(await readings([moved, kept])).toEqual(before)
    })

    test('points that come later are read with those in the file, and a point that is sent again is never there twice', async () => {
      const { run, readings, metricArchive, scope, inTable, log, file } = await setup()
      const points = pointsOfRun()
      const late: Point[] = [
        { key: 'even/loss', step: 12, timestamp: 1_002, value: 9 },
        { key: 'even/loss', step: 90_000, timestamp: 90_000, value: -9 },
        { key: 'uneven', step: -40, timestamp: 900_000, value: 1 },
        { key: "it's ü", step: 0, timestamp: 1, value: 7 },
        { key: 'new', step: 1, timestamp: 1, value: 1 },
      ]
      const moved = await run(points)
      const twin = await run(points)
      await log(twin, late)
      await metricArchive.archive(scope, moved)
      const { blob: first } = (await file(moved)) ?? {}
      // All of them once more, a retry that was long on its way, with some that are new.
      await log(moved, [...points.slice(0, 2), ...late, ...points])
      expect(await inTable(moved)).toBe(late.length)
      const same = async () => {
        const [a, b] = [await readings([moved], lean), await readings([twin], lean)]
        const text = JSON.stringify(a).replaceAll(moved, twin)
        expect(withoutDigests(JSON.parse(text))).toEqual(withoutDigests(b))
      }
      await same()
      // Once more to a file, with what came.
      expect(await metricArchive.archive(scope, moved)).toMatchObject({ points: points.length + late.length })
      expect(await inTable(moved)).toBe(0)
      expect((await file(moved))?.blob).not.toBe(first)
      await log(moved, [...late, ...points.slice(-900)])
      expect(await inTable(moved)).toBe(0)
      await same()
    })

    test('only runs that ended before the window and have many points are moved by themselves, each once', async () => {
      const { run, metricArchive, inTable, file, log } = await setup()
      const many = Array.from({ length: 1200 }, (_, i) => ({ key: 'a', step: i, timestamp: i, value: i }))
      const [old, small] = [await run(many), await run(many.slice(0, 20))]
      const running = await run(many, 'RUNNING')
      world.time.now += 8 * dayMs
      const young = await run(many)
      await metricArchive.run()
      expect(await inTable(old)).toBe(0)
      expect(await inTable(small, running, young)).toBe(20 + 1200 + 1200)
      const { blob } = (await file(old)) ?? {}
      await log(
        old,
        many.map((point) => ({ ...point, key: 'b' })),
      )
      await metricArchive.run()
      expect((await file(old))?.blob).toBe(blob)
    })

    test('a run that is cut off before the change or gets points meanwhile loses and doubles nothing', async () => {
      const { run, readings, metricArchive, scope, file, log, db } = await setup()
      const points = pointsOfRun()
      const id = await run(points)
      const before = await readings([id], lean)
      // The file is written, then the program ends.
      const broken = {
        ...world.kernel,
        blobs: { ...world.kernel.blobs, put: () => Promise.reject(new Error('killed')) },
      }
      await expect(archiveRun(broken, scope.project, id)).rejects.toThrow('killed')
      expect(await readings([id], lean)).toEqual(before)
      // A point comes while the file is written: nothing is moved.
      const late = { key: 'uneven', step: 17, timestamp: 17, value: 17 }
      const slow = {
        ...world.kernel,
        blobs: {
          ...world.kernel.blobs,
          put: async (...args: Parameters<typeof world.kernel.blobs.put>) => {
            await log(id, [late])
            return world.kernel.blobs.put(...args)
          },
        },
      }
      expect(await archiveRun(slow, scope.project, id)).toBeUndefined()
      expect(await file(id)).toBeUndefined()
      const grown = await readings([id], lean)
      expect(grown).not.toEqual(before)
      // The change is made, then the program ends before the old rows are gone.
      await archiveRun(world.kernel, scope.project, id)
      expect(await readings([id], lean)).toEqual(grown)
      const left = await db.read.selectFrom('removed_series').selectAll().execute()
      expect(left.length).toBeGreaterThan(0)
      await metricArchive.run()
      expect(await db.read.selectFrom('removed_series').selectAll().execute()).toEqual([])
      expect(await readings([id], lean)).toEqual(grown)
    })

    test('a file that lacks a point, has one twice or another value is not believed', async () => {
      const { run, scope, file } = await setup()
      const id = await run(pointsOfRun())
      const { tables } = world.kernel
      for (const wrong of [
        'where step <> 0',
        "union all select run_id, key, 1, 3, 5, 0.5 from (select 'x' as run_id, 'one step' as key)",
      ]) {
        const write: typeof tables.write = (query, options) => {
          const [start, order] = query.sql.split(' order by key, n')
          return tables.write({ ...query, sql: `${start} ${wrong} order by key, n${order}` }, options)
        }
        expect(await archiveRun({ ...world.kernel, tables: { ...tables, write } }, scope.project, id)).toBeUndefined()
        expect(await file(id)).toBeUndefined()
      }
    })

    test('who reads while points move reads all of them', async () => {
      const { run, scope, log, project } = await setup()
      const id = await run(pointsOfRun().filter(({ key }) => key === 'one step'))
      const query = { project, run: id, key: 'one step', limit: 1000, offset: 0 }
      // They leave while the table is read: its answer is not used.
      const hot = await whereHot(world.kernel.db.read, { project, runs: [id] }, async () => {
        await archiveRun(world.kernel, scope.project, id)
        return 'what was left'
      })
      expect(isElsewhere(Buffer.from(hot))).toBe(true)
      // A late one joins the file between the look at the file and the look at the table.
      await log(id, [{ key: 'one step', step: 9, timestamp: 9, value: 9 }])
      const { blobs } = world.kernel
      let moved = false
      const reads = createMetricReads({
        ...world.kernel,
        blobs: {
          ...blobs,
          localPath: async (...args: Parameters<typeof blobs.localPath>) => {
            const path = await blobs.localPath(...args)
            if (!moved) {
              moved = true
              await archiveRun(world.kernel, scope.project, id)
              await drainSeries(world.kernel.db)
            }
            return path
          },
        },
      })
      expect((await reads.history(query)).rows).toHaveLength(301)
      expect(moved).toBe(true)
    })

    test('nothing moves while a server of another release reads the same database', async () => {
      const { run, scope, inTable } = await setup()
      const id = await run(Array.from({ length: 1000 }, (_, i) => ({ key: 'a', step: i, timestamp: i, value: i })))
      world.time.now += 8 * dayMs
      const other = { id: 'rpl_old', alive: true, version: '0.0.1' } as Replica
      const replicas = { ...world.kernel.replicas, others: () => [other] }
      const jobs = { ...world.kernel.jobs, handle: () => {} }
      const archive = createMetricArchive({ ...world.kernel, jobs, replicas })
      expect(await archive.run()).toBe(0)
      await expect(archive.archive(scope, id)).rejects.toMatchObject({ code: 'TRACKING.OTHER_RELEASE' })
      expect(await inTable(id)).toBe(1000)
    })

    test('a run that is removed for good lets go of its file', async () => {
      const { run, metricArchive, scope, tracking, client, project, db, file } = await setup()
      const id = await run(pointsOfRun())
      await metricArchive.archive(scope, id)
      const held = () => db.read.selectFrom('blob_ref').selectAll().where('project_id', '=', project).execute()
      expect(await held()).toHaveLength(1)
      await tracking.setRunLifecycle(scope, id, 'deleted')
      await client.call('POST', `/api/v1/projects/${project}/trash/remove`, { runs: [id] })
      expect(await file(id)).toBeUndefined()
      expect(await held()).toEqual([])
    })
  },
  { metricHotDays: 7 },
)

/** Some of the metrics. */
const lean = ['even/loss', "it's ü"]
/** Names of runs are part of a digest. */
const withoutDigests = (said: Record<string, unknown>) => ({ ...said, digests: undefined })
