import type { Permission, Role } from '@trivium/contract'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    project: { id: string; title: string; created_at: number; created_by: string }
    principal: PrincipalTable
    membership: { project_id: string; principal_id: string; role: Role; created_at: number; created_by: string }
    token: TokenTable
    custom_role: {
      /** A project, or `*`: every project. */
      place: string
      name: string
      description: string
      /** JSON list. */
      permissions: string
      changed_at: number
      changed_by: string
    }
    access_group: { name: string; description: string; created_at: number; created_by: string }
    /** `source`: empty, or the identity provider that says so. */
    access_group_member: { group_name: string; principal_id: string; source: string; created_at: number }
    /** Roles of groups, and custom roles of people and service accounts. */
    role_grant: {
      project_id: string
      kind: 'principal' | 'group'
      holder: string
      role: string
      created_at: number
      created_by: string
    }
    separation_rule: { project_id: string; first: Permission; second: Permission }
    break_glass: BreakGlassTable
    personal_column: { project_id: string; declared_by: string; name: string; subject_column: string | null }
    login_link: {
      secret_hash: string
      principal_id: string
      created_by: string
      expires_at: number
      used_at: number | null
    }
  }
}

export interface BreakGlassTable {
  id: string
  project_id: string
  principal_id: string
  reason: string
  started_at: number
  ends_at: number
  ended_at: number | null
  ended_by: string | null
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
  /** The token that took its place; it ends when the overlap does. */
  rotated_to: string | null
}
