declare module '../../kernel/db/database.ts' {
  interface Tables {
    import: ImportTable
    /** Where the experiments of a source went. */
    import_experiment: { project_id: string; source: string; source_id: string; experiment_id: string }
    /** Runs of which everything has arrived, with the mark by which the client knows them again. */
    import_run: { project_id: string; source: string; run_id: string; mark: string }
  }
}

export interface ImportTable {
  project_id: string
  id: string
  kind: string
  /** For people, without credentials; it is also what makes two imports of one source. */
  source: string
  started_at: number
  last_at: number
  finished_at: number | null
  started_by: string
  /** JSON. */
  report: string | null
}
