declare module '../../../kernel/db/database.ts' {
  interface Tables {
    archive_policy: {
      project_id: string
      /** JSON: `ArchivePolicy`. */
      policy: string
      saved_at: number
      saved_by_name: string
      last_at: number | null
      archived: number
    }
  }
}

export {}
