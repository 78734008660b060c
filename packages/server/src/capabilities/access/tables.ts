import type { Role } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    project: { id: string; title: string; created_at: number; created_by: string }
    principal: PrincipalTable
    membership: { project_id: string; principal_id: string; role: Role; created_at: number; created_by: string }
    token: TokenTable
    login_link: {
      secret_hash: string
      principal_id: string
      created_by: string
      expires_at: number
      used_at: number | null
    }
  }
}

export interface PrincipalTable {
  id: string
  kind: 'person' | 'service'
  name: string
  is_instance_admin: number
  disabled_at: number | null
  created_at: number
  created_by: string
}

export interface TokenTable {
  id: string
  principal_id: string
  /** token: made by a person or the CLI; session: a browser; run: a pipeline run's own, for its steps. */
  kind: 'token' | 'session' | 'run'
  name: string
  secret_hash: string
  /** The one project that the token belongs to; null is every project of its principal. */
  project_id: string | null
  /** JSON list that narrows the principal's permissions; null narrows nothing. */
  permissions: string | null
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  last_used_at: number | null
}
