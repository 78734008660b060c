declare module '../../../kernel/db/database.ts' {
  interface Tables {
    run_recovered_point: RecoveredPointTable
  }
}

/** A point of a metric that was computed from a checkpoint after the run, once a key and step. */
export interface RecoveredPointTable {
  project_id: string
  run_id: string
  key: string
  step: number
  /** As the point has it. */
  value: number
  is_nan: number
  /** URI of the checkpoint. */
  checkpoint: string
  recovered_at: number
  recovered_by: string
}
