import type { Frontier, FrontierRun, Idea, RunMetricDirection } from '@trivium/contract'
import { hypothesisTag, ideaTag } from '@trivium/contract'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { metricDirectionOf, selectRuns, spreadOf } from '../tracking/index.ts'
import { changesBetween, closest } from './choose-parent.ts'
import { readBaselines } from './baselines/read-baselines.ts'
import { readIdeas } from './ideas.ts'
import { builtOnTag, readRunFacts, type RunFacts } from './read-run-facts.ts'
import { repeatsOf } from './repeat-groups.ts'
import { suggest } from './suggest.ts'
import { featureColumns, triedSpace } from './tried-space.ts'

/** Runs of a problem that are looked at, the newest. */
const mostRuns = 3000
const mostShown = 100
/** Runs before one among which the one that it was built on is looked for. */
const mostEarlier = 60
const fewestChildren = 5
const mostSweeps = 20
const mostExpected = 1000

export interface FrontierInput {
  readonly project: string
  readonly kind: 'experiment' | 'model'
  readonly name: string
  readonly experiments: readonly { readonly id: string; readonly name: string }[]
  readonly metric: string | undefined
  readonly direction: RunMetricDirection | undefined
}

/** The frontier of a model problem as finished JSON. Runs on a reader thread. */
export async function frontierBytes(db: Reader, input: FrontierInput, dialect: Dialect): Promise<string> {
  const { project } = input
  const experiments = input.experiments.map((one) => one.id)
  const query = {
    project,
    experiments,
    view: 'active' as const,
    filter: undefined,
    order: [],
    limit: mostRuns,
    offset: 0,
  }
  const { rows, more } = await selectRuns(db, dialect, query)
  const metrics = await metricKeys(
    db,
    project,
    rows.map((row) => row.id),
  )
  const metric = input.metric ?? metrics.find((key) => metricDirectionOf(key) !== null) ?? metrics[0] ?? null
  const direction = input.direction ?? (metric === null ? null : metricDirectionOf(metric))
  const newest = await readRunFacts(db, project, rows, metric ?? undefined)
  const facts = newest.toSorted((a, b) => startOf(a) - startOf(b) || (a.run.id < b.run.id ? -1 : 1))
  const ideas = await readIdeas(db, project, { experiments })
  const features = await featureColumns(db, project, facts)
  // What only frames a sweep has no factors of its own.
  const varied = facts.filter(({ params }) => params.size > 0)
  const space = triedSpace(varied, features, direction)
  const records = recordsOf(facts, direction)
  const isRecord = new Set(records.map((one) => one.run.id))
  const active = facts.filter(({ run }) => run.status === 'RUNNING' || run.status === 'SCHEDULED')
  const found: Frontier = {
    problem: { kind: input.kind, name: input.name, experiments: [...input.experiments] },
    metric,
    direction,
    metrics,
    looked: facts.length,
    truncated: more,
    tried: {
      runs: facts.length,
      configurations: new Set(facts.flatMap((one) => one.configuration ?? [])).size,
      running: active.length,
      failed: facts.filter(({ run }) => run.status === 'FAILED').length,
    },
    running: active
      .toReversed()
      .slice(0, mostShown)
      .map(({ run, tags }) => ({
        id: run.id,
        name: run.name,
        startedAt: run.start_time,
        idea: tags.get(ideaTag) ?? null,
      })),
    ideas,
    spent: { ...spentOf(facts, records.at(-1)?.run.id), records },
    space,
    runs: builtOn(facts, isRecord),
    sweeps: sweepsOf(facts, ideas),
    suggestions: await suggest(db, project, { facts, features, direction, ideas, metric }),
    baselines: (await readBaselines(db, project, { experiments, retired: false })).filter(
      (one) => one.metric === metric,
    ),
  }
  return JSON.stringify(found)
}

const startOf = ({ run }: RunFacts): number => run.start_time ?? run.created_at

/** Metric keys of runs, the most frequent first; what a machine says of itself is none. */
async function metricKeys(db: Reader, project: string, runs: readonly string[]): Promise<string[]> {
  const counts = new Map<string, number>()
  for (let start = 0; start < runs.length; start += 1000) {
    const rows = await db
      .selectFrom('run_metric')
      .select((e) => ['key', e.fn.countAll<number>().as('n')])
      .where('project_id', '=', project)
      .where('run_id', 'in', runs.slice(start, start + 1000))
      .groupBy('key')
      .execute()
    for (const { key, n } of rows) counts.set(key, (counts.get(key) ?? 0) + Number(n))
  }
  return [...counts]
    .filter(([key]) => !key.startsWith('system/'))
    .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, 200)
    .map(([key]) => key)
}

