import type {} from '../../kernel/db/database.ts'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    storage_collection: StorageCollectionTable
    storage_damage: StorageDamageTable
    storage_scrub: StorageScrubTable
    upload: UploadTable
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

/** `digest` and `size` are what the client announced, and when it is done what was found; `handle` is the store's name for it. */
export interface UploadTable {
  id: string
  project_id: string
  by_id: string
  state: 'open' | 'finishing' | 'done'
  handle: string
  target: string | null
  digest: string | null
  size: number | null
  part_size: number | null
  parts: number
  /** The last sign of life of who finishes it. */
  finishing_at: number | null
  created_at: number
  expires_at: number
}
