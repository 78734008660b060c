import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { groupTag, type ImportedExperiment, type ImportedRun, withoutPassword } from '@trivium/contract'
import { parse } from 'yaml'
import { FailedError } from '../fail.ts'
import { localFiles } from './local-files.ts'
import { readWandbRun, type WandbRun, wandbRunOf } from './read-wandb-run.ts'
import { loggedTag, mediaPlaces, type MediaPlaces, type WandbMedia } from './wandb-media.ts'
import {
  inOrder,
  type Point,
  type Skip,
  type Source,
  type SourceFile,
  type SourceRun,
  storedNumber,
  wholeNumber,
} from './source.ts'

const largestDocument = 32 * 1024 * 1024
const longestLine = 8 * 1024 * 1024
const mostRuns = 100_000
const histories = /^(wandb-)?history\.jsonl$/

type Json = Readonly<Record<string, unknown>>

/**
 * Runs of Weights & Biases as files. A folder with a transaction log (`run-ID.wandb`, as a run that was offline leaves it) is a run, or a part of one that was resumed.
 * So is each folder with a `history.jsonl` (a row of the run's history a line, as its API gives them), beside it `config.json` or `config.yaml`, `summary.json` or
 * `wandb-summary.json`, `metadata.json` or `wandb-metadata.json`. Both have files in `files/`.
 */
export async function wandbSource(root: string, skip: Skip): Promise<Source> {
  const found = await findRuns(root, skip)
  const exported = `wb-${idOf(root).slice(0, 16)}`
  const read = new Map<string, Pick<WandbRun, 'metrics'> & Partial<WandbRun> & { readonly places: MediaPlaces }>()
  const exportOf = (id: string): Exported | undefined => found.exported.get(id)
  return {
    kind: 'wandb',
    name: root,
    experiments: async () => [
      ...(found.exported.size > 0 ? [experiment(exported, basename(root))] : []),
      ...[...new Set([...found.logged.values()].map(({ project }) => project))].map((project) =>
        experiment(experimentOf(project), project),
      ),
    ],
    runs: async function* (wanted) {
      if (wanted === exported)
        for (const [id, place] of found.exported) {
          const run = await exportedRun(root, id, { ...place, exported }, skip)
          const { metrics, media } = await readHistory(place.history, run.run.name, skip)
          const places = mediaPlaces(media)
          nameLeft(places.left, run.run.name, skip)
          // One run at a time: all of its points are held until they are sent.
          read.clear()
          read.set(id, { metrics, places })
          yield [{ ...run, run: withTables(run.run, places) }]
        }
      for (const [id, { project, logs }] of found.logged) {
        if (experimentOf(project) !== wanted) continue
        const run = await readWandbRun(logs, (path, { at, why }) =>
          skip(`log "${relative(root, path)}" from byte ${at} on`, why),
        )
        const places = mediaPlaces(run.media)
        read.clear()
        read.set(id, { ...run, places })
        nameLeft(run.left, run.run.name, skip)
        nameLeft(places.left, run.run.name, skip)
        const states = await Promise.all(logs.map((log) => stat(log)))
        yield [
          {
            run: withTables(loggedRun(id, wanted, run), places),
            state: states.map(({ size, mtimeMs }) => `${size} ${mtimeMs}`).join(' '),
          },
        ]
      }
    },
    series: async function* (runs) {
      for (const { run } of runs) {
        for (const [key, points] of [...(read.get(run.id)?.metrics ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)))
          yield { run: run.id, key, points: inOrder(points) }
      }
    },
    loggedModels: async function* () {},
    models: async function* () {},
    files: async function* (owner) {
      const folders = [exportOf(owner.id)?.folder ?? found.logged.get(owner.id)?.logs.map(dirname) ?? []].flat()
      const seen = new Set<string>()
      const { moved, made } = read.get(owner.id)?.places ?? { moved: new Map<string, string[]>(), made: [] }
      // What a resumed run wrote last comes first.
      for (const folder of folders.toReversed())
        for await (const file of localFiles(join(folder, 'files'), `run ${owner.id}`, skip)) {
          for (const path of seen.has(file.path) ? [] : (moved.get(file.path) ?? [file.path])) yield { ...file, path }
          seen.add(file.path)
        }
      const missing = [...moved.keys()].filter((path) => !seen.has(path))
      if (missing.length > 0)
        skip(
          `${missing.length} media files of run ${owner.id}, such as "${missing[0]?.slice(0, 200)}"`,
          'they are not among the files of the run',
        )
      for (const { path, text } of made) yield textFile(path, text)
      const summary = read.get(owner.id)?.summary
      if (summary && Object.keys(summary).length > 0 && !seen.has('wandb-summary.json'))
        yield textFile('wandb-summary.json', JSON.stringify(summary, null, 1))
    },
    console: (run) => read.get(run)?.console ?? [],
    close: async () => {},
  }
}

