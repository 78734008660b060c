import type { Baseline, BodyOf, changeIdea, Idea, RunDraft, RunMetricDirection } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Registry } from '../registry/index.ts'
import { metricDirectionOf, parseFilter, runTarget, type Tracking } from '../tracking/index.ts'
import type { DraftListInput } from './drafts-thread.ts'
import type { ExplanationInput } from './run-facts-thread.ts'
import type { JudgeInput } from './baselines/judge-thread.ts'
import { explorationErrors } from './errors.ts'
import { collectVelocity } from './collect-velocity.ts'
import { type FrontierInput } from './frontier-thread.ts'
import { addBaseline, type NewBaseline, linkReproductions, retireBaseline } from './baselines/baselines.ts'
import type { CodeForksInput } from './code-forks/code-forks-thread.ts'
import { type RecordedForks, recordCodeForks } from './code-forks/record-code-forks.ts'
import { readBaselines } from './baselines/read-baselines.ts'
import { addIdea, applyChange, linkRuns, readIdeas } from './ideas.ts'
import { modelExperiments } from './model-experiments.ts'
import type { VelocityInput } from './velocity-thread.ts'
import { runExplain } from './run-explain.ts'
import { confirmNote, followRemovals, reopenNote } from './run-notes.ts'

export type ExplorationDeps = Pick<Kernel, 'db' | 'clock' | 'events' | 'consumers' | 'metrics'> & {
  readonly tracking: Tracking
  readonly registry: Pick<Registry, 'model'>
}

/** Runs of an experiment that are looked at to explain a metric. */
const mostRuns = 5000
/** Runs that are judged against baselines at once. */
const mostJudged = 20
const file = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** What is learned from runs: drafts of what each shows, what explains a metric, ideas and how fast they are tried. Lists are finished JSON. */
export interface Exploration {
  /** Throws RUN_NOT_FOUND. */
  drafts(scope: Scope, run: string): Promise<Uint8Array>
  listDrafts(
    scope: Scope,
    input: { experiment: string; state: 'open' | 'confirmed'; limit: number; token: string | undefined },
  ): Promise<Uint8Array>
  /** Throws DRAFT_CHANGED where the records say something else than what was read. */
  confirm(
    scope: Scope,
    input: { run: string; of: RunDraft['of']; digest: string; text: string | undefined },
  ): Promise<RunDraft>
  reopen(scope: Scope, input: { run: string; of: RunDraft['of'] }): Promise<void>
  explain(
    scope: Scope,
    input: {
      experiment: string
      metric: string
      direction: RunMetricDirection | undefined
      filter: string | undefined
    },
  ): Promise<Uint8Array>
  ideas(scope: Scope, experiment: string): Promise<Idea[]>
  addIdea(scope: Scope, input: { experiment: string; title: string; hypothesis: string; source: string }): Promise<Idea>
  /** Throws NEEDS where a decision lacks a hypothesis, an outcome or a reason. */
  changeIdea(scope: Scope, id: string, change: BodyOf<typeof changeIdea>): Promise<Idea>
  linkRuns(scope: Scope, id: string, input: { runs: readonly string[]; linked: boolean }): Promise<Idea>
  /** Of an experiment, or of the experiments whose runs became versions of a model. */
  frontier(
    scope: Scope,
    input: {
      experiment: string | undefined
      model: string | undefined
      metric: string | undefined
      direction: RunMetricDirection | undefined
    },
  ): Promise<Uint8Array>
  velocity(scope: Scope, weeks: number): Promise<Uint8Array>
  /** Lines of code that train its models, with what came of each. */
  codeForks(
    scope: Scope,
    input: { experiment: string; metric: string | undefined; direction: RunMetricDirection | undefined },
  ): Promise<Uint8Array>
  /** Throws ONE_BASE and COMMIT_TWICE. */
  recordCodeForks(scope: Scope, experiment: string, recorded: RecordedForks): Promise<void>
  baselines(scope: Scope, experiment: string, retired: boolean): Promise<Baseline[]>
  /** Throws BAD_BASELINE where it contradicts itself or names a dataset version that is not here, SAME_BASELINE where one says the same. */
  addBaseline(scope: Scope, experiment: string, input: NewBaseline): Promise<Baseline>
  /** With the newest runs that reproduce it. */
  baseline(scope: Scope, id: string): Promise<Uint8Array>
  retireBaseline(scope: Scope, id: string, input: { retired: boolean; reason: string }): Promise<Baseline>
  linkReproductions(scope: Scope, id: string, input: { runs: readonly string[]; linked: boolean }): Promise<Baseline>
  /** Runs beside the baselines of their experiments; throws RUN_NOT_FOUND. */
  judgeBaselines(scope: Scope, runs: readonly string[]): Promise<Uint8Array>
}

