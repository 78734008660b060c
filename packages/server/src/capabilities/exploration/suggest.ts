import type { FrontierSuggestion, Idea, RunMetricDirection } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import { isSeed } from '../tracking/index.ts'
import { columnOf } from './factor-columns.ts'
import type { RunFacts } from './read-run-facts.ts'
import { repeatsOf } from './repeat-groups.ts'
import { numberText } from './shared-traits.ts'
import type { FeatureColumns } from './tried-space.ts'

const enoughRepeats = 3
const mostEach = 4

type Known = RunFacts & { readonly value: number }

/** What was never tried, with the reason why it may be worth it. Nothing of it is done by itself. */
export async function suggest(
  db: Reader,
  project: string,
  input: {
    readonly facts: readonly RunFacts[]
    readonly features: FeatureColumns
    readonly direction: RunMetricDirection | null
    readonly ideas: readonly Idea[]
    readonly metric: string | null
  },
): Promise<FrontierSuggestion[]> {
  const { facts, direction, metric } = input
  const known = facts.filter((one): one is Known => one.run.status === 'FINISHED' && one.value !== null)
  const sign = direction === 'lower-is-better' ? -1 : 1
  const ranked = direction === null ? [] : known.toSorted((a, b) => sign * (b.value - a.value))
  const [best] = ranked
  return [
    ...untriedIdeas(input.ideas),
    ...(best && metric !== null
      ? [...repeatBest(ranked, best, metric), ...edges(facts, best), ...pairs(known, sign, metric)]
      : []),
    ...(await newerData(db, project, facts, input.features)),
  ]
}

const named = ({ run }: RunFacts) => ({ id: run.id, name: run.name })

/** Ideas that nobody has run: the chosen ones first, then the oldest. */
function untriedIdeas(ideas: readonly Idea[]): FrontierSuggestion[] {
  return ideas
    .filter((idea) => idea.runs === 0 && (idea.state === 'open' || idea.state === 'chosen'))
    .toSorted((a, b) => Number(b.state === 'chosen') - Number(a.state === 'chosen') || a.createdAt - b.createdAt)
    .slice(0, mostEach)
    .map((idea) => ({
      kind: 'idea',
      text: `Try “${idea.title}”.`,
      why:
        idea.state === 'chosen'
          ? 'It was chosen and has no run yet.'
          : `${idea.createdByName} added it and it has no run yet.`,
      idea: idea.id,
      evidence: [],
    }))
}

/** The best configuration again with other seeds, while so few repeats leave open whether it is the best. */
function repeatBest(ranked: readonly Known[], best: Known, metric: string): FrontierSuggestion[] {
  const own = repeatsOf(
    ranked.filter(
      (one) => one === best || (best.configuration !== undefined && one.configuration === best.configuration),
    ),
  )
  if (own.length >= enoughRepeats) return []
  const second = ranked.find(
    (one) => one !== best && (best.configuration === undefined || one.configuration !== best.configuration),
  )
  const lead = second ? `; it leads ${second.run.name} by ${numberText(Math.abs(best.value - second.value))}` : ''
  return [
    {
      kind: 'repeat',
      text: `Repeat ${best.run.name} with other seeds.`,
      why: `It has the best ${metric} (${numberText(best.value)}) of ${own.length} ${own.length === 1 ? 'run' : 'runs'}${lead}. Fewer than ${enoughRepeats} repeats do not tell that from chance.`,
      idea: null,
      evidence: [named(best), ...(second ? [named(second)] : [])],
    },
  ]
}

/** Numbers whose best run has the least or the greatest value that was tried: beyond it nobody has looked. */
function edges(facts: readonly RunFacts[], best: Known): FrontierSuggestion[] {
  const keys = [...best.params.keys()].filter((key) => !isSeed(key)).toSorted()
  return keys
    .flatMap((key): FrontierSuggestion[] => {
      const column = columnOf(
        'param',
        facts.map((one) => one.params.get(key) ?? null),
      )
      if (column.type !== 'number') return []
      const values = [...new Set(column.values.flatMap((value) => value ?? []))].toSorted((a, b) => a - b)
      const [low, next] = values
      const [before, high] = [values.at(-2), values.at(-1)]
      if (values.length < 3 || low === undefined || next === undefined || before === undefined || high === undefined)
        return []
      const own = Number(best.params.get(key))
      if (own !== low && own !== high) return []
      const [edge, inner] = own === high ? [high, before] : [low, next]
      const beyond = low > 0 && high / low >= 20 ? (edge * edge) / inner : edge + (edge - inner)
      return [
        {
          kind: 'edge',
          text: `Try ${key} ${own === high ? 'above' : 'below'} ${numberText(own)}, such as ${numberText(beyond)}.`,
          why: `The best run has the ${own === high ? 'greatest' : 'least'} ${key} of the ${values.length} values that were tried, ${numberText(low)} to ${numberText(high)}; whether it gets better beyond, no run says.`,
          idea: null,
          evidence: [named(best)],
        },
      ]
    })
    .slice(0, mostEach)
}

