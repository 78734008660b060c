import type { ArtifactEntry } from '@trivium/contract'
import {
  artifactUri,
  type ExperimentTable,
  type LoggedModelPoint,
  type LoggedModelRecord,
  type RunTable,
} from '../../capabilities/tracking/index.ts'

/** Doubles as MLflow's JSON has them. */
export const double = (value: number, isNan: number | boolean): number | string => (isNan ? 'NaN' : value)

export function experimentShape(row: ExperimentTable, tags: Readonly<Record<string, string>>): object {
  return {
    experiment_id: row.id,
    name: row.name,
    artifact_location: `mlflow-artifacts:/${row.id}`,
    lifecycle_stage: row.lifecycle,
    last_update_time: row.updated_at,
    creation_time: row.created_at,
    ...unlessEmpty(
      'tags',
      Object.entries(tags).map(([key, value]) => ({ key, value })),
    ),
    workspace: row.project_id,
  }
}

/** MLflow leaves lists out that have nothing in them. */
export const unlessEmpty = (name: string, list: readonly unknown[]): object =>
  list.length === 0 ? {} : { [name]: list }

export function runInfoShape(run: RunTable): object {
  return {
    run_id: run.id,
    run_uuid: run.id,
    run_name: run.name,
    experiment_id: run.experiment_id,
    user_id: run.user_id,
    status: run.status,
    ...(run.start_time === null ? {} : { start_time: run.start_time }),
    ...(run.end_time === null ? {} : { end_time: run.end_time }),
    artifact_uri: artifactUri(run.experiment_id, { kind: 'run', id: run.id }),
    lifecycle_stage: run.lifecycle,
  }
}

const statuses = {
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  UPLOAD_FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
} as const

export function loggedModelShape(
  model: LoggedModelRecord,
  registrations: readonly { name: string; version: string }[] = [],
): object {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experiment_id,
      name: model.name,
      creation_timestamp_ms: model.created_at,
      last_updated_timestamp_ms: model.updated_at,
      artifact_uri: artifactUri(model.experiment_id, { kind: 'logged-model', id: model.id }),
      status: statuses[model.status],
      model_type: model.model_type,
      ...(model.source_run_id === null ? {} : { source_run_id: model.source_run_id }),
      ...unlessEmpty('tags', model.tags),
      ...(registrations.length > 0 ? { registrations } : {}),
    },
    data: {
      ...unlessEmpty('params', model.params),
      ...unlessEmpty('metrics', model.metrics.map(modelMetricShape)),
    },
  }
}

function modelMetricShape(m: LoggedModelPoint): object {
  return {
    key: m.key,
    value: double(m.value, m.is_nan),
    timestamp: m.timestamp,
    step: m.step,
    model_id: m.model_id,
    run_id: m.run_id,
    ...(m.dataset_name === '' ? {} : { dataset_name: m.dataset_name, dataset_digest: m.dataset_digest }),
  }
}

/** `relative`: paths from the run's root; else names only, as the artifact proxy lists them. */
export function fileShape(entry: ArtifactEntry, relative: boolean): object {
  return {
    path: relative ? entry.path : (entry.path.split('/').at(-1) ?? ''),
    is_dir: entry.isDirectory,
    ...(entry.isDirectory || entry.size === 0 ? {} : { file_size: entry.size }),
  }
}
