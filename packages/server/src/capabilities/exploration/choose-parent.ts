import type { Factor } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { isSeed, type RunTable } from '../tracking/index.ts'
import { builtOnTag, commitTag, environmentTag, readRunFacts, type RunFacts } from './read-run-facts.ts'

/** Of the runs before it so many are looked at. */
const mostCandidates = 100

/** A factor in which two runs differ; null where one has none. */
export interface FactorChange extends Factor {
  readonly before: string | null
  readonly after: string | null
}

/** What a run is compared with. */
export interface ChosenParent {
  readonly facts: RunFacts
  /** In words, as in `base-3, the closest of 12 runs before it`. */
  readonly why: string
}

/** In which recorded factors one run differs from another, seeds left out. */
export function changesBetween(before: RunFacts, after: RunFacts): FactorChange[] {
  const changes: FactorChange[] = []
  const add = (kind: Factor['kind'], a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): void => {
    for (const key of [...new Set([...a.keys(), ...b.keys()])].toSorted())
      if (a.get(key) !== b.get(key) && !(kind === 'param' && isSeed(key)))
        changes.push({ kind, key, before: a.get(key) ?? null, after: b.get(key) ?? null })
  }
  const tag = (kind: Factor['kind'], key: string, name: string): void => {
    const [a, b] = [before.tags.get(name) ?? null, after.tags.get(name) ?? null]
    if (a !== b) changes.push({ kind, key, before: a, after: b })
  }
  add('param', before.params, after.params)
  add('data', before.inputs, after.inputs)
  tag('code', 'commit', commitTag)
  tag('environment', 'environment', environmentTag)
  return changes
}

/** The newest runs of the experiment that ended well and began before this one, the newest first. */
export async function earlierRuns(db: Reader, project: string, { run }: RunFacts): Promise<RunFacts[]> {
  const rows = await db
    .selectFrom('run')
    .selectAll()
    .where('project_id', '=', project)
    .where('experiment_id', '=', run.experiment_id)
    .where('lifecycle', '=', 'active')
    .where('status', '=', 'FINISHED')
    .where('start_time', '<=', run.start_time ?? run.created_at)
    .where('id', '!=', run.id)
    .orderBy('start_time', 'desc')
    .orderBy('id')
    .limit(mostCandidates)
    .execute()
  return readRunFacts(db, project, rows, undefined)
}

/**
 * The run that this one is compared with: the one that its tag `trivium.builtOn` names; else the run that it is nested in, where that has parameters of its own
 * (the frame of a sweep has none); else, of the runs before it, the one that differs in the fewest factors, of equals the newest. `without` are repeats, which
 * are no parents of their group.
 */
export async function chooseParent(
  db: Reader,
  project: string,
  facts: RunFacts,
  earlier: readonly RunFacts[],
  without: ReadonlySet<string> = new Set(),
): Promise<ChosenParent | undefined> {
  const told = facts.tags.get(builtOnTag)
  const builtOn = await readOne(db, project, told, facts.run.id)
  if (builtOn) return { facts: builtOn, why: `the run that its tag ${builtOnTag} names` }
  const nestedIn = await readOne(db, project, facts.run.parent_id, facts.run.id)
  if (nestedIn && nestedIn.params.size > 0) return { facts: nestedIn, why: 'the run that it is nested in' }
  const found = closest(facts, earlier, without)
  return found && { facts: found.facts, why: found.why }
}

/** Of runs the one that differs least. */
export function closest(
  facts: RunFacts,
  earlier: readonly RunFacts[],
  without: ReadonlySet<string>,
): (ChosenParent & { readonly differs: number }) | undefined {
  let best: { facts: RunFacts; differs: number } | undefined
  let looked = 0
  for (const candidate of earlier) {
    if (without.has(candidate.run.id) || candidate.params.size === 0) continue
    looked += 1
    const differs = changesBetween(candidate, facts).length
    if (!best || differs < best.differs) best = { facts: candidate, differs }
  }
  if (!best || facts.params.size === 0) return undefined
  const why =
    looked === 1
      ? 'the only finished run before it'
      : `the closest of ${looked} finished runs before it: ${best.differs === 0 ? 'nothing recorded differs but the seed' : `${best.differs} of what was recorded ${best.differs === 1 ? 'differs' : 'differ'}`}`
  return { ...best, why }
}

async function readOne(
  db: Reader,
  project: string,
  id: string | null | undefined,
  itself: string,
): Promise<RunFacts | undefined> {
  if (!id || id === itself) return undefined
  const row: RunTable | undefined = await db
    .selectFrom('run')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) return undefined
  const [facts] = await readRunFacts(db, project, [row], undefined)
  return facts
}
