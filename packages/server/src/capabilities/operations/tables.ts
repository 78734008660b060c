import type { AlertState, AlertUsefulness } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    alert: AlertTable
    alert_moment: AlertMomentTable
  }
}

export interface AlertTable {
  project_id: string
  id: string
  kind: 'drift' | 'performance'
  state: AlertState
  title: string
  monitor: string
  /** The feature or the metric. */
  about: string
  deployment: string
  release: string | null
  model: string | null
  model_version: number | null
  /** JSON: AlertEvidence */
  evidence: string
  inbox_item: string | null
  event_time: number
  opened_at: number
  acknowledged_at: number | null
  acknowledged_by: string | null
  note: string | null
  resolved_at: number | null
  resolved_event_time: number | null
  resolved_reason: string | null
  resolved_by: string | null
  useful: AlertUsefulness | null
}

export interface AlertMomentTable {
  project_id: string
  id: string
  alert: string
  at: number
  event_time: number | null
  what: string
  detail: string
  by: string
  urn: string | null
}
