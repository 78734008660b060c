import type { RunConsoleLine } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { splitLines } from '../tracked/split-lines.ts'
import { fieldsOf, textOf } from './read-protobuf.ts'
import type { Stopped } from './read-tfrecords.ts'
import { readWandbLog } from './read-wandb-log.ts'
import { type Point, storedNumber, wholeNumber } from './source.ts'
import type { WandbMedia } from './wandb-media.ts'

const mostPoints = 50_000_000
const mostConsole = 16_000_000
const mostTags = 1000
/** Names that lie in each other. */
const deepest = 100

type Json = Record<string, unknown>

/** What the transaction logs of one run say. Times are in milliseconds. */
export interface WandbRun {
  readonly run: { id: string; project: string; entity: string; group: string; jobType: string; name: string }
  readonly tags: string[]
  notes: string
  sweep: string
  git: { commit: string; remote: string }
  environment: { program: string; user: string; host: string; python: string; os: string }
  readonly config: Json
  readonly summary: Json
  readonly metrics: Map<string, Point[]>
  readonly console: RunConsoleLine[]
  readonly media: WandbMedia[]
  /** How many values of a kind were no numbers and no media, by their name. */
  readonly left: Map<string, number>
  startedAt: number | null
  lastAt: number | null
  /** Undefined where it never said that it ended. */
  exitCode: number | undefined
}

/** Reads the logs of one run, in the order in which they were written: one that was resumed has several. */
export async function readWandbRun(
  paths: readonly string[],
  stopped: (path: string, why: Stopped) => void,
): Promise<WandbRun> {
  const found: WandbRun = {
    run: { id: '', project: '', entity: '', group: '', jobType: '', name: '' },
    tags: [],
    notes: '',
    sweep: '',
    git: { commit: '', remote: '' },
    environment: { program: '', user: '', host: '', python: '', os: '' },
    config: Object.create(null) as Json,
    summary: Object.create(null) as Json,
    metrics: new Map(),
    console: [],
    media: [],
    left: new Map(),
    startedAt: null,
    lastAt: null,
    exitCode: undefined,
  }
  const counts = { points: 0, samples: 0, console: 0, at: 0 }
  const lines = (['stdout', 'stderr'] as const).map((stream) =>
    splitLines(
      (text) => {
        counts.console += text.length
        if (counts.console <= mostConsole) found.console.push({ at: counts.at, stream, text })
      },
      () => counts.at,
    ),
  )
  const point = (key: string, [step, at, value]: Point): void => {
    counts.points += 1
    if (counts.points > mostPoints) throw new FailedError(`it holds more than ${mostPoints} points`)
    const list = found.metrics.get(key)
    if (list) list.push([step, at, value])
    else found.metrics.set(key, [[step, at, value]])
  }
  for (const path of paths) {
    found.exitCode = undefined
    for await (const record of readWandbLog(path, (why) => stopped(path, why)))
      for (const field of fieldsOf(record)) {
        if (field.kind !== 'bytes') continue
        const body = field.bytes
        if (field.number === 17) readRun(found, body)
        else if (field.number === 26) readEnvironment(found, body)
        else if (field.number === 5) readItems(found.config, body)
        else if (field.number === 3) readItems(found.summary, body)
        else if (field.number === 2) readHistory(found, body, point)
        else if (field.number === 7) {
          const { at, items } = readStats(body)
          for (const [key, value] of items) point(systemName(key), [counts.samples, at, value])
          found.lastAt = Math.max(found.lastAt ?? 0, at)
          counts.samples += 1
        } else if (field.number === 4 || field.number === 13) {
          const { stdout, at, text } = readOutput(body)
          counts.at = at
          lines[stdout ? 0 : 1]?.write(Buffer.from(text))
          found.lastAt = Math.max(found.lastAt ?? 0, at)
        } else if (field.number === 18) found.exitCode = Number(numberIn(body, 1) ?? 0n)
      }
  }
  for (const one of lines) one.end()
  return found
}

