import type { Explanation, FactorImportance, RunMetricDirection } from '@trivium/contract'
import { forestImportance, momentsOf, varianceOf } from '../../kernel/stats/index.ts'
import { type FactorColumn, factorColumns } from './factor-columns.ts'
import { rankCorrelation } from './rank-correlation.ts'
import type { RunFacts } from './read-run-facts.ts'
import { repeatGroups } from './repeat-groups.ts'
import { sharedTraits } from './shared-traits.ts'

/** Runs below which nothing is explained. */
const fewest = 20
/** Cells of the table that forests are grown from: it bounds the time. */
const mostCells = 100_000
const mostGroups = 50
const mostFront = 50
const topRuns = 5

type Measured = RunFacts & { readonly value: number }

/** What explains the differences of a metric over runs. It grows forests, which takes up to seconds: it runs on a thread of its own. */
export function explain(
  facts: readonly RunFacts[],
  { metric, direction, truncated }: { metric: string; direction: RunMetricDirection | null; truncated: boolean },
): Explanation {
  const measured = facts.filter((one): one is Measured => one.run.status === 'FINISHED' && one.value !== null)
  const { factors, leftOut } = factorColumns(measured)
  const repeats = repeatGroups(facts)
  return {
    metric,
    direction,
    runs: measured.length,
    looked: facts.length,
    truncated,
    spread: spreadOf(measured.map((one) => one.value)),
    ...importanceOf(measured, factors),
    leftOut,
    best: bestOf(measured, factors, direction),
    repeats: { ...repeats, groups: repeats.groups.slice(0, mostGroups) },
    front: frontOf(measured, direction),
  }
}

function spreadOf(values: readonly number[]): Explanation['spread'] {
  if (values.length === 0) return null
  const moments = momentsOf(values)
  const sd = Math.sqrt(varianceOf(moments))
  const [min, max] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
  return { mean: moments.mean, sd: Number.isNaN(sd) ? null : sd, min, max }
}

function importanceOf(
  measured: readonly Measured[],
  factors: readonly FactorColumn[],
): Pick<Explanation, 'fit' | 'reason' | 'importance'> {
  const whyNot =
    measured.length < fewest
      ? `${measured.length} finished runs have the metric; at least ${fewest} are needed to say what explains it.`
      : new Set(measured.map((one) => one.value)).size === 1
        ? 'All runs have the same value: there is no difference to explain.'
        : factors.length === 0
          ? 'Nothing that was recorded differs between the runs.'
          : null
  if (whyNot !== null) return { fit: null, reason: whyNot, importance: [] }
  const every = Math.max(1, Math.ceil((measured.length * factors.length) / mostCells))
  const thin = <T>(list: readonly T[]): T[] => list.filter((_, at) => at % every === 0)
  const number = new Map<string, number>()
  // Runs without parameters are repeats of nothing.
  const clusters = measured.map(({ run, configuration }) => {
    const key = configuration ?? run.id
    const known = number.get(key)
    if (known === undefined) number.set(key, number.size)
    return known ?? number.size - 1
  })
  const target = thin(measured.map((one) => one.value))
  const columns = factors.map(({ column }) => ({ ...column, values: thin<string | number | null>(column.values) }))
  const found = forestImportance(columns as never, target, thin(clusters))
  const importance = factors.map((factor, at): FactorImportance => {
    const { value, low, high } = found.importance[at] as (typeof found.importance)[number]
    return {
      kind: factor.kind,
      key: factor.key,
      type: factor.column.type,
      values: factor.values,
      runs: factor.runs,
      importance: value,
      low,
      high,
      correlation:
        factor.column.type === 'number'
          ? rankCorrelation(
              factor.column.values,
              measured.map((one) => one.value),
            )
          : null,
    }
  })
  const { value: explained, low, high } = found.explained
  return {
    fit: { trees: found.trees, forests: found.forests, explained, low, high },
    reason: every === 1 ? null : `Every ${every}th run was taken for the forests.`,
    importance: importance.toSorted((a, b) => b.importance - a.importance),
  }
}

/** The best tenth and what it shares. */
function bestOf(
  measured: readonly Measured[],
  factors: readonly FactorColumn[],
  direction: RunMetricDirection | null,
): Explanation['best'] {
  if (direction === null) return { runs: 0, top: [], shared: [] }
  const sign = direction === 'higher-is-better' ? -1 : 1
  const ranked = measured.toSorted((a, b) => sign * (a.value - b.value) || (a.run.id < b.run.id ? -1 : 1))
  const top = ranked.slice(0, topRuns).map(({ run, value }) => ({ id: run.id, name: run.name, value }))
  if (measured.length < fewest) return { runs: 0, top, shared: [] }
  const best = new Set(ranked.slice(0, Math.max(5, Math.ceil(measured.length / 10))))
  return {
    runs: best.size,
    top,
    shared: sharedTraits(
      factors,
      measured.map((one) => best.has(one)),
    ),
  }
}

/** Runs that no other one beats in both value and time; of equals the first. */
function frontOf(measured: readonly Measured[], direction: RunMetricDirection | null): Explanation['front'] {
  const timed = measured.flatMap(({ run, value, tookMs }) =>
    tookMs === null ? [] : [{ id: run.id, name: run.name, value, tookMs }],
  )
  if (direction === null) return { runs: [], dominated: 0 }
  const sign = direction === 'higher-is-better' ? 1 : -1
  let best = Number.NEGATIVE_INFINITY
  const front = timed
    .toSorted((a, b) => a.tookMs - b.tookMs || sign * (b.value - a.value))
    .filter(({ value }) => {
      if (sign * value <= best) return false
      best = sign * value
      return true
    })
  return { runs: front.slice(-mostFront), dominated: timed.length - front.length }
}
