import { createHash, type Hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BodyOf,
  canonicalRun,
  canonicalSeries,
  digestImportedRuns,
  findImportedRuns,
  finishImport,
  type Import,
  type ImportedRun,
  type ImportedSeries,
  type ImportReport,
  sendImportBatch,
  startImport,
} from '@trivium/contract'
import { ApiError, type Client } from '@trivium/sdk'
import { FailedError } from '../fail.ts'
import type { Terminal } from '../terminal.ts'
import { cleanExperiment, cleanLoggedModel, cleanModel, cleanRun, cleanSeries } from './clean.ts'
import { sendConsole } from './send-console.ts'
import { sendFiles } from './send-files.ts'
import { sendHistograms } from './send-histograms.ts'
import { sendEvaluationSets, sendTraces } from './send-traces.ts'
import type { FileOwner, Skip, Source, SourceRun } from './source.ts'

const mostPoints = 10_000
const mostRuns = 100
const mostBytes = 4_000_000
const tries = 8
const mostShown = 2000

/** What an import is asked to do. */
export interface ImportOptions {
  /** Names of experiments; all where none is said. */
  readonly experiments: readonly string[]
  readonly dryRun: boolean
  /** Reads runs again that have not changed since an earlier import. */
  readonly full: boolean
  readonly files: boolean
}

/** Where the import sends to. */
export interface ImportWork {
  readonly terminal: Terminal
  readonly client: Client
  readonly project: string
}

/** What came of it. A dry run counts and compares nothing. */
export interface ImportOutcome {
  readonly import: Import | null
  readonly report: ImportReport
  /** Runs and points that were read this time. */
  readonly runs: number
  readonly points: number
  readonly tookMs: number
  /** How much of it the source took to answer. */
  readonly sourceMs: number
}

type Batch = BodyOf<typeof sendImportBatch>

interface Remembered {
  readonly digest: string
  readonly params: number
  readonly tags: number
  readonly points: number
}

