import { AsyncLocalStorage } from 'node:async_hooks'
import type { Trx } from '../../kernel/db/database.ts'
import { databaseErrors, explainDatabaseError } from '../../kernel/db/database-errors.ts'
import { type NodeSqliteConnection, transactionOn } from './node-sqlite-dialect.ts'

interface Waiting {
  work: (trx: Trx) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

const mostPerCommit = 256
/** Beyond this a caller is told to come again: what waits is held in memory, and who waits so long has given up. */
const mostWaiting = 20_000

/**
 * The only writer of the SQLite file. Callbacks queue; a round begins one immediate transaction, runs each callback in a savepoint of its own
 * (a failed one rolls back alone; one that is by itself needs none), commits once, and only then resolves the callers.
 */
export class GroupCommitWriter {
  readonly #connection: NodeSqliteConnection
  readonly #queue: Waiting[] = []
  readonly #beforeCommit: ((trx: Trx) => Promise<void>)[] = []
  readonly #committed = new Set<() => void>()
  #running: Promise<void> | undefined

  readonly #mostWaiting: number

  constructor(connection: NodeSqliteConnection, options: { mostWaiting?: number } = {}) {
    this.#connection = connection
    this.#mostWaiting = options.mostWaiting ?? mostWaiting
  }

  run<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#queue.length >= this.#mostWaiting) return reject(databaseErrors.BUSY('changes', this.#queue.length))
      // Each in the context of its caller, not of whoever began the round.
      this.#queue.push({ work: AsyncLocalStorage.bind(work), resolve: resolve as (value: unknown) => void, reject })
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

  /** Never throws: whatever happens, each caller gets his result or an error. */
  async #round(waiting: Waiting[]): Promise<void> {
    const { raw } = this.#connection
    const done: { one: Waiting; value: unknown }[] = []
    // They hear of it after the commit: what refused them may be what another one has written in this round.
    const refused: { one: Waiting; error: unknown }[] = []
    const failAll = (error: unknown): void => {
      for (const { one } of [...done, ...refused]) one.reject(explainDatabaseError(error))
    }
    try {
      this.#connection.run('begin immediate')
    } catch (error) {
      for (const one of waiting) one.reject(explainDatabaseError(error))
      return
    }
    const alone = waiting.length === 1
    for (const [index, one] of waiting.entries()) {
      try {
        if (!alone) this.#connection.run('savepoint work')
        const value = await this.#inside(one.work)
        if (!alone) this.#connection.run('release work')
        done.push({ one, value })
      } catch (error) {
        refused.push({ one, error })
        if (raw.isTransaction && (alone || this.#undo())) continue
        // A full disk or an I/O error ends the whole transaction, not only this savepoint. Those that have not begun go into the next round.
        failAll(error)
        this.#rollBack()
        this.#queue.unshift(...waiting.slice(index + 1))
        return
      }
    }
    const refuse = (): void => {
      for (const { one, error } of refused) one.reject(explainDatabaseError(error))
    }
    if (done.length === 0) {
      this.#rollBack()
      return refuse()
    }
    try {
      for (const hook of this.#beforeCommit) await this.#inside(hook)
      this.#connection.run('commit')
    } catch (error) {
      failAll(error)
      this.#rollBack()
      return
    }
    for (const { one, value } of done) one.resolve(value)
    refuse()
    for (const listener of this.#committed) listener()
  }

  async #inside<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    const { trx, end } = transactionOn(this.#connection)
    try {
      return await work(trx)
    } finally {
      end()
    }
  }

  /** Takes back what one callback has done and nothing else; false where that cannot be. */
  #undo(): boolean {
    try {
      this.#connection.run('rollback to work')
      this.#connection.run('release work')
      return true
    } catch {
      return false
    }
  }

  #rollBack(): void {
    try {
      if (this.#connection.raw.isTransaction) this.#connection.run('rollback')
    } catch {
      // The next `begin` reports what is wrong with the file.
    }
  }
}
