import type { PlaceKind } from '@trivium/contract'
import type {} from '../db/database.ts'

declare module '../db/database.ts' {
  interface Tables {
    content_place: ContentPlaceTable
    placed_content: PlacedContentTable
  }
}

/** A place of a project. One is current and gets what is new; the others stay as long as something lies there. */
export interface ContentPlaceTable {
  id: string
  project_id: string
  kind: PlaceKind
  /** Without credentials. */
  address: string
  username: string | null
  /** Password or token, by the vault. */
  sealed: string | null
  state: 'current' | 'former'
  set_at: number
  set_by: string
}

export interface PlacedContentTable {
  project_id: string
  digest: string
  size: number
  place_id: string
  /** What the place calls it. */
  place_key: string
  at: number
  damaged: number
  aside_at: number | null
  /** Names this one act of setting aside. */
  aside_key: string | null
  /** It is being removed from the place, or that could not be finished: nobody finds it any more. */
  removing: number
}
