import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import type { ImportedRun } from '@trivium/contract'
import { parse } from 'yaml'
import { FailedError } from '../fail.ts'
import { localFiles } from './local-files.ts'
import { inOrder, type Point, type Skip, type Source, storedNumber, wholeNumber } from './source.ts'

const largestDocument = 32 * 1024 * 1024
const longestLine = 8 * 1024 * 1024
const mostRuns = 100_000
const histories = /^(wandb-)?history\.jsonl$/

type Json = Readonly<Record<string, unknown>>

/**
 * Runs of Weights & Biases as files: each folder with a `history.jsonl` (a row of the run's history a line, as its API gives them) is a run, beside it
 * `config.json` or `config.yaml`, `summary.json` or `wandb-summary.json`, `metadata.json` or `wandb-metadata.json`, and files in `files/`.
 */
export async function wandbSource(root: string, skip: Skip): Promise<Source> {
  const folders: { folder: string; history: string }[] = []
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && histories.test(entry.name))
      folders.push({ folder: entry.parentPath, history: join(entry.parentPath, entry.name) })
    else if (entry.isFile() && entry.name.endsWith('.wandb'))
      skip(
        `log "${relative(root, join(entry.parentPath, entry.name))}"`,
        'the log of an unfinished or offline run is not read; sync it, and export its history as history.jsonl',
      )
    if (folders.length > mostRuns) throw new FailedError(`"${root}" holds more than ${mostRuns} runs.`)
  }
  if (folders.length === 0) throw new FailedError(`"${root}" holds no run: no folder in it has a history.jsonl.`)
  const experiment = `wb-${idOf(root).slice(0, 16)}`
  const places = new Map<string, { folder: string; history: string }>()
  return {
    kind: 'wandb',
    name: root,
    experiments: async () => [
      { id: experiment, name: basename(root), lifecycle: 'active', createdAt: null, updatedAt: null, tags: {} },
    ],
    runs: async function* () {
      for (const place of folders.toSorted((a, b) => (a.folder < b.folder ? -1 : 1))) {
        const name = relative(root, place.folder).split(sep).join('/') || basename(root)
        const id = idOf(`${root}\n${name}`)
        places.set(id, place)
        const config = flatten(await document(place.folder, ['config.json', 'config.yaml'], skip))
        const summary = await document(place.folder, ['summary.json', 'wandb-summary.json'], skip)
        const metadata = await document(place.folder, ['metadata.json', 'wandb-metadata.json'], skip)
        const started = Date.parse(String(metadata['startedAt'] ?? ''))
        const run: ImportedRun = {
          id,
          experiment,
          name: String(metadata['displayName'] ?? metadata['name'] ?? name),
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
        const { size, mtimeMs } = await stat(place.history)
        yield [{ run, state: `${size} ${mtimeMs}` }]
      }
    },
    series: async function* (runs) {
      for (const { run } of runs) {
        const found = await readHistory(places.get(run.id)?.history ?? '', run.name, skip)
        for (const [key, points] of [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))
          yield { run: run.id, key, points: inOrder(points) }
      }
    },
    loggedModels: async function* () {},
    models: async function* () {},
    files: async function* (owner) {
      const folder = places.get(owner.id)?.folder
      if (folder !== undefined) yield* localFiles(join(folder, 'files'), `run ${owner.id}`, skip)
    },
    close: async () => {},
  }
}

async function readHistory(path: string, run: string, skip: Skip): Promise<Map<string, Point[]>> {
  const found = new Map<string, Point[]>()
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
  for (const [key, count] of left)
    skip(
      `${count} values of "${key}" of run "${run}"`,
      'they are no numbers: media, tables and histograms are not taken',
    )
  return found
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
