import { type RawBuilder, sql } from 'kysely'
import type { Reader } from '../../../kernel/db/index.ts'
import type { MetricName, RunExpression, Term } from './filter-tree.ts'
import type { OrderKey } from './parse-order.ts'

interface Named {
  readonly filter: RunExpression | undefined
  readonly order: readonly OrderKey[]
}

/**
 * Decides what `metrics.loss.min` means: the metric of that name, where a run of the project has one, or else the smallest value of `loss`. Reads nothing where a query
 * has no such name.
 */
export async function resolveNames<Q extends Named>(db: Reader, project: string, query: Q): Promise<Q> {
  const unsure = new Set<string>()
  const note = <N extends MetricName>(name: N): N => {
    if (name.otherwise) unsure.add(name.key)
    return name
  }
  changed(query, note)
  if (unsure.size === 0) return query
  const asked: RawBuilder<unknown>[] = [...unsure].map(
    (key) =>
      sql`select ${key} as key where exists (select 1 from run_metric m where m.project_id = ${project} and m.key = ${key})`,
  )
  const { rows } = await sql<{ key: string }>`${sql.join(asked, sql` union all `)}`.execute(db as never)
  const known = new Set(rows.map(({ key }) => key))
  return changed(query, (name) => {
    const { otherwise, ...plain } = name
    return (otherwise && !known.has(name.key) ? { ...plain, ...otherwise } : plain) as typeof name
  })
}

/** A query with each name of a metric put through `change`. */
function changed<Q extends Named>(query: Q, change: <N extends MetricName>(name: N) => N): Q {
  const term = (one: Term): Term => {
    if (one.term === 'metric') return change(one)
    if ('left' in one) return { ...one, left: term(one.left), right: term(one.right) }
    return one
  }
  const tree = (one: RunExpression): RunExpression => {
    if (one.op === 'not') return { ...one, part: tree(one.part) }
    if (one.op === 'compare') return change(one)
    if (one.op === 'terms') return { ...one, left: term(one.left), right: term(one.right) }
    return { ...one, parts: one.parts.map(tree) }
  }
  return {
    ...query,
    filter: query.filter && tree(query.filter),
    order: query.order.map((key) =>
      key.term
        ? { ...key, term: term(key.term) }
        : key.entity === 'metric'
          ? change({ ...key, statistic: key.statistic ?? 'last' })
          : key,
    ),
  }
}
