import type { PerformanceDay, PerformanceMetric } from '@trivium/contract'
import type { Relation, TableEngine } from '../../kernel/ports/index.ts'
import { type BlockedMetric, type BootstrapEstimate, bootstrapMetric } from '../../kernel/stats/index.ts'

const dayMs = 86_400_000

/** Sums over the rows of one block; everything that a metric but the AUC needs. */
interface BlockSums {
  readonly block: number
  readonly predicted: number
  readonly labelled: number
  readonly scores: number
  readonly actuals: number
  readonly saidOfLabelled: number
  readonly logLoss: number
  readonly squared: number
  readonly absolute: number
  readonly hits: number
  readonly positives: number
  readonly other: number
}

export interface MeasuredCohort {
  readonly predicted: number
  /** Rows with a label and a score. */
  readonly labelled: number
  /** Labels that are neither 0 nor 1. */
  readonly notBinary: number
  readonly positives: number
  readonly estimates: ReadonlyMap<PerformanceMetric, BootstrapEstimate>
  readonly days: PerformanceDay[]
}

/** Probabilities are clipped as `logLossOfRow` does it, so that a certain mistake costs 36 and not infinity. */
const clipped = 'greatest(least(score, 1 - power(2, -52)), power(2, -52))'
const used = 'filter (score is not null and actual is not null)'

/**
 * Computes metrics of a cohort with intervals by resampling blocks of event time. The engine sums up each block; here only the sums are resampled, so the cost
 * does not grow with the rows.
 */
export async function measureCohort(
  tables: TableEngine,
  cohort: Relation,
  { metrics, blockSize, seed }: { metrics: readonly PerformanceMetric[]; blockSize: number; seed: string },
): Promise<MeasuredCohort> {
  const relations = { cohort }
  const { rows } = await tables.query({
    sql: `select event_time - event_time % ${blockSize} as block, count(*), count(*) ${used}, sum(score), sum(actual) ${used}, sum(score) ${used},
      sum(case when actual = 1 then -ln(${clipped}) else -ln(1 - ${clipped}) end) ${used},
      sum((score - actual) ** 2) ${used}, sum(abs(score - actual)) ${used}, count(*) filter ((score >= 0.5) = (actual = 1)),
      count(*) filter (actual = 1 and score is not null), count(*) filter (actual not in (0, 1))
      from cohort group by block order by block`,
    relations,
    trusted: true,
  })
  const sums = rows.map((row): BlockSums => {
    const [
      block = 0,
      predicted = 0,
      labelled = 0,
      scores = 0,
      actuals = 0,
      saidOfLabelled = 0,
      logLoss = 0,
      squared = 0,
      absolute = 0,
      hits = 0,
      positives = 0,
      other = 0,
    ] = row.map(Number)
    return {
      block,
      predicted,
      labelled,
      scores,
      actuals,
      saidOfLabelled,
      logLoss,
      squared,
      absolute,
      hits,
      positives,
      other,
    }
  })
  const blocks = sums.filter(({ labelled }) => labelled > 0)
  const total = (key: Exclude<keyof BlockSums, 'block'>): number => sums.reduce((sum, block) => sum + block[key], 0)
  const wins =
    metrics.includes('roc-auc') && blocks.length > 0 ? await pairTable(tables, cohort, blockSize, blocks) : undefined
  const estimates = new Map(
    metrics.map((metric) => {
      const prepared = metric === 'roc-auc' ? aucOf(blocks, wins ?? []) : ratioOf(blocks, metric)
      return [metric, bootstrapMetric(prepared, { seed: `${seed}:${metric}`, resamples: 1000 })] as const
    }),
  )
  return {
    predicted: total('predicted'),
    labelled: total('labelled'),
    notBinary: total('other'),
    positives: total('positives'),
    estimates,
    days: daysOf(
      sums,
      metrics,
      blockSize === dayMs ? new Map(blocks.map(({ block }, i) => [block, wins?.[i]?.[i]])) : new Map(),
    ),
  }
}

const sumOf: Record<Exclude<PerformanceMetric, 'roc-auc'>, (block: BlockSums) => number> = {
  'log-loss': ({ logLoss }) => logLoss,
  'brier-score': ({ squared }) => squared,
  accuracy: ({ hits }) => hits,
  'mean-absolute-error': ({ absolute }) => absolute,
  'root-mean-squared-error': ({ squared }) => squared,
}

