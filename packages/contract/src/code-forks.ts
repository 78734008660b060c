import { type Static, Type } from 'typebox'
import { Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { ExperimentId, RunMetricDirection } from './tracking.ts'

const TextOrNull = Type.Union([Type.String(), Type.Null()])
const Millis = Type.Integer({ minimum: 0, description: 'Milliseconds UTC.' })
const MillisOrNull = Type.Union([Millis, Type.Null()])
const Commit = Type.String({ pattern: '^[0-9a-f]{40}([0-9a-f]{24})?$', description: 'A commit of Git.' })
const Path = Type.String({ maxLength: 4000 })
const Count = Type.Integer({ minimum: 0 })
const ExperimentParams = Type.Object({ project: ProjectName, experiment: ExperimentId })
const exact = { additionalProperties: false }

const trained = {
  runs: Type.Integer(),
  /** Runs that were started with changes that no commit has. */
  dirty: Type.Integer(),
  firstRunAt: MillisOrNull,
  lastRunAt: MillisOrNull,
  /** The best value of one run of these, where the direction is known; their number stands beside it. */
  best: Type.Union([
    Type.Object({ run: Type.String(), name: Type.String(), value: Type.Number(), of: Type.Integer() }),
    Type.Null(),
  ]),
  models: Type.Array(Type.Object({ model: Type.String(), version: Type.Integer() })),
}

/** A commit that runs of an experiment recorded, and what came of it. */
export const TrainedCommit = Type.Object({
  commit: Type.String(),
  branch: TextOrNull,
  repository: TextOrNull,
  ...trained,
})
export type TrainedCommit = Static<typeof TrainedCommit>

/** A line of code that trains models: a branch or fork, measured against the base where its repository is. */
export const CodeLine = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 300, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
    tip: Commit,
    /** The one that the others are measured against. */
    isBase: Type.Boolean(),
    /** Commits of runs that are on this line and not on the base. */
    commits: Type.Array(Commit, { maxItems: 5000 }),
    /** Where it left the base; null where they share no history. */
    mergeBase: Type.Union([Type.Object({ commit: Commit, at: Millis }, exact), Type.Null()]),
    /** Commits since the merge base: its own, and those of the base that it has not. */
    ahead: Count,
    behind: Count,
    firstAt: MillisOrNull,
    lastAt: MillisOrNull,
    /** Lines since the merge base. */
    added: Count,
    removed: Count,
    /** `inBase`: the base changed the file since, too. */
    files: Type.Array(Type.Object({ path: Path, added: Count, removed: Count, inBase: Type.Boolean() }, exact), {
      maxItems: 2000,
    }),
    /** How many files it touches; `files` may hold fewer. */
    touched: Count,
    /** What a three-way merge into the base would stop at; null where this was not tried. */
    conflicts: Type.Union([
      Type.Array(
        Type.Object(
          { path: Path, preview: Type.String({ maxLength: 20_000, description: 'With conflict marks.' }) },
          exact,
        ),
        { maxItems: 500 },
      ),
      Type.Null(),
    ]),
    /** What it changes since the merge base, as `git diff` writes it. */
    patch: Type.String({ maxLength: 400_000 }),
    /** False where the patch is too large to be kept here; `trivium code patch` writes it whole. */
    patchWhole: Type.Boolean(),
  },
  exact,
)
export type CodeLine = Static<typeof CodeLine>

/** How a line is merged back, to be typed where the repository is. A name that a shell could read otherwise gives way to its commit. */
export function mergeCommand(base: Pick<CodeLine, 'name' | 'tip'>, line: Pick<CodeLine, 'tip'>): string {
  const name = base.name.replace(/^origin\//, '')
  const onto = /^\w[\w./-]*$/.test(name) ? name : `--detach ${base.tip}`
  return `git switch ${onto} && git merge ${line.tip.slice(0, 12)}`
}

const recorded = {
  lines: Type.Array(CodeLine, { maxItems: 50 }),
  /** Commits of runs that are not in the repository where this was measured. */
  missing: Type.Array(Commit, { maxItems: 5000 }),
}

/** The lines of code that train the models of a problem, how far they diverge, and what came of each. */
export const CodeForks = Type.Object({
  metric: TextOrNull,
  direction: Type.Union([RunMetricDirection, Type.Null()]),
  /** When and by whom the lines were measured; null where nobody has. */
  recordedAt: MillisOrNull,
  recordedByName: TextOrNull,
  lines: Type.Array(Type.Object({ ...CodeLine.properties, ...trained })),
  missing: recorded.missing,
  /** Commits of runs that no measured line has: they are newer than the record, or missing there. */
  unmeasured: Type.Array(TrainedCommit),
  /** All commits that runs recorded, the newest 2,000. */
  commits: Type.Array(TrainedCommit),
  /** Runs that recorded no commit. */
  withoutCommit: Type.Integer(),
})
export type CodeForks = Static<typeof CodeForks>

export const getCodeForks = route({
  method: 'GET',
  url: '/api/v1/projects/:project/experiments/:experiment/code-forks',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getCodeForks',
    summary:
      'Reads which lines of code train the models of an experiment, how far they diverge, and what came of each.',
    params: ExperimentParams,
    query: Type.Object({
      metric: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
      direction: Type.Optional(RunMetricDirection),
    }),
    response: { 200: CodeForks, 403: Problem, 404: Problem },
  },
})

export const recordCodeForks = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/experiments/:experiment/code-forks',
  permission: 'run:write',
  bodyLimit: 16 * 1024 * 1024,
  schema: {
    operationId: 'recordCodeForks',
    summary:
      'Records how far lines of code diverge, as `trivium code forks` measured it in their repository; the record before is replaced.',
    params: ExperimentParams,
    body: Type.Object(recorded, exact),
    response: { 204: Type.Null(), 400: Problem, 403: Problem, 404: Problem },
  },
})
