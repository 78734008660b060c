import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  Kysely,
  type KyselyProps,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  Transaction,
} from 'kysely'
import type { Tables, Trx } from '../../kernel/db/database.ts'

const cachedStatements = 500

/** Kysely's SQLite adapter takes no migration lock and denies transactional DDL; here one process owns the file and DDL rolls back. */
class OwnedSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

interface Prepared {
  readonly statement: StatementSync
  readonly answersRows: boolean
}

/** One `node:sqlite` connection as Kysely sees it, with its prepared statements kept. */
export class NodeSqliteConnection implements DatabaseConnection {
  readonly raw: DatabaseSync
  readonly #statements = new Map<string, Prepared>()

  constructor(raw: DatabaseSync) {
    this.raw = raw
  }

  prepare(sql: string): StatementSync {
    return this.#prepared(sql).statement
  }

  /** A statement without values or answer, such as those that begin and end transactions. */
  run(sql: string): void {
    this.#prepared(sql).statement.run()
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { statement, answersRows } = this.#prepared(query.sql)
    const parameters = query.parameters.map(bindable) as never[]
    if (answersRows) return { rows: statement.all(...parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    const statement = this.raw.prepare(query.sql)
    for (const row of statement.iterate(...(query.parameters.map(bindable) as never[]))) yield { rows: [row as R] }
  }

  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.raw.prepare(sql)
    const prepared = { statement, answersRows: statement.columns().length > 0 }
    if (this.#statements.size >= cachedStatements) {
      const oldest = this.#statements.keys().next().value
      if (oldest !== undefined) this.#statements.delete(oldest)
    }
    this.#statements.set(sql, prepared)
    return prepared
  }
}

/** node:sqlite binds a `Date` as NULL without a word and refuses booleans; both are mistakes of the caller that must be seen. */
function bindable(value: unknown): unknown {
  if (value instanceof Date) throw new TypeError('A Date was bound to a statement; store integer milliseconds.')
  if (typeof value === 'boolean') return value ? 1 : 0
  return value === undefined ? null : value
}

/**
 * What Kysely needs to run statements of one connection at once, without the queue for connections that it has for other databases: there is one, and a statement is
 * done when it returns. `usable` throws when nothing may be asked any more.
 */
function propsOf(connection: NodeSqliteConnection, usable: () => void = () => {}): KyselyProps {
  const outside = (): never => {
    throw new Error('Transactions begin with the writer: db.write.transaction().')
  }
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: outside,
    commitTransaction: outside,
    rollbackTransaction: outside,
    releaseConnection: async () => {},
    destroy: async () => connection.raw.close(),
  }
  const dialect: Dialect = {
    createAdapter: () => new OwnedSqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db: Kysely<any>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
  const executor = new DefaultQueryExecutor(compiler, adapter, {
    provideConnection: async (consumer) => {
      usable()
      return consumer(connection)
    },
  })
  return { config: { dialect }, driver, dialect, executor }
}

const compiler = new SqliteQueryCompiler()
const adapter = new OwnedSqliteAdapter()

/** Kysely over one connection; what it is asked runs at once. */
export const kyselyOn = (connection: NodeSqliteConnection): Kysely<Tables> => new Kysely<Tables>(propsOf(connection))

/** A unit of work in a transaction that whoever owns the connection (the group-commit writer) begins and ends. After `end` nothing can be asked any more. */
export function transactionOn(connection: NodeSqliteConnection): { readonly trx: Trx; end(): void } {
  let ended = false
  const props = propsOf(connection, () => {
    if (ended) throw new Error('The transaction has ended: await everything that it does inside of its callback.')
  })
  return { trx: new Transaction<Tables>(props), end: () => (ended = true) }
}
