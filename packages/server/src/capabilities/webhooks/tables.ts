declare module '../../kernel/db/database.ts' {
  interface Tables {
    webhook: WebhookTable
    webhook_delivery: WebhookDeliveryTable
  }
}

export interface WebhookTable {
  project_id: string
  name: string
  url: string
  /** JSON: event patterns */
  events: string
  /** Sealed by the vault. */
  secret: string
  active: number
  created_at: number
  created_by: string
  /** JSON of `MlflowReceiver` for a webhook that was made through MLflow's API; null for our own. */
  mlflow: string | null
}

export interface WebhookDeliveryTable {
  id: string
  project_id: string
  webhook: string
  event: string
  seq: number | null
  subject: string
  /** The CloudEvent as it is sent, so that every attempt sends the same bytes. */
  body: string
  state: 'waiting' | 'delivered' | 'dead'
  attempts: number
  status: number | null
  error: string | null
  created_at: number
  ended_at: number | null
  next_at: number | null
}