/** The run that a log is of: what stands near its beginning. */
export async function wandbRunOf(path: string): Promise<{ id: string; project: string } | undefined> {
  let count = 0
  for await (const record of readWandbLog(path, () => {})) {
    for (const field of fieldsOf(record))
      if (field.number === 17 && field.kind === 'bytes')
        return { id: textIn(field.bytes, 1), project: textIn(field.bytes, 3) }
    if ((count += 1) > 1000) return undefined
  }
  return undefined
}

function readRun(found: WandbRun, body: Uint8Array): void {
  const texts = { 1: 'id', 2: 'entity', 3: 'project', 6: 'group', 7: 'jobType', 8: 'name' } as const
  for (const field of fieldsOf(body)) {
    if (field.kind !== 'bytes') continue
    const name = texts[field.number as keyof typeof texts]
    if (name) found.run[name] = textOf(field.bytes) || found.run[name]
    else if (field.number === 4) readItems(found.config, field.bytes)
    else if (field.number === 5) readItems(found.summary, field.bytes)
    else if (field.number === 9) found.notes = textOf(field.bytes)
    else if (field.number === 10) {
      const tag = textOf(field.bytes)
      if (found.tags.length < mostTags && !found.tags.includes(tag)) found.tags.push(tag)
    } else if (field.number === 12) found.sweep = textOf(field.bytes)
    else if (field.number === 13) found.environment.host = textOf(field.bytes)
    else if (field.number === 17) found.startedAt ??= timeOf(field.bytes)
    else if (field.number === 21) readGit(found, field.bytes)
  }
}

function readEnvironment(found: WandbRun, body: Uint8Array): void {
  const texts = { 1: 'os', 2: 'python', 6: 'program', 12: 'host', 13: 'user' } as const
  for (const field of fieldsOf(body)) {
    if (field.kind !== 'bytes') continue
    const name = texts[field.number as keyof typeof texts]
    if (name) found.environment[name] = textOf(field.bytes)
    else if (field.number === 9) readGit(found, field.bytes)
  }
}

function readGit(found: WandbRun, body: Uint8Array): void {
  found.git = { remote: textIn(body, 1) || found.git.remote, commit: textIn(body, 2) || found.git.commit }
}

/** ConfigRecord and SummaryRecord: 1 update, 2 remove; each with 1 key or 2 nested_key, and 16 value_json. */
function readItems(into: Json, body: Uint8Array): void {
  for (const field of fieldsOf(body)) {
    if (field.kind !== 'bytes' || field.number > 2) continue
    const { path, value } = itemOf(field.bytes)
    const name = path.at(-1)
    if (name === undefined) continue
    let at = into
    for (const part of path.slice(0, -1)) {
      const inner = at[part]
      at = isMap(inner) ? inner : (at[part] = Object.create(null) as Json)
    }
    if (field.number === 1) at[name] = value
    else delete at[name]
  }
}

/** HistoryRecord: 1 item, 2 step. A row is one step; names that lie in each other are joined by dots, as W&B shows them. */
function readHistory(found: WandbRun, body: Uint8Array, point: (key: string, point: Point) => void): void {
  const row: Json = Object.create(null)
  let step = 0
  for (const field of fieldsOf(body)) {
    if (field.kind !== 'bytes') continue
    if (field.number === 2) step = wholeNumber(numberIn(field.bytes, 1) ?? 0n) ?? 0
    if (field.number !== 1) continue
    const { path, value } = itemOf(field.bytes)
    if (path.length === 0) continue
    let at = row
    for (const part of path.slice(0, -1)) {
      const inner = at[part]
      at = isMap(inner) ? inner : (at[part] = Object.create(null) as Json)
    }
    at[path.at(-1) ?? ''] = value
  }
  const at = Math.round(Number(row['_timestamp'] ?? 0) * 1000)
  const time = Number.isSafeInteger(at) && at >= 0 && at < 8.64e15 ? at : 0
  step = wholeNumber(row['_step']) ?? step
  if (time > 0) found.lastAt = Math.max(found.lastAt ?? 0, time)
  const take = (key: string, value: unknown, depth: number): void => {
    if (value === null) return
    if (isMap(value) && '_type' in value) {
      found.media.push({ key, step, at: time, value })
      return
    }
    if (isMap(value) && depth < 10) {
      for (const [name, inner] of Object.entries(value)) take(`${key}.${name}`, inner, depth + 1)
      return
    }
    const number =
      typeof value === 'boolean' ? Number(value) : typeof value === 'object' ? undefined : storedNumber(value)
    if (number === undefined) found.left.set(key, (found.left.get(key) ?? 0) + 1)
    else point(key, [step, time, number])
  }
  for (const [key, value] of Object.entries(row)) if (!key.startsWith('_')) take(key, value, 0)
}

