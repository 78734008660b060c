import {
  type Compilable,
  type CompiledQuery,
  type Kysely,
  PostgresAdapter,
  type RawBuilder,
  sql,
  type SqlBool,
} from 'kysely'
import { type Dialect, preparedMark, type Reader, type SqlValue, type Tables, type Trx } from './database.ts'

/** Where a value of a fixed query stands. */
class Slot {
  readonly name: string
  readonly list: boolean

  constructor(name: string, list = false) {
    this.name = name
    this.list = list
  }
}

type FixedValues = Readonly<Record<string, SqlValue | readonly string[]>>

/** What a fixed query is built of. */
export interface FixedParts<V extends FixedValues> {
  readonly db: Kysely<Tables>
  readonly postgres: boolean
  /** A value of each call. */
  value<K extends keyof V & string>(name: K): V[K]
  /** Whether a column is one of a list of each call, however long that is. */
  among(column: string, name: keyof V & string): RawBuilder<SqlBool>
}

/**
 * A query of which nothing but values changes: it is built once for each kind of database. Building a query and making its text costs several times more than a short
 * one takes; for those that many requests ask. One that names the columns of its answer may be `prepared` once for each connection.
 */
export function fixedQuery<V extends FixedValues, R>(
  build: (parts: FixedParts<V>) => Compilable<R> | RawBuilder<R>,
  { prepared = false }: { prepared?: boolean } = {},
): (db: Reader | Trx, values: V) => Promise<R[]> {
  const made = new Map<boolean, CompiledQuery>()
  return async (db, values) => {
    const kysely = db as unknown as Kysely<Tables>
    const postgres = kysely.getExecutor().adapter instanceof PostgresAdapter
    let query = made.get(postgres)
    if (!query) {
      query = build(partsOn(kysely, postgres)).compile(kysely)
      if (prepared && postgres) query = { ...query, sql: `${preparedMark}${query.sql}` }
      made.set(postgres, query)
    }
    const parameters = query.parameters.map((one) => (one instanceof Slot ? valueOf(one, values, postgres) : one))
    return (await kysely.executeQuery<R>({ ...query, parameters } as CompiledQuery<R>)).rows
  }
}

/** Whether a column is one of a list, as one value: a list of hundreds of parameters takes longer to read and to plan than its rows to be found. */
export const oneOf = (dialect: Dialect, column: string, list: readonly string[]): RawBuilder<SqlBool> =>
  dialect === 'postgres'
    ? sql<SqlBool>`${sql.ref(column)} = any(${list}::text[])`
    : sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${jsonList(list)}))`

// Half a character is stored as the sign for it; escaped it would be another text.
const jsonList = (list: readonly string[]): string => JSON.stringify(list.map((one) => one.toWellFormed()))

const partsOn = <V extends FixedValues>(db: Kysely<Tables>, postgres: boolean): FixedParts<V> => ({
  db,
  postgres,
  value: (name) => new Slot(name) as never,
  among: (column, name) => {
    const slot = sql.val(new Slot(name, true))
    return postgres
      ? sql<SqlBool>`${sql.ref(column)} = any(${slot}::text[])`
      : sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${slot}))`
  },
})

function valueOf({ name, list }: Slot, values: FixedValues, postgres: boolean): unknown {
  const value = values[name]
  return list && !postgres ? jsonList(value as readonly string[]) : value
}
