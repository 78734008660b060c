import type { Factor, Frontier, RunMetricDirection, TriedValue } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { isSeed } from '../tracking/index.ts'
import { columnOf } from './factor-columns.ts'
import { commitTag, type RunFacts } from './read-run-facts.ts'
import { numberText, shortValue } from './shared-traits.ts'

const mostValues = 12
const stretches = 8
const mostFactors = 60

/** Columns that runs read, as the schemas of their datasets name them: for each the runs that had it. */
export type FeatureColumns = ReadonlyMap<string, ReadonlySet<string>>

/** Which columns the datasets of runs have; empty where no client logged a schema. */
export async function featureColumns(db: Reader, project: string, facts: readonly RunFacts[]): Promise<FeatureColumns> {
  const experiments = [...new Set(facts.map(({ run }) => run.experiment_id))]
  if (experiments.length === 0) return new Map()
  const rows = await db
    .selectFrom('run_dataset')
    .select(['name', 'digest', 'schema'])
    .where('project_id', '=', project)
    .where('experiment_id', 'in', experiments)
    .where('schema', 'is not', null)
    .execute()
  const columnsOf = new Map(rows.map((row) => [`${row.name} ${row.digest}`, columnNames(row.schema ?? '')]))
  const found = new Map<string, Set<string>>()
  for (const { run, inputs } of facts)
    for (const [name, digest] of inputs)
      for (const column of columnsOf.get(`${name} ${digest}`) ?? []) {
        const own = found.get(column)
        if (own) own.add(run.id)
        else found.set(column, new Set([run.id]))
      }
  return found
}

/** Names of a schema as MLflow writes it: `{"mlflow_colspec": [{"name": …, "type": …}]}`. */
function columnNames(schema: string): string[] {
  try {
    const found = (JSON.parse(schema) as { mlflow_colspec?: unknown } | null)?.mlflow_colspec
    if (!Array.isArray(found)) return []
    return found.flatMap((one: { name?: unknown } | null) => (typeof one?.name === 'string' ? one.name : []))
  } catch {
    // What a client logs as a schema need not be JSON.
    return []
  }
}

/** Each factor with the values that were tried: those that vary most first. */
export function triedSpace(
  facts: readonly RunFacts[],
  features: FeatureColumns,
  direction: RunMetricDirection | null,
): Frontier['space'] {
  const found: Frontier['space'] = []
  const add = (kind: Factor['kind'], key: string, values: readonly (string | null)[]): void => {
    const column = columnOf(kind, values)
    const distinct = new Set(values).size
    const labels =
      column.type === 'number' && distinct > mostValues
        ? stretchesOf(column.values)
        : values.map((value) => (value === null ? 'not set' : shortValue(kind, value)))
    found.push({ kind, key, type: column.type, distinct, values: triedValues(facts, labels, column.type, direction) })
  }
  const keys = (of: (one: RunFacts) => ReadonlyMap<string, string>) =>
    [...new Set(facts.flatMap((one) => [...of(one).keys()]))].toSorted()
  for (const key of keys((one) => one.params))
    if (!isSeed(key))
      add(
        'param',
        key,
        facts.map((one) => one.params.get(key) ?? null),
      )
  for (const key of keys((one) => one.inputs))
    add(
      'data',
      key,
      facts.map((one) => one.inputs.get(key) ?? null),
    )
  if (facts.some(({ tags }) => tags.has(commitTag)))
    add(
      'code',
      'commit',
      facts.map(({ tags }) => tags.get(commitTag) ?? null),
    )
  for (const [column, runs] of features) {
    const labels = facts.map(({ run }) => (runs.has(run.id) ? 'used' : 'not used'))
    const values = triedValues(facts, labels, 'category', direction)
    found.push({ kind: 'feature', key: column, type: 'category', distinct: values.length, values })
  }
  return found
    .toSorted(
      (a, b) =>
        Number(b.distinct > 1) - Number(a.distinct > 1) || (a.kind === b.kind ? 0 : a.kind === 'param' ? -1 : 1),
    )
    .slice(0, mostFactors)
}

/** Names the stretch of each number: equal parts of the range, of its logarithm where it spans two powers of ten. */
function stretchesOf(values: readonly (number | null)[]): string[] {
  const numbers = values.flatMap((value) => value ?? [])
  const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))]
  const logarithmic = low > 0 && high / low >= 100
  const edge = (at: number) =>
    logarithmic ? low * (high / low) ** (at / stretches) : low + ((high - low) * at) / stretches
  return values.map((value) => {
    if (value === null) return 'not set'
    let at = 0
    while (at < stretches - 1 && value > edge(at + 1)) at += 1
    return `${numberText(edge(at))} to ${numberText(edge(at + 1))}`
  })
}

function triedValues(
  facts: readonly RunFacts[],
  labels: readonly string[],
  type: 'number' | 'category',
  direction: RunMetricDirection | null,
): TriedValue[] {
  const found = new Map<string, { runs: number; values: number[] }>()
  for (const [at, label] of labels.entries()) {
    const own = found.get(label) ?? { runs: 0, values: [] }
    found.set(label, own)
    own.runs += 1
    const one = facts[at]
    if (one?.run.status === 'FINISHED' && one.value !== null) own.values.push(one.value)
  }
  const better = direction === 'lower-is-better' ? Math.min : Math.max
  return [...found]
    .map(([label, { runs, values }]) => ({
      label,
      runs,
      n: values.length,
      mean: values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length,
      best: values.length === 0 || direction === null ? null : values.reduce((a, b) => better(a, b)),
    }))
    .toSorted((a, b) => (type === 'number' ? startOf(a.label) - startOf(b.label) : b.runs - a.runs))
    .slice(0, mostValues + 1)
}

/** Where a value or a stretch begins; what is not set comes last. */
function startOf(label: string): number {
  const number = Number.parseFloat(label)
  return Number.isNaN(number) ? Number.MAX_VALUE : number
}
