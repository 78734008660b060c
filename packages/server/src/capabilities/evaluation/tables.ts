declare module '../../kernel/db/database.ts' {
  interface Tables {
    evaluation: EvaluationTable
    evaluation_model: {
      project_id: string
      evaluation_id: string
      /** URN of a model version or run, or the digest of a model file: what `listEvaluations` finds it by. */
      model: string
      role: 'candidate' | 'champion'
    }
  }
}

export interface EvaluationTable {
  project_id: string
  id: string
  /** SHA-256 of `result`. */
  digest: string
  dataset: string
  dataset_version: number
  /** SHA-256 over what says which rows these are and in which order. */
  rows_digest: string
  /** Parquet with day, label and score of each row. */
  scores_digest: string
  model_digest: string
  /** URN of the dataset version that the model was trained on. */
  trained_on: string | null
  /** JSON: everything of the contract's Evaluation that the digest covers. */
  result: string
  pipeline_run: string | null
  step: string | null
  as_of: number
  created_at: number
  created_by: string
}
