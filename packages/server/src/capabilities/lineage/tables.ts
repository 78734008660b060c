declare module '../../kernel/db/database.ts' {
  interface Tables {
    lineage_node: {
      project_id: string
      urn: string
      kind: string
      name: string
      version: string | null
      fact: string
      search: string
      at: number | null
    }
    lineage_edge: { project_id: string; from_urn: string; to_urn: string; role: string; at: number }
  }
}

export type {}