/** Two values that are each the best of their parameter and never met. */
function pairs(known: readonly Known[], sign: number, metric: string): FrontierSuggestion[] {
  const winners = [...new Set(known.flatMap((one) => [...one.params.keys()]))]
    .filter((key) => !isSeed(key))
    .toSorted()
    .flatMap((key) => {
      const groups = [...Map.groupBy(known, (one) => one.params.get(key))].filter(([value]) => value !== undefined)
      if (groups.length < 2 || groups.length > 6 || groups.some(([, runs]) => runs.length < 2)) return []
      const ranked = groups
        .map(([value, runs]) => ({
          key,
          value: value ?? '',
          runs,
          mean: runs.reduce((sum, one) => sum + one.value, 0) / runs.length,
        }))
        .toSorted((a, b) => sign * (b.mean - a.mean))
      return ranked.slice(0, 1)
    })
  const found: FrontierSuggestion[] = []
  for (const [at, a] of winners.entries())
    for (const b of winners.slice(at + 1)) {
      if (a.runs.some((one) => one.params.get(b.key) === b.value)) continue
      found.push({
        kind: 'pair',
        text: `Try ${a.key} ${a.value} together with ${b.key} ${b.value}.`,
        why: `Each has the best mean ${metric} of its parameter (${numberText(a.mean)} over ${a.runs.length} runs, ${numberText(b.mean)} over ${b.runs.length}), and no run has both.`,
        idea: null,
        evidence: [...a.runs.slice(0, 1), ...b.runs.slice(0, 1)].map(named),
      })
    }
  return found.slice(0, mostEach)
}

/** Versions of the datasets that runs read which came after the newest one read, and their columns that no run had. */
async function newerData(
  db: Reader,
  project: string,
  facts: readonly RunFacts[],
  features: FeatureColumns,
): Promise<FrontierSuggestion[]> {
  const experiments = [...new Set(facts.map(({ run }) => run.experiment_id))]
  if (experiments.length === 0) return []
  const rows = await db
    .selectFrom('run_input')
    .select('urn')
    .distinct()
    .where('project_id', '=', project)
    .where('experiment_id', 'in', experiments)
    .where('urn', 'is not', null)
    .execute()
  const read = new Map<string, number>()
  for (const { urn } of rows) {
    const parts = urn === null ? undefined : parseUrn(urn)
    if (parts?.kind === 'dataset' && parts.version !== undefined)
      read.set(parts.id, Math.max(read.get(parts.id) ?? 0, Number(parts.version)))
  }
  const found: FrontierSuggestion[] = []
  for (const [dataset, version] of read) {
    const newest = await db
      .selectFrom('dataset_version')
      .select(['version', 'columns'])
      .where('project_id', '=', project)
      .where('dataset', '=', dataset)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!newest) continue
    if (newest.version > version)
      found.push({
        kind: 'data',
        text: `Train on ${dataset} version ${newest.version}.`,
        why: `The newest version that a run read is ${version}.`,
        idea: null,
        evidence: [],
      })
    const unused = features.size === 0 ? [] : columnsOf(newest.columns).filter((column) => !features.has(column))
    if (unused.length > 0)
      found.push({
        kind: 'feature',
        text: `Try ${unused.slice(0, 5).join(', ')}${unused.length > 5 ? ` or ${unused.length - 5} more` : ''} as features.`,
        why: `Version ${newest.version} of ${dataset} has ${unused.length === 1 ? 'this column' : 'these columns'}, and no run's data had.`,
        idea: null,
        evidence: [],
      })
  }
  return found.slice(0, mostEach)
}

function columnsOf(json: string): string[] {
  const columns = JSON.parse(json) as unknown
  return Array.isArray(columns)
    ? columns.flatMap((one: { name?: unknown } | null) => (typeof one?.name === 'string' ? one.name : []))
    : []
}
