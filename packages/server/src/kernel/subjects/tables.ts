declare module '../db/database.ts' {
  interface Tables {
    /** One key a project, sealed by the vault: what the keys of subjects are wrapped with, and what hides their names. */
    subject_root: { project_id: string; sealed: string; made_at: number }
    subject_key: SubjectKeyTable
  }
}

/** The key of one person in one project. */
export interface SubjectKeyTable {
  project_id: string
  /** HMAC-SHA256 of the person's id: the table names nobody. */
  subject: string
  id: string
  /** null: erased. */
  sealed: string | null
  made_at: number
  erased_at: number | null
  erased_by: string | null
}

/** Tables that no backup holds; they are kept apart, so that an erasure reaches every copy of what the keys open. */
export const subjectTables = ['subject_root', 'subject_key'] as const