/** Brings everything of a source into the project: what is there already is left, what was broken off goes on, and at the end both sides are compared. */
export async function runImport(
  work: ImportWork,
  source: Source,
  options: ImportOptions,
  skipped: { readonly list: { what: string; why: string }[]; readonly skip: Skip },
): Promise<ImportOutcome> {
  const { terminal, client, project } = work
  const { signal } = terminal
  const { skip } = skipped
  const progress = progressOf(terminal)
  const began = performance.now()
  const all = (await source.experiments()).flatMap((one) => cleanExperiment(one, skip) ?? [])
  for (const name of options.experiments)
    if (!all.some((one) => one.name === name)) throw new FailedError(`${source.name} has no experiment "${name}".`)
  const experiments =
    options.experiments.length === 0 ? all : all.filter(({ name }) => options.experiments.includes(name))

  const started = options.dryRun
    ? null
    : await client.call(startImport, { params: { project }, body: { kind: source.kind, source: source.name }, signal })
  const at = { project, import: started?.id ?? '' }
  const send = async (batch: Batch) => {
    if (options.dryRun) return []
    const answer = await again(signal, () => client.call(sendImportBatch, { params: at, body: batch, signal }))
    for (const { what, why } of answer.refused) skip(what, why)
    return answer.experiments
  }
  const placed = new Map<string, string>()
  for (let start = 0; start < experiments.length; start += 500)
    for (const one of await send({ experiments: experiments.slice(start, start + 500) }))
      placed.set(one.sourceId, one.id)
  for (const one of experiments) {
    const id = placed.get(one.id)
    if (id !== undefined && id !== one.id)
      skip(
        `id ${one.id} of experiment "${one.name}"`,
        `it is experiment ${id} here: the id was taken, or an experiment of this name was there`,
      )
  }

  const total = {
    runs: 0,
    points: 0,
    unchanged: 0,
    files: 0,
    bytes: 0,
    loggedModels: 0,
    models: 0,
    versions: 0,
    traces: 0,
    evaluationSets: 0,
    evaluationRecords: 0,
  }
  const remembered = new Map<string, Map<string, Remembered>>()
  const show = () =>
    progress(
      `${total.runs + total.unchanged} runs, ${total.points} points, ${total.traces} traces, ${total.files} files${total.unchanged > 0 ? `, ${total.unchanged} unchanged` : ''}`,
    )

  for (const experiment of experiments) {
    const taken = new Map<string, Remembered>()
    remembered.set(experiment.id, taken)
    for await (const page of source.runs(experiment.id))
      for (let start = 0; start < page.length; start += mostRuns) {
        const group = page.slice(start, start + mostRuns).flatMap(({ run, state }) => {
          const clean = cleanRun(run, skip)
          return clean ? [{ run: clean, state }] : []
        })
        const known =
          options.dryRun || options.full || group.length === 0
            ? {}
            : (
                await client.call(findImportedRuns, {
                  params: at,
                  body: { runs: group.map(({ run }) => run.id) },
                  signal,
                })
              ).marks
        const fresh = group.filter((one) => {
          const mark = parseMark(known[one.run.id])
          if (!mark || mark.state !== stateOf(one)) return true
          taken.set(one.run.id, mark)
          total.unchanged += 1
          return false
        })
        const done = await takeRuns({ source, send, skip, total, show }, fresh)
        for (const [run, one] of done) taken.set(run, one)
        if (!options.dryRun)
          for (const { run } of fresh) {
            if (source.console) await sendConsole(work, run.id, source.console(run.id))
            if (source.histograms) await sendHistograms(work, run.id, source.histograms(run.id), skip)
            if (options.files) await takeFiles('run', run.id)
          }
        // Whoever stops before this line begins with these runs again.
        await send({
          complete: fresh.flatMap((one) => {
            const digest = done.get(one.run.id)
            return digest ? [{ run: one.run.id, mark: markOf(stateOf(one), digest) }] : []
          }),
        })
        show()
      }
    for await (const model of source.loggedModels(experiment.id)) {
      const clean = cleanLoggedModel(model, skip)
      if (!clean) continue
      total.loggedModels += 1
      await send({ loggedModels: [clean] })
      if (options.files && !options.dryRun) await takeFiles('logged-model', clean.id)
    }
  }
  const content = {
    ...work,
    import: started?.id,
    send,
    skip,
    takeFiles: async (owner: FileOwner) => {
      if (options.files) await takeFiles(owner.kind, owner.id)
    },
  }
  let sameContent = true
  // Traces are linked to runs, of any experiment.
  for (const { id } of experiments) {
    const { count, same } = await sendTraces(content, source, id)
    total.traces += count
    sameContent &&= same
    show()
  }
  if (options.experiments.length === 0) {
    const { count, records, same } = await sendEvaluationSets(content, source)
    total.evaluationSets += count
    total.evaluationRecords += records
    sameContent &&= same
  }
  if (options.experiments.length === 0)
    for await (const model of source.models()) {
      const clean = cleanModel(model, skip)
      if (!clean) continue
      total.models += 1
      total.versions += clean.versions.length
      // A prompt is its tags; it has no files.
      for (const version of clean.versions)
        if (version.files === null && clean.tags['mlflow.prompt.is_prompt'] !== 'true')
          skip(
            `files of version ${version.version} of model "${clean.name}"`,
            `they lie at "${version.source.slice(0, 300)}", which is no run of the source`,
          )
      for (let start = 0; start < Math.max(1, clean.versions.length); start += 100)
        await send({ models: [{ ...clean, versions: clean.versions.slice(start, start + 100) }] })
      // Aliases of versions that came with a later part are set now.
      if (clean.versions.length > 100) await send({ models: [{ ...clean, versions: [] }] })
    }

  async function takeFiles(kind: FileOwner['kind'], id: string): Promise<void> {
    const { files, bytes } = await sendFiles(work, at.import, source, { kind, id }, { full: options.full, skip })
    total.files += files
    total.bytes += bytes
    show()
  }

  const compared: ImportReport['experiments'] = []
  for (const { id, name } of options.dryRun ? [] : experiments) {
    const there = remembered.get(id) ?? new Map<string, Remembered>()
    const ids = [...there.keys()]
    const here = new Map<string, Remembered>()
    for (let start = 0; start < ids.length; start += 200) {
      const body = { runs: ids.slice(start, start + 200) }
      const { runs } = await again(signal, () => client.call(digestImportedRuns, { params: at, body, signal }))
      for (const { run, ...one } of runs) here.set(run, one)
      progress(`compared ${Math.min(ids.length, start + 200)} of ${ids.length} runs of "${name}"`)
    }
    for (const [run, { digest }] of there)
      if (here.get(run)?.digest !== digest)
        skip(`run ${run}`, here.has(run) ? 'it is not the same here as at the source' : 'it did not arrive')
    const [theirs, ours] = [countsOf(there), countsOf(here)]
    compared.push({
      name,
      sourceId: id,
      id: placed.get(id) ?? id,
      source: theirs,
      here: ours,
      same: theirs.digest === ours.digest,
    })
  }
  const report: ImportReport = {
    verified: sameContent && compared.every(({ same }) => same),
    experiments: compared.slice(0, 5000),
    loggedModels: total.loggedModels,
    models: total.models,
    versions: total.versions,
    traces: total.traces,
    evaluationSets: total.evaluationSets,
    evaluationRecords: total.evaluationRecords,
    files: total.files,
    bytes: total.bytes,
    unchangedRuns: total.unchanged,
    skipped: skipped.list
      .slice(0, mostShown)
      .map(({ what, why }) => ({ what: what.slice(0, 1000), why: why.slice(0, 2000) })),
    moreSkipped: Math.max(0, skipped.list.length - mostShown),
  }
  progress('')
  const finished = options.dryRun ? null : await client.call(finishImport, { params: at, body: report, signal })
  const times = { tookMs: Math.round(performance.now() - began), sourceMs: Math.round(source.waited?.() ?? 0) }
  return { import: finished, report, runs: total.runs, points: total.points, ...times }
}

