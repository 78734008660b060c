declare module '../../kernel/db/database.ts' {
  interface Tables {
    dataset: {
      project_id: string
      name: string
      description: string
      checks: string
      latest_version: number
      rejected_at: number | null
      rejected_reason: string | null
      created_at: number
      /** JSON: `Declaration`. */
      declaration: string
    }
    dataset_version: DatasetVersionTable
    /** Rows of erased people. */
    dataset_redaction: { project_id: string; dataset: string; version: number; key_id: string; rows: number }
  }
}

export interface DatasetVersionTable {
  project_id: string
  dataset: string
  version: number
  /** The table of the catalog that holds the rows, and its snapshot. A version that replaces starts a new table. */
  table_id: string
  snapshot: number
  digest: string
  mode: 'append' | 'replace'
  rows: number
  added_rows: number
  bytes: number
  files: number
  columns: string
  event_time_column: string | null
  min_time: number | null
  max_time: number | null
  state: 'valid' | 'warned'
  note: string
  /** JSON: profile of the rows that this version brought. */
  profile: string
  check_results: string
  /** JSON: `VersionStatistics`. */
  slices: string
  /** JSON: columns whose values are sealed with the keys of people, with the types that they had. null: none. */
  sealed: string | null
  created_at: number
  created_by: string
}
