import type { ConfigurationGroup } from '@trivium/contract'
import { digestOf } from '../../kernel/ids/index.ts'
import { momentsOf, varianceOf } from '../../kernel/stats/index.ts'
import type { RunFacts } from './read-run-facts.ts'

const mostNamed = 20

/** Runs by configuration, those of more than one run, the largest first. Runs without parameters say nothing and are in none. */
export function repeatGroups(facts: readonly RunFacts[]): {
  groups: ConfigurationGroup[]
  configurations: number
  redundantRuns: number
} {
  const all = Map.groupBy(
    facts.filter((one) => one.configuration !== undefined),
    (one) => one.configuration,
  )
  const groups = [...all.values()].filter((members) => members.length > 1).map(groupOf)
  return {
    groups: groups.toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1)),
    configurations: all.size,
    redundantRuns: groups.reduce((sum, group) => sum + group.redundant, 0),
  }
}

/** Runs of one configuration, of several with the same seeds one: repeating the same dice adds no evidence. */
function fresh(members: readonly RunFacts[]): RunFacts[] {
  const seen = new Set<string>()
  return members.filter(({ seeds }) => {
    if (seeds === undefined) return true
    const first = !seen.has(seeds)
    seen.add(seeds)
    return first
  })
}

/** Values of a configuration's finished runs, one for each seed. */
export function repeatsOf(members: readonly RunFacts[]): number[] {
  return fresh(members.filter(({ run, value }) => run.status === 'FINISHED' && value !== null)).flatMap(
    ({ value }) => value ?? [],
  )
}

function groupOf(members: readonly RunFacts[]): ConfigurationGroup {
  const values = repeatsOf(members)
  const moments = momentsOf(values)
  const sd = Math.sqrt(varianceOf(moments))
  return {
    key: digestOf(members[0]?.configuration),
    runs: members.slice(0, mostNamed).map(({ run }) => ({ id: run.id, name: run.name })),
    count: members.length,
    redundant: members.length - fresh(members).length,
    n: values.length,
    mean: values.length === 0 ? null : moments.mean,
    sd: Number.isNaN(sd) ? null : sd,
  }
}
