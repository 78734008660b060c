declare module '../../../kernel/db/database.ts' {
  interface Tables {
    scorer: ScorerTable
    scorer_version: ScorerVersionTable
  }
}

interface ScorerTable {
  project_id: string
  experiment_id: string
  name: string
  id: string
  /** Id of what says how much of new traces it judges; null before anybody said so. */
  online_id: string | null
  sample_rate: number | null
  filter: string | null
}

interface ScorerVersionTable {
  project_id: string
  scorer_id: string
  version: number
  /** JSON that clients wrote; the server runs none of it. */
  content: string
  created_at: number
  created_by: string
}
