import type {
  ImportedEvaluationRecord,
  ImportedEvaluationSet,
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedModel,
  ImportedRun,
  ImportedTrace,
} from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { hasFiles } from './mlflow-trace-json.ts'
import type { FileOwner, Series, Skip, Source, SourceFile } from './source.ts'

/** Where an export writes to. */
export interface ExportTarget {
  /** False where the target gives ids of its own: ours are kept in tags then. */
  readonly keepsIds: boolean
  start(): Promise<void>
  experiment(one: ImportedExperiment): Promise<void>
  run(run: ImportedRun): Promise<void>
  series(series: Series): Promise<void>
  loggedModel(model: ImportedLoggedModel): Promise<void>
  model(model: ImportedModel): Promise<void>
  /** Some traces; returns how many of them are there as they are here, where the target can be asked. */
  traces(page: readonly ImportedTrace[]): Promise<number>
  /** An evaluation dataset; returns how many of its records are there as they are here. */
  evaluationSet(set: ImportedEvaluationSet, records: readonly ImportedEvaluationRecord[]): Promise<number>
  file(owner: FileOwner, file: SourceFile): Promise<void>
  /** Ends a run whose points and files are there: what is deleted takes none. */
  runDone?(run: ImportedRun): Promise<void>
  experimentDone?(one: ImportedExperiment): Promise<void>
  /** What MLflow holds that the target gives values of its own: each with its reason. */
  readonly differs: readonly { readonly what: string; readonly why: string }[]
  /** Completes it, and says in words where it is. */
  finish(): Promise<string>
}

/** What an export wrote. */
export interface ExportOutcome {
  readonly target: string
  readonly keepsIds: boolean
  readonly experiments: number
  readonly runs: number
  readonly points: number
  readonly loggedModels: number
  readonly models: number
  readonly versions: number
  readonly files: number
  readonly traces: number
  readonly evaluationSets: number
  readonly evaluationRecords: number
  /** Traces and records of evaluation datasets that were read again and are the same. */
  readonly same: { readonly traces: number; readonly evaluationRecords: number }
  readonly differs: readonly { readonly what: string; readonly why: string }[]
}

/** Writes everything of the project, or some experiments, to a target. */
export async function runExport(
  source: Source,
  target: ExportTarget,
  { names, skip }: { names: readonly string[]; skip: Skip },
): Promise<ExportOutcome> {
  const all = await source.experiments()
  for (const name of names)
    if (!all.some((one) => one.name === name)) throw new FailedError(`The project has no experiment "${name}".`)
  const chosen = names.length === 0 ? all : all.filter((one) => names.includes(one.name))
  const total = {
    experiments: 0,
    runs: 0,
    points: 0,
    loggedModels: 0,
    models: 0,
    versions: 0,
    files: 0,
    traces: 0,
    evaluationSets: 0,
    evaluationRecords: 0,
  }
  const same = { traces: 0, evaluationRecords: 0 }
  const takeFiles = async (owner: FileOwner): Promise<void> => {
    for await (const file of source.files(owner)) {
      try {
        await target.file(owner, file)
        total.files += 1
      } catch (error) {
        if (!(error instanceof FailedError)) throw error
        skip(`file "${file.path.slice(0, 300)}" of ${owner.kind} ${owner.id}`, error.message)
      }
    }
  }
  await target.start()
  for (const experiment of chosen) {
    await target.experiment(experiment)
    total.experiments += 1
    for await (const page of source.runs(experiment.id)) {
      for (const { run } of page) await target.run(run)
      for await (const series of source.series(page)) {
        await target.series(series)
        total.points += series.points.length
      }
      for (const { run } of page) {
        await takeFiles({ kind: 'run', id: run.id })
        await target.runDone?.(run)
        total.runs += 1
      }
    }
    for await (const model of source.loggedModels(experiment.id)) {
      await target.loggedModel(model)
      await takeFiles({ kind: 'logged-model', id: model.id })
      total.loggedModels += 1
    }
  }
  // They name runs of any experiment.
  for (const { id } of source.traces ? chosen : [])
    for await (const page of source.traces?.(id) ?? []) {
      same.traces += await target.traces(page)
      total.traces += page.length
      for (const trace of page) if (hasFiles(trace)) await takeFiles({ kind: 'trace', id: trace.id })
    }
  if (names.length === 0 && source.evaluationSets && source.evaluationRecords)
    for await (const set of source.evaluationSets()) {
      const records: ImportedEvaluationRecord[] = []
      for await (const page of source.evaluationRecords(set.id)) records.push(...page)
      same.evaluationRecords += await target.evaluationSet(set, records)
      total.evaluationSets += 1
      total.evaluationRecords += records.length
    }
  if (names.length === 0)
    for await (const model of source.models()) {
      await target.model(model)
      total.models += 1
      total.versions += model.versions.length
    }
  for (const experiment of chosen) await target.experimentDone?.(experiment)
  const { keepsIds, differs } = target
  return { target: await target.finish(), keepsIds, ...total, same, differs }
}
