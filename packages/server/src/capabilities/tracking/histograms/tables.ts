declare module '../../../kernel/db/database.ts' {
  interface Tables {
    run_histogram: RunHistogramTable
    run_histogram_point: HistogramPointTable
    /** Histograms of removed runs that are still to be deleted. */
    removed_histogram: { project_id: string; series: string }
  }
}

/** One row a key of a run, kept up to date as histograms arrive, so that no list reads them. */
export interface RunHistogramTable {
  project_id: string
  run_id: string
  key: string
  /** Under which the points are kept; nobody else gets it again. */
  series: string
  points: number
  /** Characters of all its points. */
  size: number
  first_step: number
  last_step: number
  timestamp: number
  low: number | null
  high: number | null
}

export interface HistogramPointTable {
  project_id: string
  series: string
  step: number
  timestamp: number
  /** Of the content: a histogram that is sent again is the same one. */
  digest: string
  /** JSON as the wire has it, without key, step and timestamp. */
  content: string
}
