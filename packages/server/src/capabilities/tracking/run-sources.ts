import {
  configurationChanges,
  gitTags,
  type RunCode,
  type RunConfiguration,
  RunCode as RunCodeSchema,
  RunConfiguration as RunConfigurationSchema,
  type RunSourceDifferences,
  type RunSources,
  sourcePaths,
} from '@trivium/contract'
import type { TSchema } from 'typebox'
import type { Reader } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { values } from '../../kernel/libraries/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { artifactFiles } from './artifacts.ts'
import { requireRun } from './runs.ts'

/** Of one file that is read, and of all texts that one comparison answers. */
const limits = { fileBytes: 8_000_000, comparedText: 4_000_000 }

interface Deps {
  readonly db: { readonly read: Reader }
  readonly blobs: Kernel['blobs']
}

/** What a run was started from, read from its files. What is damaged or too large is told and left out. */
export async function readRunSources(deps: Deps, scope: Scope, run: string, most = limits): Promise<RunSources> {
  const { project } = scope
  await requireRun(deps.db.read, project, run)
  const files = await artifactFiles(deps.db.read, project, { kind: 'run', id: run }, 'trivium')
  const problems: string[] = []
  const text = async (path: string): Promise<string | undefined> => {
    const file = files.find((one) => one.path === path)
    if (!file) return undefined
    if (file.size > most.fileBytes) {
      problems.push(`${path} is too large to show; download it.`)
      return undefined
    }
    return (await deps.blobs.read(project, file.digest)).toString('utf8')
  }
  const json = async <T>(path: string, schema: TSchema | undefined): Promise<T | null> => {
    const found = await text(path)
    if (found === undefined) return null
    try {
      const value: unknown = JSON.parse(found)
      if (schema === undefined || values().Check(schema, value)) return value as T
    } catch {
      // Said below: whoever writes files of a run may write anything.
    }
    problems.push(`${path} does not have the form that it should have.`)
    return null
  }
  const lock = await text(sourcePaths.environment)
  const notebook = await json<{ cells?: unknown }>(sourcePaths.notebook, undefined)
  return {
    code: await json<RunCode>(sourcePaths.code, RunCodeSchema),
    packages: lock === undefined ? null : packagesOf(lock),
    python: /^# python (\S+)/m.exec(lock ?? '')?.[1] ?? null,
    configuration: await json<RunConfiguration>(sourcePaths.configuration, RunConfigurationSchema),
    cells: notebook === null ? null : cellsOf(notebook.cells),
    problems,
  }
}

/** Names and versions of a lock file: `name==version`, with what follows left out; names as PEP 503 writes them. */
export function packagesOf(lock: string): Record<string, string> {
  const found: [string, string][] = []
  for (const line of lock.split('\n')) {
    const pinned = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;\\]+)/.exec(line)
    const placed = /^([A-Za-z0-9][\w.-]*)\s*@\s*(\S+)/.exec(line)
    const [, name, version] = pinned ?? placed ?? []
    if (name !== undefined && version !== undefined)
      found.push([name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version])
  }
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function cellsOf(cells: unknown): NonNullable<RunSources['cells']> {
  if (!Array.isArray(cells)) return []
  return cells.flatMap((cell: Record<string, unknown> | null) => {
    if (cell === null || typeof cell !== 'object' || cell['cell_type'] !== 'code') return []
    const { source, execution_count: number, metadata } = cell
    const failed = (metadata as { trivium?: { failed?: unknown } } | undefined)?.trivium?.failed === true
    return [
      {
        number: Number.isInteger(number) ? (number as number) : null,
        source: Array.isArray(source) ? source.join('') : String(source),
        failed,
      },
    ]
  })
}

/** What differs between the sources of two runs. */
export async function compareSources(
  deps: Deps,
  scope: Scope,
  { base, run }: { base: string; run: string },
  most = limits,
): Promise<RunSourceDifferences> {
  const one = await readRunSources(deps, scope, base, most)
  const other = await readRunSources(deps, scope, run, most)
  const { project } = scope
  const packages = changesOf(one.packages ?? {}, other.packages ?? {})
  return {
    code: {
      ...compareCode(one.code, other.code, most.comparedText),
      ...(await gitOf(deps, project, [base, one.code], [run, other.code])),
    },
    environment: {
      kept: { before: one.packages !== null, after: other.packages !== null },
      python: { before: one.python, after: other.python },
      packages: one.packages === null || other.packages === null ? [] : packages.differing,
      same: packages.same,
    },
    configuration: {
      kept: { before: one.configuration !== null, after: other.configuration !== null },
      hypotheses: { before: one.configuration?.hypothesis ?? '', after: other.configuration?.hypothesis ?? '' },
      changes:
        one.configuration && other.configuration
          ? configurationChanges(one.configuration.resolved, other.configuration.resolved)
          : [],
    },
    problems: [...new Set([...one.problems, ...other.problems])],
  }
}

type Git = Pick<RunSourceDifferences['code'], 'commits' | 'repositories'>
type Side = readonly [run: string, code: RunCode | null]

/** Commit and repository of two runs: of the code that was kept, else as their tags say. */
async function gitOf({ db }: Deps, project: string, before: Side, after: Side): Promise<Git> {
  const tags = await db.read
    .selectFrom('run_tag')
    .select(['run_id', 'key', 'value'])
    .where('project_id', '=', project)
    .where('run_id', 'in', [before[0], after[0]])
    .where('key', 'in', Object.values(gitTags))
    .execute()
  const of = ([run, code]: Side, part: keyof typeof gitTags): string | null =>
    code?.[part] ?? tags.find((tag) => tag.run_id === run && tag.key === gitTags[part])?.value ?? null
  return {
    commits: { before: of(before, 'commit'), after: of(after, 'commit') },
    repositories: { before: of(before, 'repository'), after: of(after, 'repository') },
  }
}

function compareCode(
  one: RunCode | null,
  other: RunCode | null,
  most: number,
): Omit<RunSourceDifferences['code'], keyof Git> {
  const texts = (code: RunCode | null): Record<string, string> =>
    Object.fromEntries((code?.files ?? []).map(({ path, text }) => [path, text]))
  const { differing, same } = changesOf(texts(one), texts(other))
  let room = most
  return {
    kept: { before: one !== null, after: other !== null },
    same,
    files:
      one === null || other === null
        ? []
        : differing.map(({ name, before, after }) => {
            room -= (before?.length ?? 0) + (after?.length ?? 0)
            const change = before === null ? 'added' : after === null ? 'removed' : 'changed'
            return { path: name, change, ...(room < 0 ? { before: null, after: null } : { before, after }) }
          }),
  }
}

function changesOf(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): { differing: { name: string; before: string | null; after: string | null }[]; same: number } {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted()
  const all = names.map((name) => ({ name, before: one[name] ?? null, after: other[name] ?? null }))
  const differing = all.filter(({ before, after }) => before !== after)
  return { differing, same: all.length - differing.length }
}
