import type { FilterEntity } from './filter-target.ts'

export type Comparator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'LIKE'
  | 'ILIKE'
  | 'RLIKE'
  | 'IN'
  | 'NOT IN'
  | 'IS NULL'
  | 'IS NOT NULL'

/** What is looked at of a metric: its latest or earliest point, the smallest or greatest of its points, or of these two the better. */
export const statistics = ['last', 'first', 'min', 'max', 'best'] as const
export type Statistic = (typeof statistics)[number]

/** A metric by name; `metrics.loss.min` is `otherwise` where the project has no metric of just that name. */
export interface MetricName {
  readonly key: string
  readonly statistic: Statistic
  readonly otherwise?: { readonly key: string; readonly statistic: Statistic }
}

export interface Comparison extends MetricName {
  readonly op: 'compare'
  readonly entity: FilterEntity
  readonly comparator: Comparator
  readonly value: number | string | readonly string[] | readonly number[] | null
}

/** Arithmetic over the numbers of a run. It has no value where one of them is missing or not a number, on a division by zero and out of range. */
export type Term =
  | { readonly term: 'number'; readonly value: number }
  | (MetricName & { readonly term: 'metric' })
  | { readonly term: 'attribute'; readonly key: string }
  | { readonly term: '+' | '-' | '*' | '/'; readonly left: Term; readonly right: Term }

/** Two terms compared; false where one of them has no value. */
export interface TermComparison {
  readonly op: 'terms'
  readonly left: Term
  readonly comparator: '=' | '!=' | '<' | '<=' | '>' | '>='
  readonly right: Term
}

/** Comparisons joined: plain data, so that it can be handed to a reader thread. */
export type Tree<Leaf> =
  | { readonly op: 'and' | 'or'; readonly parts: readonly Tree<Leaf>[] }
  | { readonly op: 'not'; readonly part: Tree<Leaf> }
  | Leaf

/** A parsed filter. */
export type Expression = Tree<Comparison>
/** A parsed filter of runs. */
export type RunExpression = Tree<Comparison | TermComparison>
