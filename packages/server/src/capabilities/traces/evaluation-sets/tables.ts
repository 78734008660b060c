declare module '../../../kernel/db/database.ts' {
  interface Tables {
    evaluation_set: EvaluationSetTable
    evaluation_set_tag: { project_id: string; set_id: string; key: string; value: string }
    evaluation_set_experiment: { project_id: string; set_id: string; experiment_id: string }
    evaluation_set_record: EvaluationSetRecordTable
  }
}

export interface EvaluationSetTable {
  project_id: string
  id: string
  name: string
  digest: string
  /** JSON: the names of inputs, outputs and expectations with their kinds; null before the first record. */
  schema: string | null
  /** Number of records as the last change left it; null before the first record. */
  profile: string | null
  created_at: number
  updated_at: number
  created_by: string | null
  updated_by: string | null
}

export interface EvaluationSetRecordTable {
  project_id: string
  set_id: string
  id: string
  /** SHA-256 of the inputs, which tell records apart. */
  input_hash: string
  /** JSON, as are the next five. */
  inputs: string
  outputs: string | null
  expectations: string | null
  tags: string | null
  source: string | null
  source_type: string
  source_id: string | null
  created_at: number
  updated_at: number
  created_by: string | null
  updated_by: string | null
}
