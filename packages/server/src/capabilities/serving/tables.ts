declare module '../../kernel/db/database.ts' {
  interface Tables {
    deployment: DeploymentTable
    release: ReleaseTable
    deployment_activation: ActivationTable
    deployment_caller: DeploymentCallerTable
  }
}

export interface DeploymentTable {
  project_id: string
  name: string
  current_release: string
  /** Number of the newest release, and of the newest move of the pointer. */
  latest_number: number
  latest_seq: number
  created_at: number
  created_by: string
  retired_at: number | null
  /** What one token may ask of it in a minute; null: what the settings say. */
  requests_per_minute: number | null
}

export interface ReleaseTable {
  project_id: string
  id: string
  deployment: string
  number: number
  digest: string
  manifest: string
  /** JSON: the feature views of the manifest as the gateway computes them. */
  views: string
  created_at: number
  created_by: string
}

export interface ActivationTable {
  project_id: string
  deployment: string
  seq: number
  release_id: string
  kind: 'deploy' | 'rollback'
  at: number
  event_time: number
  by_id: string
  reason: string | null
}

/** Who was answered by a release, as one start of a gateway has counted it. */
export interface DeploymentCallerTable {
  project_id: string
  deployment: string
  release_id: string
  principal: string
  gateway: string
  requests: number
  predictions: number
  first_at: number
  last_at: number
}
