import type { ArtifactEntry, Experiment, RunDetail, RunStatus, RunView } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { createMetricReads, type MetricReads } from './archive/metric-reads.ts'
import {
  type ArtifactContent,
  deleteArtifacts,
  listArtifacts,
  putArtifact,
  requireArtifact,
  requireOwner,
} from './artifacts.ts'
import {
  createExperiment,
  renameExperiment,
  requireExperiment,
  findExperimentByName,
  requireExperimentByName,
  setExperimentLifecycle,
  type TagChange,
  tagExperiment,
  type TrackingDeps,
} from './experiments.ts'
import { type Batch, deleteRunTag, logBatch } from './log-batch.ts'
import {
  createLoggedModel,
  type LoggedModelRecord,
  requireLoggedModel,
  updateLoggedModel,
  withModelData,
} from './logged-models.ts'
import { type DatasetResolver, type LoggedDataset, logInputs, logOutputs } from './inputs.ts'
import { withRunCounts } from './list-experiments-thread.ts'
import { readRunDetail } from './read-runs.ts'
import { deleteRunView, listRunViews, saveRunView } from './run-views.ts'
import { moveRun } from './move-run.ts'
import { createRun, requireRun, setRunLifecycle, updateRun } from './runs.ts'
import type { ArtifactFileTable, ExperimentTable, LoggedModelTable, RunTable } from './tables.ts'
import type { ArtifactOwner } from './urns.ts'
import './tables.ts'

/** Experiments, runs, metrics, parameters, tags, inputs, logged models and artifacts. */
export interface Tracking {
  readonly blobs: Kernel['blobs']
  /** Reads of metrics of which some points are in files. */
  readonly metrics: MetricReads
  createExperiment(scope: Scope, input: { name: string; tags: readonly TagChange[] }): Promise<ExperimentTable>
  /** Throws EXPERIMENT_NOT_FOUND; deleted ones are found. `0` (Default) exists in every project. */
  requireExperiment(scope: Scope, id: string): Promise<ExperimentTable>
  requireExperimentByName(scope: Scope, name: string): Promise<ExperimentTable>
  /** The id of what is named by its name, or else by its id. */
  experimentId(scope: Scope, reference: string): Promise<string>
  experimentDetail(scope: Scope, id: string): Promise<Experiment>
  renameExperiment(scope: Scope, id: string, name: string): Promise<void>
  tagExperiment(scope: Scope, id: string, tags: readonly { key: string; value: string | null }[]): Promise<void>
  setExperimentLifecycle(scope: Scope, id: string, lifecycle: 'active' | 'deleted'): Promise<void>
  /** The pipeline run is known from a run's token, or from the tag `trivium.pipelineRun`. */
  createRun(
    scope: Scope,
    input: { experiment: string; name?: string; user: string; startTime: number | null; tags: readonly TagChange[] },
  ): Promise<RunTable>
  requireRun(scope: Scope, id: string): Promise<RunTable>
  updateRun(
    scope: Scope,
    id: string,
    change: { status?: RunStatus; endTime?: number; name?: string },
  ): Promise<RunTable>
  /** Moves an active run to another experiment, with its inputs and the models that it logged. */
  moveRun(scope: Scope, id: string, experiment: string): Promise<void>
  setRunLifecycle(scope: Scope, id: string, lifecycle: 'active' | 'deleted'): Promise<void>
  /** All of the batch or none of it; a batch that is sent again changes nothing. */
  logBatch(scope: Scope, run: string, batch: Batch): Promise<void>
  deleteRunTag(scope: Scope, run: string, key: string): Promise<void>
  logInputs(
    scope: Scope,
    run: string,
    input: { datasets: readonly LoggedDataset[]; models: readonly string[] },
  ): Promise<void>
  logOutputs(scope: Scope, run: string, models: readonly { id: string; step: number }[]): Promise<void>
  runDetail(scope: Scope, id: string): Promise<RunDetail>
  listRunViews(scope: Scope, experiment: string | undefined): Promise<RunView[]>
  saveRunView(scope: Scope, input: Parameters<typeof saveRunView>[2]): Promise<RunView>
  deleteRunView(scope: Scope, id: string): Promise<void>
  createLoggedModel(scope: Scope, input: Parameters<typeof createLoggedModel>[2]): Promise<LoggedModelRecord>
  requireLoggedModel(scope: Scope, id: string, options?: { allowDeleted?: boolean }): Promise<LoggedModelTable>
  updateLoggedModel(scope: Scope, id: string, change: Parameters<typeof updateLoggedModel>[3]): Promise<void>
  putArtifact(
    scope: Scope,
    owner: ArtifactOwner,
    path: string,
    content: ArtifactContent,
  ): Promise<{ digest: string; size: number }>
  listArtifacts(
    scope: Scope,
    owner: ArtifactOwner,
    directory: string,
    options?: { recursive?: boolean; experiment?: string },
  ): Promise<ArtifactEntry[]>
  requireArtifact(scope: Scope, owner: ArtifactOwner, path: string, experiment?: string): Promise<ArtifactFileTable>
  deleteArtifacts(scope: Scope, owner: ArtifactOwner, path: string): Promise<void>
}