export function createExploration(deps: ExplorationDeps): Exploration {
  const { db, tracking } = deps
  deps.consumers.add({
    name: 'exploration',
    events: ['experiment.removed', 'run.removed'],
    handle: (trx, batch) => followRemovals(trx, batch),
  })
  collectVelocity(deps)
  return {
    drafts: async (scope, run) => {
      await tracking.requireRun(scope, run)
      return db.offload({
        module: file('drafts-thread'),
        name: 'runDraftBytes',
        input: { project: scope.project, run },
        slow: true,
      })
    },
    listDrafts: async (scope, { experiment, state, limit, token }) => {
      await tracking.requireExperiment(scope, experiment)
      const input: DraftListInput = { project: scope.project, experiment, state, limit, after: placeOf(token) }
      return db.offload({ module: file('drafts-thread'), name: 'draftListBytes', input, slow: true })
    },
    confirm: (scope, input) => confirmNote(deps, scope, input),
    reopen: (scope, input) => reopenNote(deps, scope, input),
    explain: async (scope, { experiment, metric, direction, filter }) => {
      const query = {
        project: scope.project,
        experiments: [experiment],
        view: 'active' as const,
        filter: parseFilter(filter, runTarget),
        order: [],
        limit: mostRuns,
        offset: 0,
      }
      await tracking.requireExperiment(scope, experiment)
      const input: ExplanationInput = { query, metric, direction: direction ?? metricDirectionOf(metric) }
      return runExplain(
        await db.offload({ module: file('run-facts-thread'), name: 'runFactsBytes', input, slow: true }),
      )
    },
    ideas: async (scope, experiment) => {
      await tracking.requireExperiment(scope, experiment)
      return readIdeas(db.read, scope.project, { experiments: [experiment] })
    },
    addIdea: (scope, input) => addIdea(deps, scope, input),
    changeIdea: (scope, id, change) => applyChange(deps, scope, id, change),
    linkRuns: (scope, id, input) => linkRuns(deps, scope, id, input),
    frontier: async (scope, { experiment, model, metric, direction }) => {
      if ((experiment === undefined) === (model === undefined)) throw explorationErrors.ONE_PROBLEM()
      const experiments =
        experiment === undefined
          ? await modelExperiments(deps, scope, model ?? '')
          : [await tracking.requireExperiment(scope, experiment)]
      const input: FrontierInput = {
        project: scope.project,
        kind: experiment === undefined ? 'model' : 'experiment',
        name: model ?? experiments[0]?.name ?? '',
        experiments: experiments.map(({ id, name }) => ({ id, name })),
        metric,
        direction,
      }
      return db.offload({ module: file('frontier-thread'), name: 'frontierBytes', input, slow: true })
    },
    velocity: async (scope, weeks) => {
      const input: VelocityInput = { project: scope.project, weeks, now: deps.clock() }
      return db.offload({ module: file('velocity-thread'), name: 'velocityBytes', input, slow: true })
    },
    codeForks: async (scope, { experiment, metric, direction }) => {
      await tracking.requireExperiment(scope, experiment)
      const input: CodeForksInput = { project: scope.project, experiment, metric, direction }
      return db.offload({ module: file('code-forks/code-forks-thread'), name: 'codeForksBytes', input, slow: true })
    },
    recordCodeForks: (scope, experiment, recorded) => recordCodeForks(deps, scope, experiment, recorded),
    baselines: async (scope, experiment, retired) => {
      await tracking.requireExperiment(scope, experiment)
      return readBaselines(db.read, scope.project, { experiments: [experiment], retired })
    },
    addBaseline: (scope, experiment, input) => addBaseline(deps, scope, experiment, input),
    baseline: async (scope, id) => {
      const bytes = await db.offload({
        module: file('baselines/judge-thread'),
        name: 'baselineBytes',
        input: { project: scope.project, id },
        slow: true,
      })
      if (bytes.length === 4) throw explorationErrors.BASELINE_NOT_FOUND(id)
      return bytes
    },
    retireBaseline: (scope, id, input) => retireBaseline(deps, scope, id, input),
    linkReproductions: (scope, id, input) => linkReproductions(deps, scope, id, input),
    judgeBaselines: async (scope, runs) => {
      const wanted = [...new Set(runs)]
      if (wanted.length === 0 || wanted.length > mostJudged) throw explorationErrors.TOO_MANY_RUNS(mostJudged)
      for (const run of wanted) await tracking.requireRun(scope, run)
      const input: JudgeInput = { project: scope.project, runs: wanted }
      return db.offload({ module: file('baselines/judge-thread'), name: 'judgementBytes', input, slow: true })
    },
  }
}

function placeOf(token: string | undefined): readonly [number, string] | undefined {
  if (token === undefined || token === '') return undefined
  try {
    const [at, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [unknown, unknown]
    if (typeof at === 'number' && Number.isSafeInteger(at) && typeof id === 'string') return [at, id]
  } catch {
    // Falls through to the error: it was not made here.
  }
  throw explorationErrors.BAD_PAGE_TOKEN()
}
