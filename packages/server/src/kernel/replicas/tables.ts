declare module '../db/database.ts' {
  interface Tables {
    replica: ReplicaTable
    lease: { name: string; holder: string; fence: number; until: number }
  }
}

/** One server of this database. Times are those of the database. */
export interface ReplicaTable {
  id: string
  host: string
  pid: number
  /** Comma-separated. */
  roles: string
  version: string
  /** Where its content lies; servers of one database share it. */
  storage: string
  started_at: number
  seen_at: number
  /** Without another word until then it is gone. */
  alive_until: number
  /** JSON of {@link PeerGateway}: the gateway that it runs. */
  gateway: string | null
  /** Counts who asked it to commit what lies in its ledgers, and how far it has. */
  flush_asked: number
  flush_done: number
}
