import type { HistogramKey } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { requireRun } from '../runs.ts'
import './tables.ts'

/** The keys of a run as finished JSON. Runs on a reader thread. */
export async function histogramKeysBytes(db: Reader, input: { project: string; run: string }): Promise<string> {
  await requireRun(db, input.project, input.run)
  const rows = await db
    .selectFrom('run_histogram')
    .selectAll()
    .where('project_id', '=', input.project)
    .where('run_id', '=', input.run)
    .execute()
  const keys = rows.map(
    (row): HistogramKey => ({
      key: row.key,
      points: row.points,
      firstStep: Number(row.first_step),
      lastStep: Number(row.last_step),
      timestamp: Number(row.timestamp),
      low: row.low,
      high: row.high,
    }),
  )
  return JSON.stringify({ keys: keys.toSorted((a, b) => (a.key < b.key ? -1 : 1)) })
}

interface SeriesInput {
  readonly project: string
  readonly run: string
  readonly key: string
  readonly points: number
  readonly fromStep: number | undefined
  readonly toStep: number | undefined
}

/** The histograms of a key as finished JSON, thinned. Runs on a reader thread. */
export async function histogramSeriesBytes(db: Reader, input: SeriesInput): Promise<string> {
  const { project, run, key } = input
  await requireRun(db, project, run)
  const found = await db
    .selectFrom('run_histogram')
    .select('series')
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .where('key', '=', key)
    .executeTakeFirst()
  const points: string[] = []
  let total = 0
  if (found) {
    // The key of the table holds all that is asked for here: what is left out is not read.
    const own = () =>
      db.selectFrom('run_histogram_point').where('project_id', '=', project).where('series', '=', found.series)
    let select = own().select(['step', 'timestamp', 'digest'])
    if (input.fromStep !== undefined) select = select.where('step', '>=', input.fromStep)
    if (input.toStep !== undefined) select = select.where('step', '<=', input.toStep)
    const all = await select.orderBy('step').orderBy('timestamp').orderBy('digest').execute()
    total = all.length
    const chosen = evenly(all, input.points)
    const wanted = new Set(chosen.map(nameOf))
    const rows = await own()
      .select(['step', 'timestamp', 'digest', 'content'])
      .where('step', 'in', [...new Set(chosen.map(({ step }) => step))])
      .orderBy('step')
      .orderBy('timestamp')
      .orderBy('digest')
      .execute()
    for (const row of rows)
      if (wanted.has(nameOf(row)))
        points.push(`{"step":${row.step},"timestamp":${row.timestamp},${row.content.slice(1)}`)
  }
  return `{"key":${JSON.stringify(key)},"total":${total},"points":[${points.join(',')}]}`
}

const nameOf = ({ step, timestamp, digest }: { step: number; timestamp: number; digest: string }): string =>
  `${step} ${timestamp} ${digest}`

/** At most so many of a list, as far apart as can be, the first and the last among them. */
export function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list
  const last = list.length - 1
  return Array.from({ length: most }, (_, i) => list[most === 1 ? last : Math.round((i * last) / (most - 1))] as T)
}