/** Each new best in the order in which runs ended, with what its configuration's repeats show. */
function recordsOf(facts: readonly RunFacts[], direction: RunMetricDirection | null): Frontier['spent']['records'] {
  if (direction === null) return []
  const sign = direction === 'higher-is-better' ? 1 : -1
  const groups = Map.groupBy(facts, (one) => one.configuration ?? one.run.id)
  const records: Frontier['spent']['records'] = []
  let [best, spentMs] = [Number.NEGATIVE_INFINITY, 0]
  for (const one of inOrderOfEnd(facts)) {
    spentMs += one.tookMs ?? 0
    const { run, value } = one
    if (run.status !== 'FINISHED' || value === null || sign * value <= best) continue
    best = sign * value
    const values = repeatsOf(groups.get(one.configuration ?? run.id) ?? [one])
    const { n, mean, low, high } = spreadOf(values)
    records.push({
      run: { id: run.id, name: run.name },
      at: run.end_time ?? startOf(one),
      value,
      spentMs,
      n,
      mean,
      low,
      high,
    })
  }
  return records
}

const inOrderOfEnd = (facts: readonly RunFacts[]): RunFacts[] =>
  facts
    .filter(({ run }) => run.end_time !== null)
    .toSorted((a, b) => (a.run.end_time ?? 0) - (b.run.end_time ?? 0) || (a.run.id < b.run.id ? -1 : 1))

/** Durations of runs; a run that only frames others spent nothing of its own. */
function spentOf(facts: readonly RunFacts[], best: string | undefined): Omit<Frontier['spent'], 'records'> {
  const parents = new Set(facts.flatMap(({ run }) => run.parent_id ?? []))
  const ended = inOrderOfEnd(facts).filter(({ run, params }) => !(parents.has(run.id) && params.size === 0))
  const sum = (some: readonly RunFacts[]) => some.reduce((total, one) => total + (one.tookMs ?? 0), 0)
  const at = ended.findIndex(({ run }) => run.id === best)
  return {
    totalMs: sum(ended),
    failedMs: sum(ended.filter(({ run }) => run.status !== 'FINISHED')),
    sinceBestMs: at < 0 ? null : sum(ended.slice(at + 1)),
  }
}

/** The newest runs and what each was built on: as its tag says, as it is nested, or the closest of those before it. */
function builtOn(facts: readonly RunFacts[], isRecord: ReadonlySet<string>): FrontierRun[] {
  const byId = new Map(facts.map((one) => [one.run.id, one]))
  return facts
    .map((one, at): FrontierRun => {
      const { run, tags, value } = one
      const shown = at >= facts.length - mostShown
      const parent = shown ? parentOf(one, facts.slice(Math.max(0, at - mostEarlier), at), byId) : undefined
      return {
        id: run.id,
        name: run.name,
        status: run.status,
        startedAt: run.start_time,
        value,
        parent: parent?.id ?? null,
        parentWhy: parent?.why ?? null,
        idea: tags.get(ideaTag) ?? null,
        record: isRecord.has(run.id),
      }
    })
    .slice(-mostShown)
    .toReversed()
}

function parentOf(
  one: RunFacts,
  before: readonly RunFacts[],
  byId: ReadonlyMap<string, RunFacts>,
): { id: string; why: string } | undefined {
  const told = one.tags.get(builtOnTag)
  if (told !== undefined && byId.has(told)) return { id: told, why: `its tag ${builtOnTag} names it` }
  const nested = one.run.parent_id === null ? undefined : byId.get(one.run.parent_id)
  if (nested && nested.params.size > 0) return { id: nested.run.id, why: 'it is nested in it' }
  const earlier = before.filter(({ run }) => run.status === 'FINISHED' && run.experiment_id === one.run.experiment_id)
  const found = closest(one, earlier.toReversed(), new Set())
  if (!found) return undefined
  const differ = changesBetween(found.facts, one)
    .slice(0, 4)
    .map(({ key }) => key)
  return {
    id: found.facts.run.id,
    why:
      found.differs === 0
        ? 'the same but for the seed'
        : `the closest before it: ${differ.join(', ')}${found.differs > 4 ? ` and ${found.differs - 4} more` : ''} ${found.differs === 1 ? 'differs' : 'differ'}`,
  }
}

function sweepsOf(facts: readonly RunFacts[], ideas: readonly Idea[]): Frontier['sweeps'] {
  const children = new Map<string, number>()
  for (const { run } of facts)
    if (run.parent_id !== null) children.set(run.parent_id, (children.get(run.parent_id) ?? 0) + 1)
  const byId = new Map(ideas.map((idea) => [idea.id, idea]))
  return facts
    .filter(({ run, tags }) => (children.get(run.id) ?? 0) >= fewestChildren || (tags.get(hypothesisTag) ?? '') !== '')
    .toReversed()
    .slice(0, mostSweeps)
    .map(({ run, tags }) => {
      const idea = byId.get(tags.get(ideaTag) ?? '')
      const at = idea?.hypothesisAt ?? null
      const noted = tags.get(hypothesisTag) ?? ''
      return {
        id: run.id,
        name: run.name,
        children: children.get(run.id) ?? 0,
        startedAt: run.start_time,
        idea: idea?.id ?? null,
        hypothesis:
          at === null
            ? noted === ''
              ? null
              : ('noted' as const)
            : at <= (run.start_time ?? run.created_at)
              ? ('before' as const)
              : ('after' as const),
        expected: (noted === '' ? (idea?.hypothesis ?? '') : noted).slice(0, mostExpected),
      }
    })
}
