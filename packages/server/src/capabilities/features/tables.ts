declare module '../../kernel/db/database.ts' {
  interface Tables {
    feature_view: FeatureViewTable
  }
}

export interface FeatureViewTable {
  project_id: string
  name: string
  version: number
  digest: string
  definition: string
  created_at: number
  created_by: string
}