const noNumbers = 'they are no numbers, and no media whose kind is known'

function nameLeft(left: ReadonlyMap<string, number>, run: string, skip: Skip): void {
  for (const [key, count] of left) skip(`${count} values of "${key}" of run "${run}"`, noNumbers)
}

/** MLflow's clients note on a run which of its files are tables; so does this. */
const withTables = (run: ImportedRun, { tag }: MediaPlaces): ImportedRun =>
  tag === undefined ? run : { ...run, tags: { ...run.tags, [loggedTag]: tag } }

interface Exported {
  readonly folder: string
  readonly history: string
}

/** What a folder holds: exported runs and logs, both by the ids that the runs get. */
async function findRuns(
  root: string,
  skip: Skip,
): Promise<{ exported: Map<string, Exported>; logged: Map<string, { project: string; logs: string[] }> }> {
  const exported: Exported[] = []
  const logs: string[] = []
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    if (histories.test(entry.name))
      exported.push({ folder: entry.parentPath, history: join(entry.parentPath, entry.name) })
    else if (entry.name.endsWith('.wandb')) logs.push(join(entry.parentPath, entry.name))
    if (exported.length + logs.length > mostRuns) throw new FailedError(`"${root}" holds more than ${mostRuns} runs.`)
  }
  const logged = new Map<string, { project: string; logs: string[] }>()
  for (const log of logs.toSorted()) {
    const run = await wandbRunOf(log)
    if (!run?.id) {
      skip(`log "${relative(root, log)}"`, 'it names no run, or is no log of Weights & Biases')
      continue
    }
    const project = run.project || 'uncategorized'
    const id = idOf(`wandb\n${project}\n${run.id}`)
    const one = logged.get(id) ?? { project, logs: [] }
    one.logs.push(log)
    logged.set(id, one)
  }
  if (exported.length + logged.size === 0)
    throw new FailedError(`"${root}" holds no run: no folder in it has a history.jsonl or a run-*.wandb.`)
  const named = exported
    .toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
    .map((one) => [idOf(`${root}\n${nameOf(root, one.folder)}`), one] as const)
  return { exported: new Map(named), logged }
}

const experiment = (id: string, name: string): ImportedExperiment => ({
  id,
  name,
  lifecycle: 'active',
  createdAt: null,
  updatedAt: null,
  tags: {},
})
const experimentOf = (project: string): string => `wb-${idOf(`wandb project\n${project}`).slice(0, 16)}`
const nameOf = (root: string, folder: string): string => relative(root, folder).split(sep).join('/') || basename(root)

function textFile(path: string, text: string): SourceFile {
  const bytes = Buffer.from(text)
  return { path, size: bytes.length, open: async () => new Blob([bytes]).stream() }
}

function loggedRun(id: string, inExperiment: string, read: WandbRun): ImportedRun {
  const { run, environment, git } = read
  const tags: Record<string, string> = {
    'trivium.importedFrom': 'wandb',
    'wandb.id': run.id,
    'wandb.tags': read.tags.join(', '),
    'wandb.jobType': run.jobType,
    'wandb.sweep': read.sweep,
    'wandb.host': environment.host,
    'wandb.python': environment.python,
    'wandb.os': environment.os,
    [groupTag]: run.group,
    'mlflow.note.content': read.notes,
    'mlflow.source.name': environment.program,
    'mlflow.source.git.commit': git.commit,
    'mlflow.source.git.repoURL': withoutPassword(git.remote),
  }
  return {
    id,
    experiment: inExperiment,
    name: run.name || run.id,
    user: environment.user || run.entity,
    // A run that never said that it ended was killed, or its machine was.
    status: read.exitCode === 0 ? 'FINISHED' : 'FAILED',
    lifecycle: 'active',
    startTime: read.startedAt,
    endTime: read.lastAt ?? read.startedAt,
    params: flatten(read.config),
    tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== '')),
    datasets: [],
    models: [],
  }
}

