declare module '../../kernel/db/database.ts' {
  interface Tables {
    secret: SecretTable
    secret_version: SecretVersionTable
    secret_share: { project_id: string; name: string; shared_at: number; shared_by: string }
    secret_use: SecretUseTable
  }
}

/** Stands in the place of the project for secrets of the instance. */
export const instanceOwner = '*'

export interface SecretTable {
  /** `*` for secrets of the instance. */
  project_id: string
  name: string
  description: string
  /** Number of the current value. */
  version: number
  created_at: number
  created_by: string
}

export interface SecretVersionTable {
  project_id: string
  name: string
  version: number
  /** What the sealed value is bound to, beside project and name. */
  id: string
  /** null: the value is gone. */
  sealed: string | null
  set_at: number
  set_by: string
  /** Of the value before the current one: until when steps may ask for it. */
  valid_until: number | null
}

/** The last use of a secret in a project. */
export interface SecretUseTable {
  project_id: string
  /** The project, or `*`. */
  owner: string
  name: string
  version: number
  used_at: number
  used_by: string
  run_id: string
  pipeline: string
  step: string
}
