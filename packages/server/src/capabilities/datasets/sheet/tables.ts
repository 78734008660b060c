declare module '../../../kernel/db/database.ts' {
  interface Tables {
    dataset_sheet_part: SheetPartTable
  }
}

/** A text that somebody wrote for a sheet; the highest revision of a part holds. */
export interface SheetPartTable {
  project_id: string
  dataset: string
  part: string
  revision: number
  text: string
  /** Newest version of the dataset at that time. */
  version: number | null
  written_at: number
  written_by: string
  written_by_name: string
}
