import { parseArgs } from 'node:util'
import { createWorld, type World } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'
import { startPostgres } from '../../packages/testing/src/start-postgres.ts'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, runs: { type: 'string', default: '5000,100000' } },
})
const rounds = Number(flags.rounds)
const report = createReport('search', 'Searching many runs')
const start = 1_700_000_000_000

/** What is asked, as MLflow's client asks it, and the most milliseconds that it may take with 5,000 and with 100,000 runs. */
const questions = [
  {
    name: 'three filters and a metric order, 100 rows',
    filter: "metrics.metric_1 > 0.5 and params.param_3 = 'value 3 3' and tags.tag_1 = 't3'",
    order_by: ['metrics.metric_0 DESC'],
    most: [20, 100],
  },
  { name: 'the newest 100', filter: '', order_by: ['attributes.start_time DESC'], most: [20, 100] },
  {
    name: 'arithmetic and a pattern, 100 rows',
    filter: "metrics.metric_0 - metrics.metric_1 > 0.4 and params.param_3 = 'value 3 3' and run_name =~ '[05]$'",
    order_by: ['metrics.metric_0 DESC'],
    most: undefined,
  },
]

report.say(
  `Each run has 20 params, 20 metrics of 1,000 names and 8 tags, written into the tables by rows, as no client could in the time; questions go through the HTTP layer of a server in this process. The median of ${rounds} rounds counts. Databases without durability, which reading does not touch; Postgres has cleaned up and gathered figures, as it does by itself within minutes.`,
)
const figures = new Map<string, number>()
for (const count of flags.runs.split(',').map(Number)) {
  await measure('SQLite', count, undefined)
  const database = await startPostgres({ durable: false })
  try {
    await measure('Postgres', count, database.url)
  } finally {
    await database.stop()
  }
}
for (const [key, figure] of figures) {
  const [place, ...rest] = key.split('|')
  const other = figures.get(['SQLite', ...rest].join('|'))
  if (place === 'Postgres' && other !== undefined)
    report.atMost(`${rest.join(', ')}: Postgres over SQLite`, figure / other, 2, '×')
}
report.write()

async function measure(place: string, count: number, databaseUrl: string | undefined): Promise<void> {
  const world = await createWorld(databaseUrl === undefined ? {} : { databaseUrl })
  try {
    const admin = await world.as('instance-admin')
    const { id } = await world.capabilities.tracking.createExperiment(admin.scope, { name: 'many', tags: [] })
    console.log(`filling ${place} with ${show(count)} runs …`)
    await fill(world, id, count)
    const rows: string[][] = []
    for (const { name, filter, order_by, most } of questions) {
      const ask = async (): Promise<number> => {
        const began = performance.now()
        const { status, json } = await admin.call('POST', '/api/2.0/mlflow/runs/search', {
          experiment_ids: [id],
          filter,
          order_by,
          max_results: 100,
        })
        const took = performance.now() - began
        const found = (json as { runs?: unknown[] }).runs?.length ?? 0
        if (status !== 200 || found === 0)
          throw new Error(`${place} answers ${status} with ${found} runs to: ${filter}`)
        return took
      }
      await ask()
      const times: number[] = []
      for (let round = 0; round < rounds; round += 1) times.push(await ask())
      rows.push([name, show(median(times)), show(quantile(times, 0.95))])
      figures.set([place, show(count), name].join('|'), median(times))
      const bar = most?.[count > 5000 ? 1 : 0]
      if (place === 'SQLite' && bar !== undefined)
        report.atMost(`${name} of ${show(count)} runs`, median(times), bar, ' ms')
    }
    const began = performance.now()
    await admin.call('GET', '/api/v1/search?q=r999&limit=12')
    rows.push(['the bar over everything: r999', show(performance.now() - began), ''])
    report.table(`${place}, ${show(count)} runs`, ['question', 'p50 ms', 'p95 ms'], rows)
  } finally {
    await world.close()
  }
}

/** Rows of runs, their values and their nodes of the graph, in batches. */
async function fill(world: World, experiment: string, count: number): Promise<void> {
  const { db } = world.kernel
  const idOf = (index: number) =>
    `${((index * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0')}${index.toString(16).padStart(24, '0')}`
  const project_id = 'default'
  const batch = 1000
  for (let from = 0; from < count; from += batch)
    await db.write.transaction().execute(async (trx) => {
      const indices = Array.from({ length: Math.min(batch, count - from) }, (_, at) => from + at)
      const values = <T>(times: number, make: (run: number, at: number) => T): T[] =>
        indices.flatMap((run) => Array.from({ length: times }, (_, at) => make(run, at)))
      await db.bulkInsert(
        trx,
        'run',
        [
          'project_id',
          'id',
          'experiment_id',
          'name',
          'user_id',
          'status',
          'lifecycle',
          'start_time',
          'end_time',
          'created_at',
          'created_by',
        ],
        indices.map((run) => [
          project_id,
          idOf(run),
          experiment,
          `r${run}`,
          'ana',
          'FINISHED',
          'active',
          start + run,
          start + run + 1000,
          start,
          'bench',
        ]),
      )
      await db.bulkInsert(
        trx,
        'run_param',
        ['project_id', 'run_id', 'key', 'value'],
        values(20, (run, at) => [project_id, idOf(run), `param_${at}`, `value ${run % 7} ${at}`]),
      )
      await db.bulkInsert(
        trx,
        'run_tag',
        ['project_id', 'run_id', 'key', 'value'],
        values(8, (run, at) => [project_id, idOf(run), `tag_${at}`, `t${run % 5}`]),
      )
      await db.bulkInsert(
        trx,
        'run_metric',
        [
          'project_id',
          'run_id',
          'key',
          'series_id',
          'last_value',
          'last_is_nan',
          'last_text',
          'last_step',
          'last_timestamp',
          'first_value',
          'first_is_nan',
          'first_step',
          'first_timestamp',
          'min_value',
          'max_value',
          'count',
          'nan_count',
        ],
        values(20, (run, at) => {
          const value = ((run * 7919 + at * 104_729) % 1_000_003) / 1_000_003
          const key = at < 10 ? `metric_${at}` : `metric_${at}_${(run * 7 + at * 13) % 99}`
          return [
            project_id,
            idOf(run),
            key,
            run * 20 + at + 1,
            value,
            0,
            String(value),
            0,
            start,
            value,
            0,
            0,
            start,
            value,
            value,
            1,
            0,
          ]
        }),
      )
      await db.bulkInsert(
        trx,
        'lineage_node',
        ['project_id', 'urn', 'kind', 'name', 'fact', 'search', 'at'],
        indices.map((run) => [
          project_id,
          `trivium://default/run/${idOf(run)}`,
          'run',
          idOf(run),
          'finished',
          `${idOf(run)}  r${run} many`,
          start,
        ]),
      )
    })
  if (db.dialect !== 'postgres') return
  // What the database does by itself within minutes where its settings are the usual ones; here they are off.
  for (const statement of [sql`vacuum (analyze) run, run_param, run_tag, run_metric, lineage_node`, sql`checkpoint`])
    await statement.execute(db.read as unknown as Kysely<unknown>)
}
