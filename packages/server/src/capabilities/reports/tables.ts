declare module '../../kernel/db/database.ts' {
  interface Tables {
    report: ReportTable
    report_version: ReportVersionTable
    report_mention: ReportMentionTable
    report_comment: ReportCommentTable
  }
}

export interface ReportTable {
  project_id: string
  id: string
  title: string
  /** The newest. */
  version: number
  created_at: number
  created_by_name: string
  updated_at: number
  updated_by_name: string
}

export interface ReportVersionTable {
  project_id: string
  report_id: string
  version: number
  title: string
  /** Markdown. */
  text: string
  /** The version that it brought back. */
  restored: number | null
  saved_at: number
  saved_by: string
  saved_by_name: string
}

/** A thing that the newest version of a report names. */
export interface ReportMentionTable {
  project_id: string
  /** URN without a version. */
  thing: string
  report_id: string
  /** The version of the thing; empty where none is named. */
  version: string
}

export interface ReportCommentTable {
  project_id: string
  id: string
  report_id: string
  text: string
  version: number
  said_at: number
  said_by: string
  said_by_name: string
  resolved_at: number | null
  resolved_by_name: string | null
  /** JSON: `PassageAnchor`. */
  anchor?: string | null | undefined
}
