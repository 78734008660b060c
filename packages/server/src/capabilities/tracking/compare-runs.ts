import type { RunComparison } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { trackingErrors } from './errors.ts'
import { experimentNames, readRuns, runFields } from './read-runs.ts'

const most = 20

/** Runs side by side; the first is the baseline. */
export async function compareRuns(db: Reader, project: string, ids: readonly string[]): Promise<RunComparison> {
  const wanted = [...new Set(ids)]
  if (wanted.length < 2 || wanted.length > most)
    throw trackingErrors.INVALID(`A comparison takes 2 to ${most} different runs; it got ${wanted.length}.`)
  const runs = await readRuns(db, project, wanted)
  const names = await experimentNames(
    db,
    project,
    runs.map(({ run }) => run.experiment_id),
  )
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
    metrics: sideBySide(
      runs.map((r) => r.metrics),
      (m) => m.last,
    ),
    inputs: sideBySide(
      runs.map((r) => r.inputs),
      (v) => v,
    ),
  }
}

/** Every key that one of them has, with each one's value; they differ where the values do, or where one is missing. */
export function sideBySide<V>(
  maps: readonly ReadonlyMap<string, V>[],
  identity: (value: V) => unknown,
): { key: string; differs: boolean; values: (V | null)[] }[] {
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))].toSorted()
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
