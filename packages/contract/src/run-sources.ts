import { type Static, type TSchema, Type } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { RunId } from './tracking.ts'

/** Where a run keeps what it was started from, among its files. */
export const sourcePaths = {
  /** JSON, see `RunCode`. */
  code: 'trivium/code.json',
  /** The packages of the Python that ran it, one `name==version` a line. */
  environment: 'trivium/requirements.txt',
  /** The resolved configuration of an experiment, see `RunConfiguration`. */
  configuration: 'trivium/experiment.json',
  /** The cells of the notebook that ran until the run ended, as a notebook. */
  notebook: 'trivium/notebook.ipynb',
} as const

const TextOrNull = Type.Union([Type.String(), Type.Null()])

/** The code that a run was started from: the commit, what was changed since (a patch of Git), and the text of the source files. */
export const RunCode = Type.Object({
  commit: TextOrNull,
  branch: TextOrNull,
  repository: TextOrNull,
  /** What the working copy has that the commit has not, as `git diff HEAD` writes it; null outside of Git. */
  patch: TextOrNull,
  /** The command, word by word. */
  command: Type.Array(Type.String()),
  files: Type.Array(Type.Object({ path: Type.String(), text: Type.String() })),
  /** Files that were left out because they are too large or too many. */
  leftOut: Type.Integer(),
})
export type RunCode = Static<typeof RunCode>

const Value = Type.Unknown({ description: 'Any JSON.' })

/** What differs between a configuration and its base: `path` is `params.depth`. */
export const ConfigurationChange = Type.Object({
  path: Type.String(),
  change: Type.Union([Type.Literal('added'), Type.Literal('removed'), Type.Literal('changed')]),
  before: Type.Optional(Value),
  after: Type.Optional(Value),
})
export type ConfigurationChange = Static<typeof ConfigurationChange>

/** An experiment that was described by a file: what it says with its base filled in, and what it changes of it. */
export const RunConfiguration = Type.Object({
  file: Type.String(),
  text: Type.String({ description: 'The file as it is.' }),
  base: Type.Union([Type.Object({ file: Type.String(), text: Type.String() }), Type.Null()]),
  hypothesis: Type.String(),
  resolved: Type.Record(Type.String(), Value),
  changes: Type.Array(ConfigurationChange),
})
export type RunConfiguration = Static<typeof RunConfiguration>

/** A run's code, packages, configuration and notebook cells, as far as they were kept. */
export const RunSources = Type.Object({
  code: Type.Union([RunCode, Type.Null()]),
  packages: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  /** The Python that it ran on, where it is known. */
  python: TextOrNull,
  configuration: Type.Union([RunConfiguration, Type.Null()]),
  cells: Type.Union([
    Type.Array(
      Type.Object({
        number: Type.Union([Type.Integer(), Type.Null()]),
        source: Type.String(),
        failed: Type.Boolean(),
      }),
    ),
    Type.Null(),
  ]),
  /** What could not be read, in words. */
  problems: Type.Array(Type.String()),
})
export type RunSources = Static<typeof RunSources>

export const getRunSources = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/sources',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'getRunSources',
    summary: 'Reads what a run was started from: code, packages, configuration, notebook cells.',
    params: Type.Object({ project: ProjectName, run: RunId }),
    response: { 200: RunSources, 403: Problem, 404: Problem },
  },
})

const Both = <T extends TSchema>(value: T) => Type.Object({ before: value, after: value })

const Differing = Type.Union([Type.Literal('added'), Type.Literal('removed'), Type.Literal('changed')])

/** What differs between the sources of two runs. `before` and `after` are null where there is none, or where the two together are too large to send. */
export const RunSourceDifferences = Type.Object({
  /** Whether both runs have kept it, and what each one has. */
  code: Type.Object({
    kept: Both(Type.Boolean()),
    /** Those that the code was kept of, else those that the runs' tags name. */
    commits: Both(TextOrNull),
    repositories: Both(TextOrNull),
    files: Type.Array(Type.Object({ path: Type.String(), change: Differing, before: TextOrNull, after: TextOrNull })),
    /** Files that are the same in both. */
    same: Type.Integer(),
  }),
  environment: Type.Object({
    kept: Both(Type.Boolean()),
    python: Both(TextOrNull),
    packages: Type.Array(Type.Object({ name: Type.String(), before: TextOrNull, after: TextOrNull })),
    same: Type.Integer(),
  }),
  configuration: Type.Object({
    kept: Both(Type.Boolean()),
    hypotheses: Both(Type.String()),
    changes: Type.Array(ConfigurationChange),
  }),
  problems: Type.Array(Type.String()),
})
export type RunSourceDifferences = Static<typeof RunSourceDifferences>

export const compareRunSources = route({
  method: 'GET',
  url: '/api/v1/projects/:project/run-source-comparison',
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'compareRunSources',
    summary: 'Compares the code, packages and configuration of two runs.',
    params: ProjectParams,
    query: Type.Object({ base: RunId, run: RunId }),
    response: { 200: RunSourceDifferences, 403: Problem, 404: Problem },
  },
})

/** What differs between two values of JSON, by path; lists are compared as one value. */
export function configurationChanges(before: unknown, after: unknown, path = ''): ConfigurationChange[] {
  if (same(before, after)) return []
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
    return keys.flatMap((key) => configurationChanges(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  if (before === undefined) return [{ path, change: 'added', after }]
  if (after === undefined) return [{ path, change: 'removed', before }]
  return [{ path, change: 'changed', before, after }]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const same = (one: unknown, other: unknown): boolean => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : isObject(value)
      ? Object.fromEntries(
          Object.keys(value)
            .toSorted()
            .map((key) => [key, sorted(value[key])]),
        )
      : value