async function exportedRun(
  root: string,
  id: string,
  { folder, history, exported }: Exported & { exported: string },
  skip: Skip,
): Promise<SourceRun> {
  const config = flatten(await document(folder, ['config.json', 'config.yaml'], skip))
  const summary = await document(folder, ['summary.json', 'wandb-summary.json'], skip)
  const metadata = await document(folder, ['metadata.json', 'wandb-metadata.json'], skip)
  const started = Date.parse(String(metadata['startedAt'] ?? ''))
  const run: ImportedRun = {
    id,
    experiment: exported,
    name: String(metadata['displayName'] ?? metadata['name'] ?? nameOf(root, folder)),
    user: String(metadata['username'] ?? ''),
    status: metadata['state'] === 'failed' || metadata['state'] === 'crashed' ? 'FAILED' : 'FINISHED',
    lifecycle: 'active',
    startTime: Number.isNaN(started)
      ? (time(summary['_timestamp'], -Number(summary['_runtime'] ?? 0)) ?? null)
      : started,
    endTime: time(summary['_timestamp'], 0) ?? null,
    params: config,
    tags: { 'trivium.importedFrom': 'wandb', ...(metadata['git'] ? gitTags(metadata['git'] as Json) : {}) },
    datasets: [],
    models: [],
  }
  const { size, mtimeMs } = await stat(history)
  return { run, state: `${size} ${mtimeMs}` }
}

async function readHistory(
  path: string,
  run: string,
  skip: Skip,
): Promise<{ metrics: Map<string, Point[]>; media: WandbMedia[] }> {
  const found = new Map<string, Point[]>()
  const media: WandbMedia[] = []
  const left = new Map<string, number>()
  let number = 0
  let bad = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    let row: unknown
    try {
      row = line.length > longestLine ? undefined : JSON.parse(line.replaceAll(/:\s*(NaN|-?Infinity)\b/g, ':"$1"'))
    } catch {
      row = undefined
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      bad += 1
      continue
    }
    const step = wholeNumber((row as Json)['_step']) ?? number
    const timestamp = time((row as Json)['_timestamp'], 0) ?? 0
    number = step + 1
    for (const [key, value] of Object.entries(row)) {
      if (key.startsWith('_') || value === null) continue
      if (isMap(value) && '_type' in value) {
        media.push({ key, step, at: timestamp, value })
        continue
      }
      const stored =
        typeof value === 'boolean' ? Number(value) : typeof value === 'object' ? undefined : storedNumber(value)
      if (stored === undefined) left.set(key, (left.get(key) ?? 0) + 1)
      else {
        const list = found.get(key) ?? []
        list.push([step, timestamp, stored])
        found.set(key, list)
      }
    }
  }
  if (bad > 0) skip(`${bad} lines of the history of run "${run}"`, 'they are no JSON objects, or longer than 8 MiB')
  nameLeft(left, run, skip)
  return { metrics: found, media }
}

async function document(folder: string, names: readonly string[], skip: Skip): Promise<Json> {
  for (const name of names) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile()) continue
    if (found.size > largestDocument) return skip(path, `it has ${found.size} bytes`), {}
    try {
      const text = await readFile(path, 'utf8')
      const content: unknown = name.endsWith('.yaml') ? parse(text, { maxAliasCount: 0 }) : JSON.parse(text)
      if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Json
      skip(path, 'it is no map')
    } catch (error) {
      skip(path, (error as Error).message.split('\n')[0] ?? '')
    }
    return {}
  }
  return {}
}

/** Nested settings as `a.b`; W&B's own YAML wraps each value as `{value: …}`. */
function flatten(config: Json, prefix = '', depth = 0): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [key, wrapped] of Object.entries(config)) {
    if (key.startsWith('_wandb') || key === 'wandb_version') continue
    const value = depth === 0 && isMap(wrapped) && 'value' in wrapped ? wrapped['value'] : wrapped
    if (isMap(value) && depth < 10) Object.assign(found, flatten(value, `${prefix}${key}.`, depth + 1))
    else found[`${prefix}${key}`] = typeof value === 'string' ? value : JSON.stringify(value ?? null)
  }
  return found
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const gitTags = ({ commit }: Json): Record<string, string> =>
  typeof commit === 'string' ? { 'mlflow.source.git.commit': commit } : {}
const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** Seconds of W&B as milliseconds. */
function time(seconds: unknown, offset: number): number | undefined {
  const at =
    typeof seconds === 'number' ? Math.round((seconds + (Number.isFinite(offset) ? offset : 0)) * 1000) : Number.NaN
  return Number.isSafeInteger(at) && at >= 0 && at < 8.64e15 ? at : undefined
}
