import { Kysely } from 'kysely'
import type { Tables, Trx } from '../../kernel/db/database.ts'
import { type NodeSqliteConnection, nodeSqliteDialect } from './node-sqlite-dialect.ts'

interface Waiting {
  work: (trx: Trx) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

const mostPerCommit = 256

/**
 * The only writer of the SQLite file. Callbacks queue; a round begins one immediate transaction, runs each callback in a savepoint of its own
 * (a failed one rolls back alone), commits once, and only then resolves the callers.
 */
export class GroupCommitWriter {
  readonly kysely: Kysely<Tables>
  readonly #connection: NodeSqliteConnection
  readonly #queue: Waiting[] = []
  readonly #beforeCommit: ((trx: Trx) => Promise<void>)[] = []
  readonly #committed = new Set<() => void>()
  #running: Promise<void> | undefined

  constructor(connection: NodeSqliteConnection) {
    this.#connection = connection
    this.kysely = new Kysely<Tables>({ dialect: nodeSqliteDialect(connection) })
  }

  run<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
      this.#running ??= this.#drain()
    })
  }

  onBeforeCommit(hook: (trx: Trx) => Promise<void>): void {
    this.#beforeCommit.push(hook)
  }

  onCommitted(listener: () => void): () => void {
    this.#committed.add(listener)
    return () => this.#committed.delete(listener)
  }

  /** Resolves when nothing is queued or running. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #drain(): Promise<void> {
    // Let callers of the same turn join the first round.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      await this.#round(this.#queue.splice(0, mostPerCommit))
      // Input and timers get their turn between rounds.
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#running = undefined
  }

  async #round(waiting: Waiting[]): Promise<void> {
    const done: { one: Waiting; value: unknown }[] = []
    try {
      this.#connection.raw.exec('begin immediate')
    } catch (error) {
      for (const one of waiting) one.reject(error)
      return
    }
    for (const one of waiting) {
      try {
        done.push({ one, value: await this.kysely.transaction().execute(one.work) })
      } catch (error) {
        one.reject(error)
      }
    }
    try {
      if (done.length > 0) for (const hook of this.#beforeCommit) await this.kysely.transaction().execute(hook)
      this.#connection.raw.exec('commit')
    } catch (error) {
      if (this.#connection.raw.isTransaction) this.#connection.raw.exec('rollback')
      for (const { one } of done) one.reject(error)
      return
    }
    for (const { one, value } of done) one.resolve(value)
    for (const listener of this.#committed) listener()
  }
}
