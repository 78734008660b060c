import type { PipelineRunState, PipelineStepState, StepAttempt, TriggerEvaluation } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    pipeline: {
      project_id: string
      name: string
      description: string
      latest_version: number
      created_at: number
      created_by: string
    }
    pipeline_version: PipelineVersionTable
    pipeline_run: PipelineRunTable
    pipeline_step: PipelineStepTable
    pipeline_attempt: PipelineAttemptTable
    pipeline_cache: PipelineCacheTable
    pipeline_closure: { project_id: string; code_digest: string; module: string; files: string }
    pipeline_trigger: PipelineTriggerTable
    pipeline_trigger_evaluation: PipelineTriggerEvaluationTable
  }
}

export interface PipelineVersionTable {
  project_id: string
  pipeline: string
  version: number
  /** SHA-256 of the canonical definition with its code. */
  digest: string
  yaml: string
  /** JSON: PipelineDefinition. */
  definition: string
  /** JSON: the files of the bundle, path → {digest, size}. */
  files: string
  created_at: number
  created_by: string
}

export interface PipelineRunTable {
  project_id: string
  id: string
  pipeline: string
  version: number
  state: PipelineRunState
  reason: string | null
  params: string
  /** JSON: PipelineRunCause. */
  cause: string
  /** The trigger that started it, by name; a trigger has at most one active run. */
  trigger_name: string | null
  /** Event time that the run stands at. */
  as_of: number
  /** 1: event time waits for it. */
  holds_event_time: number
  /** 0 to 9; steps of the greatest begin first. */
  priority: number
  cancel_requested_at: number | null
  cancel_requested_by: string | null
  started_by: string
  created_at: number
  started_at: number | null
  finished_at: number | null
  /** Grows with each transition; updating it locks the run on databases with row locks. */
  revision: number
}

export interface PipelineStepTable {
  project_id: string
  run_id: string
  name: string
  ordinal: number
  kind: string
  state: PipelineStepState
  reason: string | null
  /** JSON list of step names. */
  needs: string
  /** How many attempts there were, lost ones included. */
  attempt: number
  /** How many attempts failed by themselves: these count against `retry.max`. */
  failures: number
  not_before: number | null
  waiting_for: string | null
  cache_key: string | null
  /** JSON: CacheVerdict. */
  cache: string | null
  params: string
  /** JSON: StepArtifact lists. */
  inputs: string
  outputs: string
  verdict: string | null
  refs: string
  evidence: string
  progress: string | null
  queued_at: number | null
  started_at: number | null
  finished_at: number | null
}

export interface PipelineAttemptTable {
  project_id: string
  run_id: string
  step: string
  attempt: number
  state: StepAttempt['state']
  started_at: number
  entered_at: number | null
  finished_at: number | null
  exit_code: number | null
  /** JSON: StepBoundary; null where no code of people ran. */
  boundary: string | null
  error: string | null
  /** The log as a blob, once the attempt has ended. */
  log_digest: string | null
}

export interface PipelineCacheTable {
  project_id: string
  key: string
  pipeline: string
  step: string
  /** JSON: the parts of the key, for explaining a miss. */
  components: string
  outputs: string
  verdict: string | null
  refs: string
  evidence: string
  run_id: string
  created_at: number
}

export interface PipelineTriggerTable {
  project_id: string
  pipeline: string
  name: string
  /** JSON: PipelineTrigger. */
  definition: string
  schedule: number
  /** Event time up to which a schedule was evaluated. */
  evaluated_to: number
  cooldown_until: number | null
  /** Rows that have arrived since it fired, where it waits for a number of them. */
  pending_rows: number
  /** JSON: the occasion that found the data not ready; it counts again when more of them arrive. */
  deferred: string | null
  /** JSON: dataset → version that it last fired on, of those that the pipeline requires. */
  used_data: string
}

export interface PipelineTriggerEvaluationTable {
  project_id: string
  id: string
  pipeline: string
  trigger_name: string
  at: number
  event_time: number
  outcome: TriggerEvaluation['outcome']
  reason: string
  refs: string
  run_id: string | null
}