/** A mean over rows, as the ratio of sums over blocks. */
function ratioOf(blocks: readonly BlockSums[], metric: Exclude<PerformanceMetric, 'roc-auc'>): BlockedMetric {
  const numerators = Float64Array.from(blocks, sumOf[metric])
  const counts = Float64Array.from(blocks, ({ labelled }) => labelled)
  const root = metric === 'root-mean-squared-error'
  const valueUnder = (weights: Int32Array): number => {
    let [sum, rows] = [0, 0]
    for (let i = 0; i < counts.length; i += 1) {
      sum += (weights[i] as number) * (numerators[i] as number)
      rows += (weights[i] as number) * (counts[i] as number)
    }
    const mean = rows === 0 ? Number.NaN : sum / rows
    return root ? Math.sqrt(mean) : mean
  }
  return blocked(blocks, valueUnder)
}

function blocked(blocks: readonly BlockSums[], valueUnder: (weights: Int32Array) => number): BlockedMetric {
  return {
    estimate: valueUnder(new Int32Array(blocks.length).fill(1)),
    rows: blocks.reduce((sum, { labelled }) => sum + labelled, 0),
    blocks: blocks.length,
    valueUnder,
  }
}

/** AUC: the share of pairs of a positive and a negative row that are in order, from the pairs won between each two blocks. */
function aucOf(blocks: readonly BlockSums[], wins: readonly (readonly number[])[]): BlockedMetric {
  return blocked(blocks, (weights) => {
    let [won, positives, negatives] = [0, 0, 0]
    for (const [r, row] of wins.entries()) {
      const weight = weights[r] as number
      const block = blocks[r] as BlockSums
      positives += weight * block.positives
      negatives += weight * (block.labelled - block.positives)
      if (weight === 0) continue
      for (let c = 0; c < row.length; c += 1) won += weight * (weights[c] as number) * (row[c] as number)
    }
    return positives === 0 || negatives === 0 ? Number.NaN : won / (positives * negatives)
  })
}

/** Pairs that a positive row of block r wins against a negative row of block c (ties count half), for all r and c. */
async function pairTable(
  tables: TableEngine,
  cohort: Relation,
  blockSize: number,
  blocks: readonly BlockSums[],
): Promise<number[][]> {
  const of = ({ block }: BlockSums) => `block = ${block}`
  const counts = blocks.flatMap((block, i) => [
    `coalesce(sum(actual) filter (${of(block)}), 0) as p${i}`,
    `coalesce(sum(1 - actual) filter (${of(block)}), 0) as n${i}`,
  ])
  const below = blocks.map((_, c) => `sum(n${c}) over (order by score) - n${c} / 2 as b${c}`)
  const wins = blocks.map((_, r) => `[${blocks.map((__, c) => `sum(p${r} * b${c})`).join(', ')}]`)
  const { rows } = await tables.query({
    sql: `with used as (select score, actual, event_time - event_time % ${blockSize} as block from cohort where score is not null and actual in (0, 1)),
      scores as (select score, ${counts.join(', ')} from used group by score),
      ranked as (select *, ${below.join(', ')} from scores)
      select [${wins.join(', ')}] from ranked`,
    relations: { cohort },
    trusted: true,
  })
  return ((rows[0]?.[0] ?? []) as unknown[][]).map((row) => row.map(Number))
}

function daysOf(
  sums: readonly BlockSums[],
  metrics: readonly PerformanceMetric[],
  winsOfDay: ReadonlyMap<number, number | undefined>,
): PerformanceDay[] {
  const days = new Map<number, BlockSums[]>()
  for (const block of sums) {
    const day = block.block - (block.block % dayMs)
    days.set(day, [...(days.get(day) ?? []), block])
  }
  return [...days].map(([at, blocks]) => {
    const total = (key: Exclude<keyof BlockSums, 'block'>): number => blocks.reduce((sum, block) => sum + block[key], 0)
    const [predicted, labelled] = [total('predicted'), total('labelled')]
    const value = (metric: PerformanceMetric): number | null => {
      if (labelled === 0) return null
      if (metric !== 'roc-auc')
        return ratioOf(
          blocks.filter((block) => block.labelled > 0),
          metric,
        ).estimate
      const [wins, positives] = [winsOfDay.get(at), total('positives')]
      return wins === undefined || positives === 0 || positives === labelled
        ? null
        : wins / (positives * (labelled - positives))
    }
    return {
      at,
      predicted,
      labelled,
      meanPredicted: predicted === 0 ? null : total('scores') / predicted,
      meanActual: labelled === 0 ? null : total('actuals') / labelled,
      values: Object.fromEntries(metrics.map((metric) => [metric, value(metric)])),
    }
  })
}
