import type { MonitorState } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    monitor: MonitorTable
    monitor_release: MonitorReleaseTable
    monitor_window: MonitorWindowTable
  }
}

export interface MonitorTable {
  project_id: string
  name: string
  deployment: string
  /** JSON: MonitorDefinition */
  definition: string
  version: number
  /** Beginning of the next window to close; null before the first prediction. */
  next_start: number | null
  /** The release whose state counts now. */
  release: string | null
  model: string | null
  model_version: number | null
  /** Event time from which on windows count for this release's state. */
  release_since: number
  /** 1 when `release` is what serving said; 0 when it was read off the predictions. */
  follows: number
  state: MonitorState
  headline: string
  /** Grows with each reason to look again. */
  wanted: number
  /** Oldest event time of predictions that came after their window was closed. */
  late_from: number | null
  /** Labels up to this arrival and this event time are counted. */
  label_id: string
  label_as_of: number
  created_at: number
  created_by: string
  updated_at: number
  /** JSON: which warnings about the delay of labels were said last. */
  label_delay: string | null
}

/** What a release is compared with, and the memory of its alert rules. */
export interface MonitorReleaseTable {
  project_id: string
  monitor: string
  release: string
  /** JSON: {urn, profile} */
  reference: string | null
  /** JSON: metric → MetricBaseline */
  baselines: string
  /** JSON: feature → PersistenceState */
  drift: string
  /** JSON: metric → PersistenceState */
  performance: string
}

export interface MonitorWindowTable {
  project_id: string
  monitor: string
  start_at: number
  end_at: number
  release: string | null
  model: string | null
  model_version: number | null
  rows: number
  other_rows: number
  /** Records of all releases, copies included: tells whether predictions came late. */
  records: number
  state: MonitorState
  /** JSON: WindowDrift */
  drift: string | null
  /** JSON: WindowPerformance */
  performance: string | null
  /** JSON: ColumnCounts by feature, for the distributions. */
  counts: string | null
  /** JSON: WindowDetails */
  details: string | null
  ripe: number
  /** Labels that came for an unripe window since it was counted. */
  hits: number
  closed_at: number
  judged_at: number
}
