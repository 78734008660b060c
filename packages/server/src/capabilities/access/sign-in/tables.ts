import type { SignInMethod } from '@trivium/contract'

declare module '../../../kernel/db/database.ts' {
  interface Tables {
    session: {
      token_id: string
      method: SignInMethod
      address: string
      browser: string
      /** Where an identity provider vouched: who it is, its own id of the session, and its sealed word, which ends the session there too. */
      issuer: string | null
      provider_session: string | null
      id_token: string | null
    }
    identity: { issuer: string; subject: string; principal_id: string; created_at: number; last_sign_in_at: number }
    /** Roles that follow from groups at the identity provider. `place` is a project, or `*` with the role `instance-admin`. */
    provider_role: {
      principal_id: string
      issuer: string
      place: string
      role: string
      group_name: string
      created_at: number
    }
    password: { principal_id: string; hash: string; changed_at: number }
    sign_in_throttle: { key: string; attempts: number; ends_at: number }
    invitation: InvitationTable
  }
}

export interface InvitationTable {
  id: string
  project_id: string
  secret_hash: string
  role: string
  name: string | null
  mail: string | null
  created_by: string
  created_at: number
  expires_at: number
  used_at: number | null
  used_by: string | null
  revoked_at: number | null
}
