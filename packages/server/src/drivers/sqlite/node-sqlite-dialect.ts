import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

const cachedStatements = 500

/** Kysely's SQLite adapter takes no migration lock and denies transactional DDL; here one process owns the file and DDL rolls back. */
class OwnedSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** One `node:sqlite` connection as Kysely sees it, with its prepared statements kept. */
export class NodeSqliteConnection implements DatabaseConnection {
  readonly raw: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(raw: DatabaseSync) {
    this.raw = raw
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.raw.prepare(sql)
    if (this.#statements.size >= cachedStatements) {
      const oldest = this.#statements.keys().next().value
      if (oldest !== undefined) this.#statements.delete(oldest)
    }
    this.#statements.set(sql, statement)
    return statement
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.prepare(query.sql)
    const parameters = query.parameters.map(bindable) as never[]
    if (statement.columns().length > 0) return { rows: statement.all(...parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    const statement = this.raw.prepare(query.sql)
    for (const row of statement.iterate(...(query.parameters.map(bindable) as never[]))) yield { rows: [row as R] }
  }
}

/** node:sqlite binds a `Date` as NULL without a word and refuses booleans; both are mistakes of the caller that must be seen. */
function bindable(value: unknown): unknown {
  if (value instanceof Date) throw new TypeError('A Date was bound to a statement; store integer milliseconds.')
  if (typeof value === 'boolean') return value ? 1 : 0
  return value === undefined ? null : value
}

/**
 * A dialect over one connection. Its "transactions" are savepoints: whoever owns the connection (the group-commit writer) opens and commits the real one.
 */
export function nodeSqliteDialect(connection: NodeSqliteConnection): Dialect {
  let depth = 0
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: async () => {
      connection.raw.exec(`savepoint work_${depth + 1}`)
      depth += 1
    },
    commitTransaction: async () => {
      connection.raw.exec(`release work_${depth}`)
      depth -= 1
    },
    rollbackTransaction: async () => {
      const name = `work_${depth}`
      depth -= 1
      // After an error that ended the whole transaction (a full disk) there is no savepoint any more.
      if (connection.raw.isTransaction) connection.raw.exec(`rollback to ${name}; release ${name}`)
    },
    releaseConnection: async () => {},
    destroy: async () => connection.raw.close(),
  }
  return {
    createAdapter: () => new OwnedSqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db: Kysely<any>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}
