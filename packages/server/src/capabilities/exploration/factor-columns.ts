import type { Factor } from '@trivium/contract'
import type { ForestColumn } from '../../kernel/stats/index.ts'
import { isSeed } from '../tracking/index.ts'
import { commitTag, environmentTag, type RunFacts } from './read-run-facts.ts'

const mostFactors = 40

/** A factor with the value of each run. */
export interface FactorColumn extends Factor {
  readonly column: ForestColumn
  /** Different values, a missing one included. */
  readonly values: number
  readonly runs: number
}

interface Gathered extends Factor {
  readonly values: (string | null)[]
}

/** The factors of runs that can explain differences, and those that cannot, with the reason. */
export function factorColumns(facts: readonly RunFacts[]): {
  factors: FactorColumn[]
  leftOut: (Factor & { why: string })[]
} {
  const factors: FactorColumn[] = []
  const leftOut: (Factor & { why: string })[] = []
  for (const { kind, key, values } of gather(facts)) {
    const distinct = new Set(values).size
    const column = columnOf(kind, values)
    const runs = values.filter((value) => value !== null).length
    if (kind === 'param' && isSeed(key)) leftOut.push({ kind, key, why: 'a seed: its differences are chance' })
    else if (distinct === 1) leftOut.push({ kind, key, why: 'the same in all runs' })
    else if (column.type === 'category' && distinct > 10 && distinct > values.length / 2)
      leftOut.push({ kind, key, why: `another value in nearly every run (${distinct} values)` })
    else factors.push({ kind, key, column, values: distinct, runs })
  }
  factors.sort((a, b) => b.runs - a.runs || (a.key < b.key ? -1 : 1))
  for (const { kind, key, runs } of factors.slice(mostFactors))
    leftOut.push({ kind, key, why: `${mostFactors} factors are looked at; this one is in ${runs} runs only` })
  return { factors: factors.slice(0, mostFactors), leftOut }
}

function gather(facts: readonly RunFacts[]): Gathered[] {
  const found: Gathered[] = []
  const add = (kind: Factor['kind'], of: (one: RunFacts) => ReadonlyMap<string, string>): void => {
    const keys = new Set(facts.flatMap((one) => [...of(one).keys()]))
    for (const key of [...keys].toSorted())
      found.push({ kind, key, values: facts.map((one) => of(one).get(key) ?? null) })
  }
  const tag = (kind: Factor['kind'], key: string, name: string): void => {
    const values = facts.map((one) => one.tags.get(name) ?? null)
    if (values.some((value) => value !== null)) found.push({ kind, key, values })
  }
  add('param', (one) => one.params)
  add('data', (one) => one.inputs)
  tag('code', 'commit', commitTag)
  tag('environment', 'environment', environmentTag)
  return found
}

/** A parameter whose values all are numbers is one. */
export function columnOf(kind: Factor['kind'], values: readonly (string | null)[]): ForestColumn {
  const numbers = values.map((value) => (value === null ? null : numberOf(value)))
  return kind === 'param' && numbers.every((value) => value === null || Number.isFinite(value))
    ? { type: 'number', values: numbers }
    : { type: 'category', values }
}

function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}
