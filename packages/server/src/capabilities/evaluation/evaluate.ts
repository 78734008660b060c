import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatasetVersion } from '@trivium/contract'
import { digestOf } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Artifact } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Datasets } from '../datasets/index.ts'
import type { ChosenOutput } from './choose-output.ts'
import type { ComputeTask } from './compute.ts'
import { asEvaluated, type Contestant, meetContestant, outputOf } from './contestant.ts'
import { metricsOf, usualMetrics } from './metric-words.ts'
import { called, type PreparedRows, prepareRows, timeColumnOf } from './prepare-rows.ts'
import { type EvaluationResult, resultOf } from './result.ts'
import { runCompute } from './run-compute.ts'
import { scoredRowsSql, scoreRows } from './score-rows.ts'
import type { EvaluationSettings } from './settings.ts'
import { trainingPredictions } from './training-predictions.ts'
import { refuseOverlap, type TrainingFinder } from './training-range.ts'

/** What `evaluate` works with. */
export type EvaluateDeps = Pick<Kernel, 'blobs' | 'tables' | 'scorer' | 'paths'> & {
  datasets: Datasets
  training: TrainingFinder
}

export interface EvaluateRequest {
  readonly candidate: Artifact
  readonly champion?: Artifact
  readonly dataset: { readonly name: string; readonly version: number }
  /** URN of the dataset version that the candidate was trained on. */
  readonly trainedOn?: string
  readonly settings: EvaluationSettings
  readonly signal?: AbortSignal
  readonly log: (line: string) => void
}

/** What was found, and where the scores are kept. */
export interface Evaluated {
  readonly result: EvaluationResult
  /** SHA-256 over what says which rows these are and in which order. */
  readonly rowsDigest: string
  readonly scores: { readonly digest: string; readonly size: number }
}

/** Scores a model, and the champion if there is one, on the same rows of a dataset version, and computes everything that an evaluation holds. Records nothing. */
export async function evaluate(deps: EvaluateDeps, scope: Scope, request: EvaluateRequest): Promise<Evaluated> {
  const { settings } = request
  const { version } = await deps.datasets.version(scope, request.dataset.name, request.dataset.version)
  const contestants = [
    await meetContestant(deps, scope, {
      role: 'candidate',
      artifact: request.candidate,
      settings,
      ...(request.trainedOn === undefined ? {} : { trainedOn: request.trainedOn }),
    }),
    ...(request.champion
      ? [await meetContestant(deps, scope, { role: 'champion', artifact: request.champion, settings })]
      : []),
  ]
  const directory = join(deps.paths.tmp, `evaluation-${randomUUID()}`)
  await mkdir(directory, { recursive: true })
  try {
    return await judge(deps, scope, request, version, contestants, directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function judge(
  deps: EvaluateDeps,
  scope: Scope,
  request: EvaluateRequest,
  version: DatasetVersion,
  contestants: readonly Contestant[],
  directory: string,
): Promise<Evaluated> {
  const { tables, datasets, blobs } = deps
  const { settings, log, signal } = request
  const during = signal ? { signal } : {}
  const source = await datasets.opened(scope, version.name, version.version)
  let prepared: PreparedRows
  try {
    prepared = await prepareRows(tables, {
      version: { ...version, columns: source.typed(version.columns) },
      settings,
      ...during,
      features: [...new Set(contestants.flatMap(({ features }) => features.columns))],
      source: source.relation,
      path: join(directory, 'rows.parquet'),
    })
  } finally {
    await source.release()
  }
  log(
    `${prepared.rows.toLocaleString('en-GB')} rows of ${called(version)}${prepared.unlabelled > 0 ? `; ${prepared.unlabelled.toLocaleString('en-GB')} without a label are left out` : ''}`,
  )
  if (!settings.allowOverlap)
    for (const { called: who, training } of contestants) if (training) refuseOverlap(who, training, prepared)
  const outputs = contestants.map((contestant) => outputOf(contestant, settings, prepared.task))
  const [output, championOutput] = outputs as [ChosenOutput, ChosenOutput | undefined]
  const scored = []
  for (const [index, contestant] of contestants.entries()) {
    log(`${contestant.called} is scored by its output ${outputs[index]?.name}`)
    const model = {
      called: contestant.called,
      path: contestant.file.path,
      features: contestant.features,
      output: outputs[index] ?? output,
    }
    scored.push(await scoreRows(deps, model, prepared, { path: join(directory, `scores-${index}.parquet`), ...during }))
  }
  const timeColumn = timeColumnOf(version, settings)
  const columns = { label: settings.label, time: timeColumn, output: output.column }
  const [scores, champion] = scored
  const relations = { data: prepared.relation, ...(scores ? { scores } : {}) }
  const [values, kept] = [join(directory, 'values.csv'), join(directory, 'kept.parquet')]
  await tables.write(
    { sql: scoredRowsSql(columns, []), relations, trusted: true, output: { path: kept, format: 'parquet' } },
    during,
  )
  const both = { ...columns, ...(championOutput ? { championOutput: championOutput.column } : {}) }
  await tables.write(
    {
      sql: scoredRowsSql(both, prepared.slices),
      relations: { ...relations, ...(champion ? { champion } : {}) },
      trusted: true,
      output: { path: values, format: 'csv' },
    },
    during,
  )
  const task = taskOf(settings, prepared)
  const found = await runCompute({ path: values, champion: champion !== undefined, task }, signal)
  const [met] = contestants
  const trained = met
    ? await trainingPredictions(deps, scope, met, { output, settings, directory, log, ...during })
    : null
  const [candidate, other] = contestants.map((contestant, index) => asEvaluated(contestant, outputs[index] ?? output))
  if (!candidate) throw new Error('There is no candidate.')
  return {
    result: resultOf(found, {
      version,
      settings,
      timeColumn,
      prepared,
      task,
      candidate,
      champion: other,
      trained,
    }),
    rowsDigest: digestOf({
      dataset: version.digest,
      where: settings.where ?? null,
      label: settings.label,
      time: timeColumn,
      rows: prepared.rows,
    }),
    scores: await blobs.put(scope.project, createReadStream(kept)),
  }
}

function taskOf(settings: EvaluationSettings, { task, slices }: PreparedRows): ComputeTask {
  const metrics = settings.metrics ?? usualMetrics(task)
  const compare = settings.compare ?? { metric: metrics[0] ?? metricsOf(task)[0] ?? 'log-loss', margin: 0 }
  return {
    task,
    compare,
    slices,
    threshold: settings.threshold,
    metrics: metrics.includes(compare.metric) ? metrics : [compare.metric, ...metrics],
  }
}
