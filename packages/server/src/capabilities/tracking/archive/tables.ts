declare module '../../../kernel/db/database.ts' {
  interface Tables {
    metric_archive: MetricArchiveTable
    metric_archive_key: MetricArchiveKeyTable
  }
}

/** A run whose metric points, up to a moment, are in a Parquet file; later ones are in the table. */
export interface MetricArchiveTable {
  project_id: string
  run_id: string
  /** Digest of the file. */
  blob: string
  bytes: number
  points: number
  archived_at: number
}

/** What of a metric is in the file of its run. */
export interface MetricArchiveKeyTable {
  project_id: string
  run_id: string
  key: string
  points: number
  nan_count: number
  low_step: number
  high_step: number
  /** The distance of its steps where it is always the same. */
  every: number | null
}
