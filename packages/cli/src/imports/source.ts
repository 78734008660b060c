import type {
  HistogramPoint,
  ImportedEvaluationRecord,
  ImportedEvaluationSet,
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedModel,
  ImportedRun,
  ImportedTrace,
  RunConsoleLine,
} from '@trivium/contract'

/** A point: NaN is null, infinities are the greatest numbers. */
export type Point = readonly [step: number, timestamp: number, value: number | null]

/** All points of one metric of one run. */
export interface Series {
  readonly run: string
  readonly key: string
  readonly points: readonly Point[]
}

/** A run, and a text that changes when anything of it may have changed: what the source can say without reading its points. */
export interface SourceRun {
  readonly run: ImportedRun
  readonly state: string
}

/** A file of a run or logged model. `size` is undefined where the source does not say it before it is read. */
export interface SourceFile {
  readonly path: string
  readonly size: number | undefined
  /** A file of this machine, which is read where it lies. */
  readonly local?: string
  /** Its bytes, once. */
  readonly open: () => Promise<ReadableStream<Uint8Array>>
}

/** Says what could not be taken, and why. */
export type Skip = (what: string, why: string) => void

/** What files belong to. */
export interface FileOwner {
  readonly kind: 'run' | 'logged-model' | 'trace'
  readonly id: string
}

/** Another tracker, or its store, or files that it wrote: read only. Everything that it gives was made by somebody else and is checked before it is sent. */
export interface Source {
  readonly kind: 'mlflow-server' | 'mlflow-database' | 'mlflow-files' | 'wandb' | 'tensorboard'
  /** For people, without credentials. */
  readonly name: string
  experiments(): Promise<ImportedExperiment[]>
  runs(experiment: string): AsyncIterable<readonly SourceRun[]>
  /** The metrics of some runs; those of each run come in the order of their keys. */
  series(runs: readonly SourceRun[]): AsyncIterable<Series>
  loggedModels(experiment: string): AsyncIterable<ImportedLoggedModel>
  models(): AsyncIterable<ImportedModel>
  /** Traces of an experiment, asked for when the runs of all experiments were read: they name those to which they are linked. */
  traces?(experiment: string): AsyncIterable<readonly ImportedTrace[]>
  evaluationSets?(): AsyncIterable<ImportedEvaluationSet>
  evaluationRecords?(set: string): AsyncIterable<readonly ImportedEvaluationRecord[]>
  files(owner: FileOwner): AsyncIterable<SourceFile>
  /** What a run wrote, where the source has kept it. */
  console?(run: string): readonly RunConsoleLine[]
  /** What a run logged of how values were spread. */
  histograms?(run: string): readonly HistogramPoint[]
  /** Milliseconds that were spent waiting for its answers, where it is a server. */
  waited?(): number
  close(): Promise<void>
}

/** Sorted by step, timestamp and value as the server stores them, without duplicates. */
export function inOrder(points: readonly Point[]): Point[] {
  const sorted = points.toSorted(
    (a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] ?? 0) - (b[2] ?? 0) || Number(a[2] === null) - Number(b[2] === null),
  )
  return sorted.filter((point, index) => {
    const before = sorted[index - 1]
    return !before || before[0] !== point[0] || before[1] !== point[1] || before[2] !== point[2]
  })
}

/** A number of a source as it is stored: infinities are the greatest numbers, -0 is 0, NaN is null. */
export function storedNumber(value: unknown): number | null | undefined {
  const number = typeof value === 'bigint' ? Number(value) : typeof value === 'string' ? wordNumber(value) : value
  if (typeof number !== 'number') return undefined
  if (Number.isNaN(number)) return null
  if (number === Number.POSITIVE_INFINITY) return Number.MAX_VALUE
  if (number === Number.NEGATIVE_INFINITY) return -Number.MAX_VALUE
  return number === 0 ? 0 : number
}

function wordNumber(text: string): number | undefined {
  const word = text.trim().toLowerCase()
  if (word === 'nan') return Number.NaN
  if (/^[+]?inf(inity)?$/.test(word)) return Number.POSITIVE_INFINITY
  if (/^-inf(inity)?$/.test(word)) return Number.NEGATIVE_INFINITY
  const number = Number(word)
  return word === '' || Number.isNaN(number) ? undefined : number
}

/** A whole number that JavaScript holds exactly; undefined for anything else. */
export function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number + 0 : undefined
}

/** Where the files of a model version lie, if they are those of a run or logged model of the source. */
export function filesOf(
  source: string,
  run: string | null,
): { owner: 'run' | 'logged-model'; id: string; path: string } | null {
  const logged = /^models:\/+(m-[\w-]+)\/?$/.exec(source) ?? /\/models\/(m-[\w-]+)\/artifacts\/?$/.exec(source)
  if (logged?.[1]) return { owner: 'logged-model', id: logged[1], path: '' }
  const named = /^runs:\/+([\w-]+)(?:\/(.*?))?\/?$/.exec(source)
  const inside = run === null ? undefined : source.split(`/${run}/artifacts`)[1]
  const path = named ? (named[2] ?? '') : inside?.replace(/^\/+|\/+$/g, '')
  const id = named?.[1] ?? run
  if (path === undefined || !id || path.split('/').some((part) => part === '..' || part === '.')) return null
  return { owner: 'run', id, path }
}
