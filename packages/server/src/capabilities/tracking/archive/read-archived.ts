import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Relation, TableParam } from '../../../kernel/ports/index.ts'
import type { HistoryRow } from '../metric-history.ts'
import type { MetricPlace } from './metric-places.ts'
import { pointColumns, pointLines, writeLines } from './write-point-lines.ts'

export type ArchiveDeps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'paths'>

/** Points of one metric, some or all of them in a Parquet file; every answer is as if they were in the table. */
export interface ArchivedMetric {
  /** From a place in the history on: by (timestamp, step, value). */
  page(offset: number, limit: number): Promise<HistoryRow[]>
  /** The first and the last step of a range. */
  ends(range: StepRange): Promise<{ low: number; high: number } | undefined>
  count(range: StepRange): Promise<number>
  /** By (step, timestamp, value). */
  all(range: StepRange): Promise<HistoryRow[]>
  /** Those of some steps, by (step, timestamp, value). */
  at(steps: readonly number[]): Promise<HistoryRow[]>
  /** Finds the first step from a number on. Of very many, unevenly far apart, it knows only one in each of equal stretches between two steps. */
  finder(low: number, high: number): Promise<(from: number) => number | undefined>
  /** The lowest and the highest point of equal stretches, the first and the last one. */
  extremes(range: StepRange, ends: { low: number; high: number }, stretches: number): Promise<HistoryRow[]>
}

export interface StepRange {
  readonly fromStep: number | undefined
  readonly toStep: number | undefined
}

const mostRows = 1_000_000
const mostSteps = 200_000
/** As the table sorts: a NaN is a 0 there, with a mark. */
const byStep = `step, timestamp, coalesce(value, 0), value is null`
const row = `step, timestamp, value`

/** Calls `read` with the points of a metric that has some in a file. Later ones, that are in the table, are put beside them. */
export async function withArchived<T>(
  deps: ArchiveDeps,
  project: string,
  place: MetricPlace,
  read: (metric: ArchivedMetric) => Promise<T>,
): Promise<T> {
  const { db, blobs, paths } = deps
  const stored: Relation = { format: 'parquet', files: [await blobs.localPath(project, place.blob ?? '')] }
  if (place.count === place.stored) return read(archivedMetric(deps, place, { stored }))
  const folder = await mkdtemp(join(paths.tmp, 'points-'))
  try {
    const path = join(folder, 'later.ndjson')
    await writeLines(path, pointLines(db, [{ id: place.series, label: '' }]))
    const later: Relation = { format: 'ndjson', files: [path], columns: pointColumns }
    return await read(archivedMetric(deps, { ...place, every: null }, { stored, later }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function archivedMetric(
  { tables }: ArchiveDeps,
  place: MetricPlace,
  relations: { stored: Relation; later?: Relation },
): ArchivedMetric {
  // The file has the place of each point in the history; with later ones it is another.
  const points = relations.later
    ? `select row_number() over (order by timestamp, step, coalesce(value, 0), value is null) as n, ${row}
       from (select ${row} from stored where key = ? union all select ${row} from later)`
    : `select n, ${row} from stored where key = ?`
  const ask = async (select: string, params: readonly TableParam[] = []): Promise<unknown[][]> =>
    (
      await tables.query({
        sql: `with points as (${points}) ${select}`,
        relations: { ...relations },
        params: [place.key, ...params],
        trusted: true,
        maxRows: mostRows,
      })
    ).rows
  const rows = async (rest: string, params: readonly TableParam[] = []): Promise<HistoryRow[]> =>
    (await ask(`select ${row} from points ${rest}`, params)).map(rowOf)
  const within = ({ fromStep, toStep }: StepRange): string =>
    `where true${fromStep === undefined ? '' : ` and step >= ${integer(fromStep)}`}${toStep === undefined ? '' : ` and step <= ${integer(toStep)}`}`
  const isWhole = (range: StepRange): boolean =>
    !relations.later && (range.fromStep ?? place.low) <= place.low && (range.toStep ?? place.high) >= place.high

  return {
    page: (offset, limit) => rows(`where n > ${integer(offset)} and n <= ${integer(offset + limit)} order by n`),
    ends: async (range) => {
      if (isWhole(range)) return { low: place.low, high: place.high }
      const [found] = await ask(`select min(step), max(step) from points ${within(range)}`)
      const [low, high] = found ?? []
      return low === null || low === undefined ? undefined : { low: Number(low), high: Number(high) }
    },
    count: async (range) =>
      isWhole(range) ? place.count : Number((await ask(`select count(*) from points ${within(range)}`))[0]?.[0]),
    all: (range) => rows(`${within(range)} order by ${byStep}`),
    at: async (steps) => {
      if (steps.length === 0) return []
      const [low, high] = [Math.min(...steps), Math.max(...steps)]
      return rows(
        `where step in (${steps.map(integer).join(', ')}) and step between ${integer(low)} and ${integer(high)} order by ${byStep}`,
      )
    },
    finder: async (low, high) => {
      const { every } = place
      if (every !== null)
        return (from) => {
          const step = place.low + Math.max(0, Math.ceil((from - place.low) / every)) * every
          return step <= place.high ? step : undefined
        }
      const between = within({ fromStep: low, toStep: high })
      let steps = await ask(`select distinct step from points ${between} order by step limit ${mostSteps + 1}`)
      if (steps.length > mostSteps)
        steps = await ask(
          `select min(step) as step from points ${between} group by floor((step - ${integer(low)}) / ${(high - low + 1) / mostSteps}) order by step`,
        )
      return finderIn(steps.map(([step]) => Number(step)))
    },
    extremes: async (range, { low, high }, stretches) => {
      const bucket = `least(${stretches - 1}, floor((step - ${integer(low)}) / ${(high - low + 1) / stretches}))`
      const place = `{'value': value, 'step': step, 'timestamp': timestamp}`
      const found = await ask(
        `select unnest([lowest, highest], recursive := true) from (
           select arg_min(${place}, ${place}) as lowest,
             arg_min(${place}, {'value': -value, 'step': step, 'timestamp': timestamp}) as highest
           from points ${within(range)} and value is not null group by ${bucket})`,
      )
      const [first] = await rows(`${within(range)} order by ${byStep} limit 1`)
      const [last] = await rows(
        `${within(range)} order by step desc, timestamp desc, coalesce(value, 0) desc, value is null desc limit 1`,
      )
      const middle = found.map(([value, step, timestamp]) => rowOf([step, timestamp, value]))
      return [...(first ? [first] : []), ...middle, ...(last ? [last] : [])]
    },
  }
}

const integer = (value: number): string => BigInt(Math.trunc(value)).toString()

const rowOf = ([step, timestamp, value]: unknown[]): HistoryRow => ({
  step: Number(step),
  timestamp: Number(timestamp),
  value: value === null ? 0 : Number(value),
  is_nan: value === null ? 1 : 0,
})

/** By halves, in steps that rise. */
function finderIn(steps: readonly number[]): (from: number) => number | undefined {
  return (from) => {
    let [low, high] = [0, steps.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((steps[middle] as number) < from) low = middle + 1
      else high = middle
    }
    return steps[low]
  }
}
