import { createHash } from 'node:crypto'
import type { HistogramPoint, RunHistogramsMessage } from '@trivium/contract'
import type { Trx } from '../../../kernel/db/index.ts'
import { newId } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { trackingErrors } from '../errors.ts'
import type { TrackingDeps } from '../experiments.ts'
import { requireActiveRun } from '../runs.ts'
import type { HistogramPointTable, RunHistogramTable } from './tables.ts'
import './tables.ts'

/** What a run holds of histograms: under so many keys, of so many characters. */
export const histogramLimits = { keys: 1000, size: 64_000_000 } as const

type Limits = { readonly [K in keyof typeof histogramLimits]: number }
type StoredHistogram = Omit<HistogramPointTable, 'project_id' | 'series'> & { readonly point: HistogramPoint }

const columns = [
  'project_id',
  'run_id',
  'key',
  'series',
  'points',
  'size',
  'first_step',
  'last_step',
  'timestamp',
  'low',
  'high',
] as const
const pointColumns = ['project_id', 'series', 'step', 'timestamp', 'digest', 'content'] as const

/** Adds histograms to a run, all or none, and says how many were not there; what is there stays. */
export async function logHistograms(
  deps: TrackingDeps,
  scope: Scope,
  run: string,
  points: readonly HistogramPoint[],
  limits: Limits = histogramLimits,
): Promise<number> {
  const { project } = scope
  const stored = new Map<string, StoredHistogram>()
  points.forEach((point, index) => {
    const one = storedHistogram(point, index)
    stored.set(`${point.step} ${point.timestamp} ${one.digest} ${point.key}`, one)
  })
  const byKey = Map.groupBy(stored.values(), ({ point }) => point.key)
  const added = await deps.db.write.transaction().execute(async (trx) => {
    await requireActiveRun(trx, project, run)
    const known = new Map((await ownHistograms(trx, project, run)).map((row) => [row.key, row]))
    const there = await namesThere(trx, project, byKey, known)
    const rows: RunHistogramTable[] = []
    const fresh: (readonly [series: string, StoredHistogram])[] = []
    for (const [key, sent] of byKey) {
      const before = known.get(key)
      const missing = before === undefined ? sent : sent.filter((one) => !there.has(nameOf(before.series, one)))
      if (missing.length === 0) continue
      const series = before?.series ?? newId('hst')
      rows.push({ project_id: project, run_id: run, key, series, ...fold(before, missing) })
      for (const one of missing) fresh.push([series, one])
    }
    const after = new Map([...known, ...rows.map((row) => [row.key, row] as const)])
    if (after.size > limits.keys && after.size > known.size) throw trackingErrors.TOO_MANY_HISTOGRAM_KEYS(limits.keys)
    const size = [...after.values()].reduce((sum, row) => sum + row.size, 0)
    if (size > limits.size && fresh.length > 0) throw trackingErrors.TOO_MANY_HISTOGRAMS(limits.size)
    await deps.db.bulkInsert(
      trx,
      'run_histogram_point',
      pointColumns,
      fresh.map(([series, { step, timestamp, digest, content }]) => [
        project,
        series,
        step,
        timestamp,
        digest,
        content,
      ]),
    )
    await deps.db.bulkInsert(
      trx,
      'run_histogram',
      columns,
      rows.map((row) => columns.map((column) => row[column])),
      { onConflict: { replaces: ['project_id', 'run_id', 'key'] } },
    )
    return fresh.length
  })
  const message: RunHistogramsMessage = { run, keys: [...byKey.keys()] }
  if (added > 0) deps.volatile.publish(project, 'run.histograms', message)
  return added
}

/** Throws where a histogram is none. */
function storedHistogram(point: HistogramPoint, index: number): StoredHistogram {
  const { key, step, timestamp, ...histogram } = point
  const { edges, counts, count, min, max, sum: total, sumSquares } = histogram
  const wrong = (why: string) => trackingErrors.BAD_HISTOGRAM(index, key, step, why)
  // JSON has no infinity, but 1e999.
  if (![...edges, ...counts, count, min, max, total, sumSquares].every((one) => one === null || Number.isFinite(one)))
    throw wrong('one of its numbers is not finite')
  if (edges.length !== counts.length + 1)
    throw wrong(`it has ${edges.length} edges for ${counts.length} bins; there is one more edge than bins`)
  const falls = edges.findIndex((edge, at) => at > 0 && !(edge > (edges[at - 1] as number)))
  if (falls > 0) throw wrong(`edge ${falls} is not greater than the one before it`)
  const sum = counts.reduce((all, one) => all + one, 0)
  // Weights of bins are not always whole.
  if (!(Math.abs(sum - count) <= 1e-6 * Math.max(1, count))) throw wrong(`its bins hold ${sum}, its count is ${count}`)
  if ((min === null) !== (count === 0) || (max === null) !== (count === 0))
    throw wrong('min and max are null where it has no values, and nowhere else')
  if (min !== null && max !== null && min > max) throw wrong('min is greater than max')
  const content = JSON.stringify(histogram)
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 32)
  return { point, step, timestamp, digest, content }
}

async function ownHistograms(trx: Trx, project: string, run: string): Promise<RunHistogramTable[]> {
  const rows = await trx
    .selectFrom('run_histogram')
    .selectAll()
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .execute()
  return rows.map((row) => ({
    ...row,
    size: Number(row.size),
    first_step: Number(row.first_step),
    last_step: Number(row.last_step),
    timestamp: Number(row.timestamp),
  }))
}

/** Which of the points that are sent are there, for all keys at once: a network of a hundred layers is one batch. */
async function namesThere(
  trx: Trx,
  project: string,
  sent: ReadonlyMap<string, readonly StoredHistogram[]>,
  known: ReadonlyMap<string, RunHistogramTable>,
): Promise<Set<string>> {
  const series = [...sent.keys()].flatMap((key) => known.get(key)?.series ?? [])
  if (series.length === 0) return new Set()
  const steps = new Set([...sent.values()].flatMap((points) => points.map(({ step }) => step)))
  const rows = await trx
    .selectFrom('run_histogram_point')
    .select(['series', 'step', 'timestamp', 'digest'])
    .where('project_id', '=', project)
    .where('series', 'in', series)
    .where('step', 'in', [...steps])
    .execute()
  return new Set(rows.map((row) => nameOf(row.series, row)))
}

const nameOf = (
  series: string,
  { step, timestamp, digest }: Pick<HistogramPointTable, 'step' | 'timestamp' | 'digest'>,
): string => `${series} ${step} ${timestamp} ${digest}`

function fold(
  before: RunHistogramTable | undefined,
  points: readonly StoredHistogram[],
): Omit<RunHistogramTable, 'project_id' | 'run_id' | 'key' | 'series'> {
  const steps = points.map(({ step }) => step)
  const lows = [before?.low ?? null, ...points.map(({ point }) => point.min)].filter((one) => one !== null)
  const highs = [before?.high ?? null, ...points.map(({ point }) => point.max)].filter((one) => one !== null)
  return {
    points: (before?.points ?? 0) + points.length,
    size: (before?.size ?? 0) + points.reduce((sum, { content }) => sum + content.length, 0),
    first_step: Math.min(before?.first_step ?? Number.POSITIVE_INFINITY, ...steps),
    last_step: Math.max(before?.last_step ?? Number.NEGATIVE_INFINITY, ...steps),
    timestamp: Math.max(before?.timestamp ?? 0, ...points.map(({ timestamp }) => timestamp)),
    low: lows.length === 0 ? null : Math.min(...lows),
    high: highs.length === 0 ? null : Math.max(...highs),
  }
}
