import type { CompiledQuery, Transaction } from 'kysely'
import type { ReadonlyKysely } from 'kysely/readonly'
import type { MessageChannel } from './message-channel.ts'

/**
 * Every SQL table of the program. Each capability adds its own by declaration merging in its `tables.ts`:
 * `declare module '../../kernel/db/database.ts' { interface Tables { model: ModelTable } }`.
 */
export interface Tables {
  /** Facts about this installation, by name. */
  instance: { key: string; value: string }
}

/** A transaction: what a function takes when it must run inside one. */
export type Trx = Transaction<Tables>
/** Reads of committed rows (and, given a transaction by `asReader`, of its own). */
export type Reader = ReadonlyKysely<Tables>

/** Lets a read function run inside a transaction, where it sees the rows that the transaction wrote. */
export function asReader(trx: Trx): Reader {
  return trx as unknown as Reader
}

export type Dialect = 'sqlite' | 'postgres'

/**
 * Before the text of a statement that comes again and again and costs more to plan than to run: Postgres keeps it prepared. Such a statement names the columns of its
 * answer, so that a new column does not spoil it.
 */
export const preparedMark = '/* prepared */ '

/**
 * The one SQL database. `write` is the unit of work: the callback awaits nothing but its own transaction, its effects become visible together,
 * and `execute` resolves only after they are durable. On SQLite callbacks of concurrent callers share one commit (group commit).
 */
export interface Database {
  readonly dialect: Dialect
  readonly write: { transaction(): { execute<T>(work: (trx: Trx) => Promise<T>): Promise<T> } }
  readonly read: Reader
  /**
   * Runs a statement of which only success matters. On Postgres it goes to the database with the next statement of the transaction, or with its commit, and when it
   * fails that one fails with its error. Its parameters are text, numbers and null.
   */
  later(trx: Trx, query: CompiledQuery): Promise<void>
  /**
   * Inserts many rows of the same columns fast: prepared statements on SQLite, many rows a statement on Postgres. `onConflict: 'ignore'` skips rows whose key exists,
   * `replaces` puts the other columns in the place of those of the row with that key; no two rows of a call may have the same one. Returns how many were written.
   */
  bulkInsert<T extends keyof Tables & string>(
    trx: Trx,
    table: T,
    columns: readonly (keyof Tables[T] & string)[],
    rows: readonly (readonly SqlValue[])[],
    options?: { onConflict?: OnConflict<keyof Tables[T] & string> },
  ): Promise<number>
  /**
   * Runs an exported function of a module, `(db: Reader, input, dialect) => Promise<string | Uint8Array>`, where it cannot hold up the main thread:
   * on a reader thread with SQLite, in place with Postgres. For reads that may take more than about 5 ms; returns finished bytes.
   * What may take seconds is `slow`: it has a thread of its own, so that no search waits behind it.
   */
  offload(task: { module: URL; name: string; input: unknown; slow?: true }): Promise<Uint8Array>
  /** Called with the transaction just before each commit on SQLite; the sequencer numbers events here. */
  onBeforeCommit(hook: (trx: Trx) => Promise<void>): void
  /** Called after each commit, on Postgres with the transaction that it ended; there a commit is of one, on SQLite of many. Must not throw. */
  onCommitted(listener: (trx?: Trx) => void): () => void
  /** To the other servers of this database; undefined where there can be none. */
  readonly channel?: MessageChannel
  close(): Promise<void>
}

/** What a bulk insert does with a row whose key is there: skips it, or replaces the row with these columns as its key. */
export type OnConflict<C extends string = string> = 'ignore' | { readonly replaces: readonly C[] }

/** The words for it that both databases know, after the values. */
export function conflictClause(columns: readonly string[], onConflict: OnConflict | undefined): string {
  if (onConflict === undefined) return ''
  if (onConflict === 'ignore') return ' on conflict do nothing'
  const { replaces } = onConflict
  const others = columns.filter((column) => !replaces.includes(column))
  return ` on conflict (${replaces.map((c) => `"${c}"`).join(', ')}) do update set ${others.map((c) => `"${c}" = excluded."${c}"`).join(', ')}`
}

export type SqlValue = string | number | bigint | Uint8Array | null

export type OffloadedRead = (db: Reader, input: any, dialect: Dialect) => Promise<string | Uint8Array>
