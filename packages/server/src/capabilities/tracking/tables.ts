import type { RunStatus } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    experiment: ExperimentTable
    experiment_tag: { project_id: string; experiment_id: string; key: string; value: string }
    run: RunTable
    run_param: RunKeyValueTable
    run_tag: RunKeyValueTable
    run_metric: RunMetricTable
    /** Points of a series. The series belongs to a run of one project (`run_metric`), through which every query comes. */
    run_metric_point: { series_id: number; step: number; timestamp: number; value: number; is_nan: number }
    run_dataset: RunDatasetTable
    run_input: RunInputTable
    run_model: { project_id: string; run_id: string; direction: 'input' | 'output'; model_id: string; step: number }
    logged_model: LoggedModelTable
    logged_model_param: { project_id: string; model_id: string; key: string; value: string }
    logged_model_tag: { project_id: string; model_id: string; key: string; value: string }
    logged_model_metric: LoggedModelMetricTable
    logged_model_point: LoggedModelPointTable
    artifact_file: ArtifactFileTable
    run_view: RunViewTable
    run_console: RunConsoleTable
    /** Experiments that were removed for good, or are being removed; their numbers are not used again. */
    removed_experiment: {
      project_id: string
      experiment_id: string
      number: number
      name: string
      removed_at: number
    }
    /** Metrics of removed runs whose points are still to be deleted. */
    removed_series: { project_id: string; series_id: number }
  }
}

export interface ExperimentTable {
  project_id: string
  id: string
  number: number
  name: string
  lifecycle: 'active' | 'deleted'
  created_at: number
  updated_at: number
  created_by: string
  /** Since when it is in the trash; null also where a program before the trash has deleted it. */
  deleted_at?: number | null | undefined
}

export interface RunTable {
  project_id: string
  id: string
  experiment_id: string
  name: string
  user_id: string
  status: RunStatus
  lifecycle: 'active' | 'deleted'
  start_time: number | null
  end_time: number | null
  deleted_at: number | null
  created_at: number
  created_by: string
  parent_id: string | null
  /** URN of the pipeline run that started it. */
  pipeline_run: string | null
  /** Since when it is in the archive. */
  archived_at?: number | null | undefined
  /** What the policy that archived it says; null where somebody did. */
  archived_because?: string | null | undefined
  /** When somebody last took it out of the archive; the policy leaves it alone from then on. */
  brought_back_at?: number | null | undefined
}

/** A stretch of what a run wrote to its console. */
export interface RunConsoleTable {
  project_id: string
  run_id: string
  /** Number of its first line, from 0. */
  first: number
  lines: number
  /** Characters of its text, and of all stretches before it. */
  size: number
  size_before: number
  /** It is the last one: no more is kept. */
  is_full: number
  /** JSON list of [milliseconds, stream, text]. */
  content: string
}

export interface RunKeyValueTable {
  project_id: string
  run_id: string
  key: string
  value: string
}

/** One row a metric of a run, kept up to date as points arrive, so that no list reads points. */
export interface RunMetricTable {
  project_id: string
  run_id: string
  key: string
  series_id: number
  /** The point with the greatest (step, timestamp, value); 0 where it is NaN. */
  last_value: number
  last_is_nan: number
  /** The same as JSON text, which lists paste into their answer: exact on both databases. */
  last_text: string
  last_step: number
  last_timestamp: number
  /** The point with the smallest (step, timestamp, value); null in rows that a program before 0134 wrote. */
  first_value: number | null
  first_is_nan: number | null
  first_step: number | null
  first_timestamp: number | null
  /** Over the points that are numbers; null while there are none. */
  min_value: number | null
  max_value: number | null
  count: number
  nan_count: number
}

export interface RunDatasetTable {
  project_id: string
  experiment_id: string
  name: string
  digest: string
  source_type: string
  source: string
  schema: string | null
  profile: string | null
}

export interface RunInputTable {
  project_id: string
  run_id: string
  name: string
  digest: string
  experiment_id: string
  /** The tag `mlflow.data.context`: training, validation, … */
  context: string | null
  /** JSON list of {key, value}. */
  tags: string
  /** The dataset version of this project that it is, where that is known. */
  urn: string | null
}

export interface LoggedModelTable {
  project_id: string
  id: string
  experiment_id: string
  name: string
  status: 'PENDING' | 'READY' | 'UPLOAD_FAILED'
  model_type: string
  source_run_id: string | null
  lifecycle: 'active' | 'deleted'
  created_at: number
  updated_at: number
  /** Null in what an older program has deleted. */
  deleted_at?: number | null | undefined
  created_by: string
}

/** A point of a metric of a logged model. */
export interface LoggedModelPointTable extends LoggedModelMetricTable {
  /** Where it stands among the points of its model: they are listed as they came. */
  position: number
}

/** The last point of each metric, run and dataset. */
export interface LoggedModelMetricTable {
  project_id: string
  model_id: string
  key: string
  run_id: string
  /** Empty where the metric was not measured on a named dataset. */
  dataset_name: string
  dataset_digest: string
  value: number
  is_nan: number
  step: number
  timestamp: number
}

/** The manifest: which content stands at which path of a run (`run/ID`) or logged model (`logged-model/ID`). */
export interface ArtifactFileTable {
  project_id: string
  owner: string
  path: string
  digest: string
  size: number
  created_at: number
}

/** A saved view of an experiment's runs. */
export interface RunViewTable {
  project_id: string
  id: string
  experiment_id: string
  name: string
  /** Id of whoever saved it. */
  owner: string
  owner_name: string
  shared: number
  filter: string
  sort: string
  /** JSON list. */
  columns: string
  /** JSON list. */
  grouping: string
  /** JSON object of texts. */
  layout: string | null
  updated_at: number
}
