declare module '../../kernel/db/database.ts' {
  interface Tables {
    erasure: ErasureTable
  }
}

export interface ErasureTable {
  id: string
  /** `*` for accounts, which belong to the instance. */
  project_id: string
  /** Id of the destroyed key, or of the account. */
  key_id: string
  /** Keyed hash of the person in the project; empty for accounts. */
  fingerprint: string
  /** Whose it is, sealed by the vault, for as long as something is left to do. */
  sealed_subject: string | null
  state: 'running' | 'finished' | 'failed'
  reason: string
  erased_at: number
  erased_by: string
  finished_at: number | null
  /** JSON lists of findings: counted before, changed by the erasure. */
  found: string
  changed: string
  /** JSON list of URNs: versions of models, and runs with files, that were made of the rows. */
  models: string
  error: string | null
  /** What else he is called, a JSON list sealed by the vault, for as long as something is left to do. */
  sealed_names: string | null
  /** {@link PersonNames} as keyed hashes, sealed by the vault: what a restore of an older backup finds his names by. */
  marks: string | null
  /** JSON lists: what texts were searched, and what was found and left as it is. */
  looked: string | null
  left_over: string | null
}
