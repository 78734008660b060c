import type { Kysely } from 'kysely'
import type { Database } from '../db/index.ts'
import type { KeyRing } from './key-ring.ts'
import type { Vault } from './vault.ts'

type Row = Readonly<Record<string, unknown>>

/** A column that holds sealed texts, with what identifies a row and what its text is bound to. */
export interface SealedColumn {
  readonly table: string
  readonly column: string
  readonly key: readonly string[]
  /** More columns that the text is bound to. */
  readonly also?: readonly string[]
  about(row: Row): string
}

/** How many texts each key has wrapped. */
export interface KeyUse {
  readonly id: string
  readonly source: 'file' | 'setting' | 'command'
  readonly current: boolean
  readonly rows: number
}

/** Everything in the database that the vault has sealed; what a capability keeps sealed it adds here, so that a change of the vault's key reaches it. */
export interface SealedRows {
  add(column: SealedColumn): void
  /** Every key that is there, and how many texts are wrapped with none of them (`lost`) or by an earlier program that named no key (`unnamed`). */
  use(): Promise<{ keys: KeyUse[]; unnamed: number; lost: number }>
  /** Wraps texts of other keys with the first one, for about `ms` milliseconds; called again it goes on. What cannot be read is left and named. */
  rewrap(ms?: number): Promise<{ rewrapped: number; left: number; failed: { row: string; why: string }[] }>
}

const batch = 50

export function createSealedRows({ db, ring, vault }: { db: Database; ring: KeyRing; vault: Vault }): SealedRows {
  const columns: SealedColumn[] = []
  const reader = (): Kysely<any> => db.read as unknown as Kysely<any>
  const count = async (like: string): Promise<number> => {
    let rows = 0
    for (const { table, column } of columns) {
      const found = await reader()
        .selectFrom(table)
        .select((e) => e.fn.countAll<number>().as('rows'))
        .where(column, 'like', like)
        .executeTakeFirstOrThrow()
      rows += Number(found.rows)
    }
    return rows
  }
  const others = ({ table, column, key, also = [] }: SealedColumn, current: string, skip: number): Promise<Row[]> => {
    let query = reader()
      .selectFrom(table)
      .select([...key, ...also, column])
      .where(column, 'is not', null)
      .where(column, 'not like', `%.${current}`)
    for (const part of key) query = query.orderBy(part)
    return query.limit(batch).offset(skip).execute()
  }

  return {
    add: (column) => void columns.push(column),
    use: async () => {
      const keys = await Promise.all(
        ring
          .all()
          .map(async ({ id, source }, index) => ({ id, source, current: index === 0, rows: await count(`%.${id}`) })),
      )
      const [all, named] = await Promise.all([count('v1.%'), count('v1.%.%.%')])
      return { keys, unnamed: all - named, lost: named - keys.reduce((sum, key) => sum + key.rows, 0) }
    },
    rewrap: async (ms = 5000) => {
      const until = performance.now() + ms
      const failed: { row: string; why: string }[] = []
      let rewrapped = 0
      for (const column of columns) {
        let skip = 0
        for (;;) {
          const rows = await others(column, ring.current.id, skip)
          for (const row of rows) {
            const place = column.about(row)
            const before = String(row[column.column])
            try {
              const after = await vault.rewrap(before, place)
              if (after !== undefined && (await replace(db, column, row, before, after))) rewrapped += 1
            } catch (error) {
              skip += 1
              failed.push({ row: place, why: (error as Error).message })
            }
            if (performance.now() > until) break
          }
          if (rows.length < batch || performance.now() > until) break
        }
        if (performance.now() > until) break
      }
      const [all, current] = await Promise.all([count('v1.%'), count(`v1.%.${ring.current.id}`)])
      return { rewrapped, left: all - current, failed }
    },
  }
}

/** Only while the row still holds what was read: a secret that was set anew meanwhile is wrapped with the first key already. */
async function replace(
  db: Database,
  { table, column, key }: SealedColumn,
  row: Row,
  before: string,
  after: string,
): Promise<boolean> {
  return db.write.transaction().execute(async (trx) => {
    let update = (trx as unknown as Kysely<any>)
      .updateTable(table)
      .set({ [column]: after })
      .where(column, '=', before)
    for (const part of key) update = update.where(part, '=', row[part])
    return (await update.executeTakeFirst()).numUpdatedRows > 0n
  })
}