/** `resolveDataset` finds the project's dataset version behind what a client logged with `mlflow.log_input`. */
export function createTracking(kernel: TrackingDeps, options: { resolveDataset?: DatasetResolver } = {}): Tracking {
  const { db, clock, events, volatile, blobs, tables, paths } = kernel
  const deps = {
    db,
    clock,
    events,
    volatile,
    blobs,
    tables,
    paths,
    resolveDataset: options.resolveDataset ?? (async () => undefined),
  }
  const record = async (scope: Scope, row: LoggedModelTable): Promise<LoggedModelRecord> => {
    const [found] = await withModelData(db.read, scope.project, [row], 'last')
    return found as LoggedModelRecord
  }
  const owned = async (reader: Reader, scope: Scope, owner: ArtifactOwner, experiment?: string): Promise<void> =>
    requireOwner(reader, scope.project, owner, experiment)
  return {
    blobs,
    metrics: createMetricReads(deps),
    createExperiment: (scope, input) => createExperiment(deps, scope, input),
    requireExperiment: (scope, id) => requireExperiment(deps, scope, id),
    requireExperimentByName: (scope, name) => requireExperimentByName(deps, scope, name),
    experimentId: async ({ project }, reference) =>
      (await findExperimentByName(db.read, project, reference))?.id ?? reference,
    experimentDetail: async (scope, id) => {
      const [found] = await withRunCounts(db.read, scope.project, [await requireExperiment(deps, scope, id)])
      return found as Experiment
    },
    renameExperiment: (scope, id, name) => renameExperiment(deps, scope, id, name),
    tagExperiment: (scope, id, tags) => tagExperiment(deps, scope, id, tags),
    setExperimentLifecycle: (scope, id, lifecycle) => setExperimentLifecycle(deps, scope, id, lifecycle),
    createRun: (scope, input) => createRun(deps, scope, input),
    requireRun: (scope, id) => requireRun(db.read, scope.project, id),
    updateRun: (scope, id, change) => updateRun(deps, scope, id, change),
    moveRun: (scope, id, experiment) => moveRun(deps, scope, id, experiment),
    setRunLifecycle: (scope, id, lifecycle) => setRunLifecycle(deps, scope, id, lifecycle),
    logBatch: (scope, run, batch) => logBatch(deps, scope, run, batch),
    deleteRunTag: (scope, run, key) => deleteRunTag(deps, scope, run, key),
    logInputs: (scope, run, input) => logInputs(deps, scope, run, input),
    logOutputs: (scope, run, models) => logOutputs(deps, scope, run, models),
    runDetail: (scope, id) => readRunDetail(db.read, scope.project, id),
    listRunViews: (scope, experiment) => listRunViews(deps, scope, experiment),
    saveRunView: (scope, input) => saveRunView(deps, scope, input),
    deleteRunView: (scope, id) => deleteRunView(deps, scope, id),
    createLoggedModel: async (scope, input) => record(scope, await createLoggedModel(deps, scope, input)),
    requireLoggedModel: (scope, id, opts) => requireLoggedModel(db.read, scope.project, id, opts),
    updateLoggedModel: (scope, id, change) => updateLoggedModel(deps, scope, id, change),
    putArtifact: (scope, owner, path, content) => putArtifact(deps, scope, owner, path, content),
    listArtifacts: async (scope, owner, directory, opts) => {
      await owned(db.read, scope, owner, opts?.experiment)
      return listArtifacts(db.read, scope.project, owner, directory, opts?.recursive ?? false)
    },
    requireArtifact: async (scope, owner, path, experiment) => {
      await owned(db.read, scope, owner, experiment)
      return requireArtifact(db.read, scope.project, owner, path)
    },
    deleteArtifacts: (scope, owner, path) => deleteArtifacts(deps, scope, owner, path),
  }
}
