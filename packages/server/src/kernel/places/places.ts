import { blobErrors } from '../blobs/index.ts'
import type { Database, Reader } from '../db/index.ts'
import type { PlaceKind } from '@trivium/contract'
import type { Egress } from '../egress/index.ts'
import type { ContentPlace } from '../ports/index.ts'
import type { Vault } from '../vault/index.ts'
import type { ContentPlaceTable } from './tables.ts'

/** What a place is opened with. `secret`: password, or without a username a token. */
export interface PlaceSettings {
  readonly project: string
  readonly kind: PlaceKind
  readonly address: string
  readonly username: string | null
  readonly secret: string | null
}

/** Makes a place of each kind; nothing is called before it is used. */
export type PlaceDrivers = Readonly<Record<PlaceKind, (settings: PlaceSettings, egress: Egress) => ContentPlace>>

/** A place that is open. */
export interface OpenPlace {
  readonly id: string
  readonly project: string
  readonly address: string
  readonly place: ContentPlace
}

/** The places of projects, opened when they are needed. */
export interface Places {
  /** Where a project keeps what is new; undefined: in the instance's own store. */
  current(project: string): Promise<OpenPlace | undefined>
  /** Whether content of a project may lie in a place. */
  any(project: string): Promise<boolean>
  find(project: string, id: string): Promise<OpenPlace | undefined>
  /** Opens one that is not chosen yet. */
  open(settings: PlaceSettings): ContentPlace
  /** Looks again before the next use: the choice of a project has changed here, or may have elsewhere. */
  changed(project: string): void
  close(): Promise<void>
}

/** How long a choice that was made on another server may go unseen. */
const freshMs = 2000

/** What the secret of a place is bound to. */
export const placeOfSecret = (id: string): string => `content-place/${id}`

export function createPlaces({
  db,
  vault,
  egress,
  drivers,
}: {
  db: Database
  vault: Vault
  egress: Egress
  drivers: PlaceDrivers
}): Places {
  const known = new Map<string, { readAt: number; rows: Promise<ContentPlaceTable[]> }>()
  const open = new Map<string, { row: string; opening: Promise<OpenPlace> }>()
  const rowsOf = (project: string): Promise<ContentPlaceTable[]> => {
    const now = performance.now()
    const there = known.get(project)
    if (there && now - there.readAt < freshMs) return there.rows
    const rows = readRows(db.read, project)
    known.set(project, { readAt: now, rows })
    rows.catch(() => known.delete(project))
    return rows
  }
  /** Opened again where its credentials have changed; one that is replaced closes when what is under way has ended. */
  const opened = (row: ContentPlaceTable): Promise<OpenPlace> => {
    const text = JSON.stringify([row.address, row.username, row.sealed])
    const there = open.get(row.id)
    if (there?.row === text) return there.opening
    const { id, project_id: project, kind, address, username } = row
    const opening = (async () => {
      const secret =
        row.sealed === null
          ? null
          : await vault.open(row.sealed, placeOfSecret(id)).catch((error: Error) => {
              throw blobErrors.PLACE_FAILED(address, project, error.message)
            })
      return { id, project, address, place: drivers[kind]({ project, kind, address, username, secret }, egress) }
    })()
    open.set(id, { row: text, opening })
    opening.catch(() => open.delete(id))
    void there?.opening.then(({ place }) => place.close()).catch(() => {})
    return opening
  }

  return {
    current: async (project) => {
      const row = (await rowsOf(project)).find(({ state }) => state === 'current')
      return row && opened(row)
    },
    any: async (project) => (await rowsOf(project)).length > 0,
    find: async (project, id) => {
      const known = (await rowsOf(project)).find((row) => row.id === id)
      // It may have been chosen on another server a moment ago.
      const row = known ?? (await readRows(db.read, project)).find((one) => one.id === id)
      return row && opened(row)
    },
    open: (settings) => drivers[settings.kind](settings, egress),
    changed: (project) => void known.delete(project),
    close: async () => {
      const all = [...open.values()]
      open.clear()
      for (const { opening } of all) await opening.then(({ place }) => place.close()).catch(() => {})
    },
  }
}

const readRows = (read: Reader, project: string): Promise<ContentPlaceTable[]> =>
  read.selectFrom('content_place').selectAll().where('project_id', '=', project).execute()
