import type {} from '../../kernel/db/database.ts'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    storage_collection: StorageCollectionTable
    storage_damage: StorageDamageTable
    storage_scrub: StorageScrubTable
  }
}

export interface StorageCollectionTable {
  id: string
  state: 'queued' | 'running' | 'finished' | 'failed'
  dry_run: number
  by_id: string
  started_at: number
  finished_at: number | null
  error: string | null
  /** JSON of the counts. */
  counts: string
}

export interface StorageScrubTable {
  id: string
  state: 'queued' | 'running' | 'finished' | 'failed'
  by_id: string
  started_at: number
  finished_at: number | null
  error: string | null
  /** How many of the 256 shares, by the first byte of the digest, were looked at. */
  share: number
  contents: number
  bytes: number
  damaged: number
}

export interface StorageDamageTable {
  project_id: string
  digest: string
  why: string
  first_at: number
  last_at: number
  times: number
}