function readStats(body: Uint8Array): { at: number; items: [string, number | null][] } {
  let at = 0
  const items: [string, number | null][] = []
  for (const field of fieldsOf(body)) {
    if (field.kind !== 'bytes') continue
    if (field.number === 2) at = timeOf(field.bytes) ?? 0
    else if (field.number === 3) {
      const { path, value } = itemOf(field.bytes)
      const number = storedNumber(value)
      if (number !== undefined) items.push([path.join('.'), number])
    }
  }
  return { at, items }
}

/** OutputRecord and OutputRawRecord: 1 output_type (1 is stdout), 2 timestamp, 3 line. */
function readOutput(body: Uint8Array): { stdout: boolean; at: number; text: string } {
  const result = { stdout: numberIn(body, 1) === 1n, at: 0, text: textIn(body, 3) }
  for (const field of fieldsOf(body))
    if (field.number === 2 && field.kind === 'bytes') result.at = timeOf(field.bytes) ?? 0
  return result
}

/** Names of what a machine was doing, as MLflow's clients write them, so that one panel shows both. */
function systemName(key: string): string {
  if (key === 'cpu') return 'system/cpu_utilization_percentage'
  if (key === 'memory_percent') return 'system/system_memory_usage_percentage'
  const gpu = /^gpu\.(\d+)\.(gpu|memoryAllocated)$/.exec(key)
  if (gpu) return `system/gpu_${gpu[1]}_${gpu[2] === 'gpu' ? 'utilization' : 'memory_usage'}_percentage`
  return `system/${key}`
}

function itemOf(body: Uint8Array): { path: string[]; value: unknown } {
  const path: string[] = []
  let key = ''
  let value: unknown
  for (const field of fieldsOf(body)) {
    if (field.kind !== 'bytes') continue
    if (field.number === 1) key = textOf(field.bytes)
    else if (field.number === 2 && path.length < deepest) path.push(textOf(field.bytes))
    else if (field.number === 16) value = jsonOf(textOf(field.bytes))
  }
  const names = [key, ...path].filter(Boolean)
  // A name that would reach what all objects share is none.
  return { path: names.includes('__proto__') || path.length === deepest ? [] : names, value }
}

/** JSON as Python and Go write it: NaN and infinities stand bare. */
function jsonOf(text: string): unknown {
  if (/^-?(NaN|Infinity)$/.test(text)) return Number(text)
  try {
    return JSON.parse(text.includes('NaN') || text.includes('Infinity') ? bare(text) : text) as unknown
  } catch {
    return undefined
  }
}

const bare = (text: string): string => text.replaceAll(/([[:,]\s*)(NaN|-?Infinity)\b/g, '$1"$2"')

function timeOf(body: Uint8Array): number | null {
  const at = Number(numberIn(body, 1) ?? 0n) * 1000 + Math.floor(Number(numberIn(body, 2) ?? 0n) / 1e6)
  return at > 0 && at < 8.64e15 ? at : null
}

function numberIn(body: Uint8Array, number: number): bigint | undefined {
  for (const field of fieldsOf(body)) if (field.number === number && field.kind === 'varint') return field.value
  return undefined
}

function textIn(body: Uint8Array, number: number): string {
  for (const field of fieldsOf(body)) if (field.number === number && field.kind === 'bytes') return textOf(field.bytes)
  return ''
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
