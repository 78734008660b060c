import type { RunComparison, RunMetricDirection } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { trackingErrors } from './errors.ts'
import { findRepeats, isSeed } from './find-repeats.ts'
import { judgeRuns, summaryOf } from './judge-runs.ts'
import { metricDirectionOf } from './metric-direction.ts'
import { experimentNames, readRuns, runFields } from './read-runs.ts'

const most = 20

/** What a caller knows of metrics whose names do not say it. */
export interface ChosenDirections {
  readonly higher?: readonly string[]
  readonly lower?: readonly string[]
}

/** Runs side by side; the first is the baseline, and repeats of each configuration say what a difference shows. */
export async function compareRuns(
  db: Reader,
  project: string,
  ids: readonly string[],
  chosen: ChosenDirections = {},
): Promise<RunComparison> {
  const wanted = [...new Set(ids)]
  if (wanted.length < 2 || wanted.length > most)
    throw trackingErrors.INVALID(`A comparison takes 2 to ${most} different runs; it got ${wanted.length}.`)
  const both = chosen.higher?.find((key) => chosen.lower?.includes(key))
  if (both !== undefined)
    throw trackingErrors.INVALID(`"${both}" is named in higher and in lower. Name it in one of them.`)
  const runs = await readRuns(db, project, wanted)
  const names = await experimentNames(
    db,
    project,
    runs.map(({ run }) => run.experiment_id),
  )
  const known = new Map(runs.map((one) => [one.run.id, one]))
  const read = async (some: readonly string[]) => {
    const unknown = some.filter((id) => !known.has(id))
    if (unknown.length > 0) for (const one of await readRuns(db, project, unknown)) known.set(one.run.id, one)
    return some.flatMap((id) => known.get(id) ?? [])
  }
  const repeats: string[][] = []
  for (const one of runs) repeats.push(await findRepeats(db, project, one, read))
  const samples = (key: string) =>
    repeats.map((some) => ({
      runs: some,
      values: some.flatMap((id) => known.get(id)?.metrics.get(key)?.last ?? []),
    }))
  const directionOf = (key: string): [RunMetricDirection | null, 'name' | 'choice' | null] => {
    if (chosen.higher?.includes(key)) return ['higher-is-better', 'choice']
    if (chosen.lower?.includes(key)) return ['lower-is-better', 'choice']
    const direction = metricDirectionOf(key)
    return [direction, direction === null ? null : 'name']
  }
  const metrics = sideBySide(
    runs.map((r) => r.metrics),
    (m) => m.last,
  ).map((metric) => {
    const [direction, directionFrom] = directionOf(metric.key)
    return { ...metric, direction, directionFrom, samples: samples(metric.key) }
  })
  // How busy the machine was is no result: it is shown, and neither judged nor counted among the comparisons.
  const results = metrics.filter(({ key }) => !key.startsWith('system/'))
  const places = new Map(results.map(({ key }, at) => [key, at * (runs.length - 1)]))
  const contests = results.flatMap(({ direction, samples: [base, ...others] }) =>
    base ? others.map((other) => ({ direction, base, other })) : [],
  )
  const { judgements, comparisons } = judgeRuns(contests)
  return {
    runs: runs.map(({ run }) => runFields(run, names.get(run.experiment_id) ?? '')),
    params: sideBySide(
      runs.map((r) => r.params),
      (v) => v,
    ),
    tags: sideBySide(
      runs.map((r) => r.tags),
      (v) => v,
    ),
    metrics: metrics.map(({ samples: own, ...metric }) => {
      const place = places.get(metric.key)
      return {
        ...metric,
        repeats: own.map(({ values }) => summaryOf(values)),
        judgements:
          place === undefined ? runs.map(() => null) : [null, ...judgements.slice(place, place + runs.length - 1)],
      }
    }),
    inputs: sideBySide(
      runs.map((r) => r.inputs),
      (v) => v,
    ),
    repeats: repeats.map((some) => some.map((id) => ({ id, name: known.get(id)?.run.name ?? id }))),
    seeds: [...new Set(runs.flatMap((r) => [...r.params.keys()].filter(isSeed)))].toSorted(),
    comparisons,
  }
}

/** As people count: layer_2 before layer_10. */
const { compare: byName } = new Intl.Collator('en', { numeric: true })

/** Every key that one of them has, with each one's value; they differ where the values do, or where one is missing. */
export function sideBySide<V>(
  maps: readonly ReadonlyMap<string, V>[],
  identity: (value: V) => unknown,
): { key: string; differs: boolean; values: (V | null)[] }[] {
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))].toSorted(byName)
  return keys.map((key) => {
    const values = maps.map((map) => map.get(key) ?? null)
    const [first = null] = values
    const differs = values.some(
      (value) =>
        (value === null) !== (first === null) ||
        (value !== null && first !== null && !Object.is(identity(value), identity(first))),
    )
    return { key, differs, values }
  })
}