/** Sends runs and their points, and digests what is sent. */
async function takeRuns(
  {
    source,
    send,
    skip,
    total,
    show,
  }: {
    source: Source
    send: (batch: Batch) => Promise<unknown>
    skip: Skip
    total: { runs: number; points: number }
    show: () => void
  },
  fresh: readonly SourceRun[],
): Promise<Map<string, Remembered>> {
  const hashes = new Map<string, { hash: Hash; run: ImportedRun; points: number }>()
  let runs: ImportedRun[] = []
  let bytes = 0
  for (const { run } of fresh) {
    const text = canonicalRun(run)
    hashes.set(run.id, { hash: createHash('sha256').update(text), run, points: 0 })
    if (runs.length > 0 && bytes + text.length > mostBytes) {
      await send({ runs })
      runs = []
      bytes = 0
    }
    runs.push(run)
    bytes += text.length
  }
  if (runs.length > 0) await send({ runs })
  total.runs += fresh.length
  let series: ImportedSeries[] = []
  let points = 0
  // The next batch is gathered while the one before is on its way.
  let underway: Promise<unknown> = Promise.resolve()
  const flush = async () => {
    await underway
    if (series.length > 0) {
      underway = send({ series })
      // Whoever waits for it hears of its failure.
      underway.catch(() => {})
    }
    total.points += points
    series = []
    points = 0
    show()
  }
  for await (const found of source.series(fresh)) {
    const one = cleanSeries(found, skip)
    const entry = one && hashes.get(one.run)
    if (!one || !entry || one.points.length === 0) continue
    entry.hash.update(canonicalSeries(one.key, one.points))
    entry.points += one.points.length
    for (let start = 0; start < one.points.length; ) {
      const part = one.points.slice(start, start + mostPoints - points)
      series.push({
        run: one.run,
        key: one.key,
        steps: part.map(([step]) => step),
        timestamps: part.map(([, timestamp]) => timestamp),
        values: part.map(([, , value]) => value),
      })
      start += part.length
      points += part.length
      if (points >= mostPoints) await flush()
    }
  }
  await flush()
  await underway
  return new Map(
    [...hashes].map(([id, { hash, run, points: count }]) => [
      id,
      {
        digest: hash.digest('hex'),
        params: Object.keys(run.params).length,
        tags: Object.keys(run.tags).length,
        points: count,
      },
    ]),
  )
}

const stateOf = ({ run, state }: SourceRun): string =>
  createHash('sha256').update(canonicalRun(run)).update(state).digest('base64url').slice(0, 16)

/** What the server keeps of a run that has arrived: the state at the source, and what was compared. */
const markOf = (state: string, { digest, params, tags, points }: Remembered): string =>
  `${state}.${[params, tags, points].map((one) => one.toString(36)).join('.')}.${digest}`

function parseMark(mark: string | undefined): (Remembered & { state: string }) | undefined {
  const [state, params, tags, points, digest] = mark?.split('.') ?? []
  if (state === undefined || digest === undefined) return undefined
  const count = (text: string | undefined): number => Number.parseInt(text ?? '', 36)
  return { state, digest, params: count(params), tags: count(tags), points: count(points) }
}

function countsOf(runs: ReadonlyMap<string, Remembered>): ImportReport['experiments'][number]['here'] {
  const hash = createHash('sha256')
  const sum = { params: 0, tags: 0, points: 0 }
  for (const [run, one] of [...runs].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${run} ${one.digest}\n`)
    sum.params += one.params
    sum.tags += one.tags
    sum.points += one.points
  }
  return { runs: runs.size, ...sum, digest: hash.digest('hex') }
}

/** Tries again what the server had no room for, or what failed on the way: every message may be sent twice. */
export async function again<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call()
    } catch (error) {
      const passing = error instanceof ApiError && [0, 429, 502, 503, 504].includes(error.status)
      if (!passing || attempt >= tries || signal.aborted) throw error
      await sleep(error.status === 429 ? 1000 : 200 * 2 ** attempt, undefined, { signal })
    }
  }
}

function progressOf(terminal: Terminal): (line: string) => void {
  let shownAt = 0
  return (line) => {
    if (!terminal.interactive) return
    const now = Date.now()
    if (line !== '' && now - shownAt < 200) return
    shownAt = now
    terminal.err(`\r${line.padEnd(78)}${line === '' ? '\r' : ''}`)
  }
}
