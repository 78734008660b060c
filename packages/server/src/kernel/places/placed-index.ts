import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock/index.ts'
import type { Database, Trx } from '../db/index.ts'
import type { AsideContent, StoredContent } from '../ports/index.ts'
import type { PlacedContentTable } from './tables.ts'

/** Content that lies in a place. */
export interface PlacedContent {
  readonly place: string
  readonly key: string
  readonly size: number
  readonly damaged: boolean
  readonly removing: boolean
}

/** What lies in which place, in our database: places are never listed. */
export interface PlacedIndex {
  /** What is there, and back in its place if it was aside. `removing` content is found too: it must not be read. */
  find(project: string, digest: string): Promise<PlacedContent | undefined>
  /** Says where content lies now; returns where it lay before. */
  save(
    project: string,
    digest: string,
    at: Pick<PlacedContent, 'place' | 'key' | 'size'>,
  ): Promise<PlacedContent | undefined>
  noteDamage(project: string, digest: string): Promise<void>
  list(): AsyncIterable<StoredContent>
  setAside(project: string, digest: string, at: number): Promise<void>
  listAside(): AsyncIterable<AsideContent>
  bringBack(aside: Pick<AsideContent, 'project' | 'digest' | 'key'>): Promise<void>
  /** From now on nobody finds it, unless it came back meanwhile: then undefined. `key`: only what this act set aside. */
  beginRemoval(project: string, digest: string, key?: string): Promise<PlacedContent | undefined>
  /** Forgets what was removed, unless it was stored anew. */
  endRemoval(project: string, digest: string, key: string): Promise<void>
}

const batch = 500
/** So long a removal may be under way; then it has failed and is tried again. */
const removalMs = 600_000
/** Before the keys of what is aside here, to tell it from what is aside in the instance's own store. */
const asidePrefix = 'placed:'

export const isPlacedAside = ({ key }: Pick<AsideContent, 'key'>): boolean => key.startsWith(asidePrefix)

export function createPlacedIndex({ db, clock }: { db: Database; clock: Clock }): PlacedIndex {
  const write = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.write.transaction().execute(work)
  const update = async (
    trx: Trx,
    project: string,
    digest: string,
    change: Partial<PlacedContentTable>,
    where: Partial<PlacedContentTable> = {},
  ): Promise<boolean> => {
    let query = trx
      .updateTable('placed_content')
      .set(change)
      .where('project_id', '=', project)
      .where('digest', '=', digest)
    for (const [column, value] of Object.entries(where) as [keyof PlacedContentTable, string | number | null][])
      query = value === null ? query.where(column, 'is', null) : query.where(column, '=', value)
    return (await query.executeTakeFirst()).numUpdatedRows > 0n
  }
  const rowOf = (project: string, digest: string): Promise<PlacedContentTable | undefined> =>
    db.read
      .selectFrom('placed_content')
      .selectAll()
      .where('project_id', '=', project)
      .where('digest', '=', digest)
      .executeTakeFirst()
  const back = { aside_at: null, aside_key: null }

  async function* rows(aside: boolean): AsyncIterable<PlacedContentTable> {
    let after = { project: '', digest: '' }
    for (;;) {
      const found = await db.read
        .selectFrom('placed_content')
        .selectAll()
        .where('aside_at', aside ? 'is not' : 'is', null)
        .where((e) =>
          e.or([
            e('project_id', '>', after.project),
            e.and([e('project_id', '=', after.project), e('digest', '>', after.digest)]),
          ]),
        )
        .orderBy('project_id')
        .orderBy('digest')
        .limit(batch)
        .execute()
      yield* found
      const last = found.at(-1)
      if (found.length < batch || !last) return
      after = { project: last.project_id, digest: last.digest }
    }
  }

  return {
    find: async (project, digest) => {
      const row = await rowOf(project, digest)
      if (row && row.aside_at !== null && row.removing === 0)
        await write((trx) => update(trx, project, digest, { ...back, at: clock() }, { removing: 0 }))
      return row && (row.aside_at === null || row.removing === 1 ? presented(row) : found(await rowOf(project, digest)))
    },
    save: (project, digest, { place, key, size }) =>
      write(async (trx) => {
        const before = await trx
          .selectFrom('placed_content')
          .selectAll()
          .where('project_id', '=', project)
          .where('digest', '=', digest)
          .executeTakeFirst()
        const row = { size, place_id: place, place_key: key, at: clock(), damaged: 0, removing: 0, ...back }
        await trx
          .insertInto('placed_content')
          .values({ project_id: project, digest, ...row })
          .onConflict((c) => c.columns(['project_id', 'digest']).doUpdateSet(row))
          .execute()
        return found(before)
      }),
    noteDamage: async (project, digest) => {
      await write((trx) => update(trx, project, digest, { damaged: 1 }))
    },
    async *list() {
      for await (const row of rows(false)) yield stored(row)
    },
    setAside: async (project, digest, at) => {
      const aside = { aside_at: at, aside_key: `${asidePrefix}${randomUUID()}` }
      await write((trx) => update(trx, project, digest, aside, { aside_at: null }))
    },
    async *listAside() {
      for await (const row of rows(true))
        if (row.removing === 0 || Number(row.at) <= clock() - removalMs)
          yield { ...stored(row), at: Number(row.aside_at), key: row.aside_key ?? '' }
    },
    bringBack: async ({ project, digest, key }) => {
      await write((trx) => update(trx, project, digest, { ...back, at: clock() }, { aside_key: key, removing: 0 }))
    },
    beginRemoval: (project, digest, key) =>
      write(async (trx) => {
        // A new key: nobody else who saw it aside removes it too. A collection finds it again if the place fails now.
        const change = { removing: 1, aside_at: 0, aside_key: `${asidePrefix}${randomUUID()}`, at: clock() }
        if (!(await update(trx, project, digest, change, key === undefined ? {} : { aside_key: key }))) return undefined
        return found(
          await trx
            .selectFrom('placed_content')
            .selectAll()
            .where('project_id', '=', project)
            .where('digest', '=', digest)
            .executeTakeFirst(),
        )
      }),
    endRemoval: async (project, digest, key) => {
      await write((trx) =>
        trx
          .deleteFrom('placed_content')
          .where('project_id', '=', project)
          .where('digest', '=', digest)
          .where('place_key', '=', key)
          .where('removing', '=', 1)
          .execute(),
      )
    },
  }
}

const stored = (row: PlacedContentTable): StoredContent => ({
  project: row.project_id,
  digest: row.digest,
  size: Number(row.size),
  at: Number(row.at),
})

const presented = (row: PlacedContentTable): PlacedContent => ({
  place: row.place_id,
  key: row.place_key,
  size: Number(row.size),
  damaged: row.damaged === 1,
  removing: row.removing === 1,
})

const found = (row: PlacedContentTable | undefined): PlacedContent | undefined => row && presented(row)
