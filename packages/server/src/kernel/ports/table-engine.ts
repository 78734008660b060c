/** Our small vocabulary of column types; every engine maps its own types onto it. */
export type TableType = 'boolean' | 'integer' | 'number' | 'string' | 'timestamp' | 'date' | 'json' | 'binary'

/** A column of a result, of a file or of a declared relation. */
export type TableColumn = { name: string; type: TableType }

/** File formats that the engine reads and writes. */
export type TableFormat = 'parquet' | 'csv' | 'ndjson'

/** Files that one query sees as a table under the relation's name. */
export type Relation = {
  format: TableFormat
  /** Absolute local paths without wildcards. An empty list needs `columns` and gives an empty table of that shape. */
  files: string[]
  /**
   * Declared columns. CSV and JSON lines: exactly these columns, read as these types (a value that cannot be read so is an error; a CSV file must
   * have them all in its header, a JSON line may leave some out; binary is base64). Parquet: the types of the files hold, a declared column that no file has is null.
   */
  columns?: TableColumn[]
  /** Match the columns of several files by name (a column that a file lacks is null there) instead of by position. */
  unionByName?: boolean
  /** Adds the column `filename` with the absolute path of the file that each row came from. */
  filename?: boolean
}

/** Values of the parameters `$1`, `$2`, … (or `?`) of a query. Integers bind as BIGINT, other numbers as DOUBLE; NaN and infinities survive. */
export type TableParam = string | number | bigint | boolean | null

/** One SELECT over some files. */
export type TableQuery = {
  /** One SELECT statement (WITH, VALUES and set operations included). Any other statement is refused with `TABLES.FORBIDDEN`. */
  sql: string
  /** Table name in `sql` → the files behind it; visible to this query only. */
  relations: Record<string, Relation>
  params?: TableParam[]
  /**
   * `true` only for SQL that we wrote ourselves. `false` (SQL from a person): runs in another process, in an engine of its own that can open
   * nothing but the files of `relations`, and may use only these relations and functions that read nothing else.
   */
  trusted: boolean
  /** More rows than this are the error `TABLES.TOO_MANY_ROWS` (nothing is cut off in silence). Default 10,000. `write` has no limit. */
  maxRows?: number
}

/**
 * Rows as plain values: integer → number (string beyond 2^53), number → number (NaN and infinities included), timestamp → milliseconds UTC,
 * date → `YYYY-MM-DD`, binary → base64, json → plain arrays and objects, null → null.
 */
export type TableResult = { columns: TableColumn[]; rows: unknown[][] }

/** What a `write` made. `bytes` is the size of the file. */
export type WrittenTable = { rows: number; bytes: number; columns: TableColumn[] }

/** What is in a file. `nullable`: the Parquet schema allows nulls, or the CSV or JSON lines file has some. */
export type DescribedTable = { columns: (TableColumn & { nullable: boolean })[]; rows: number }

/** Aborting `signal` or passing `timeoutMs` (waiting for a free slot included; default 60 s, `describe` and `write` 10 min) stops the query. */
export type TableCallOptions = { signal?: AbortSignal; timeoutMs?: number }

/**
 * Runs SQL over Parquet, CSV and JSON lines files in a process of its own, so that no query blocks the caller's.
 *
 * Errors are `AppError`s (`kernel/tables/table-errors.ts`): `TABLES.QUERY_FAILED` (the SQL or the data are wrong; the message says what), `TABLES.FORBIDDEN`
 * (the statement or a file is not allowed), `TABLES.TOO_MANY_ROWS`, `TABLES.RESULT_TOO_LARGE` (64 MB), `TABLES.OUT_OF_MEMORY`, `TABLES.NO_SPACE`, `TABLES.TIMEOUT`, `TABLES.CANCELLED`,
 * `TABLES.UNREADABLE_FILE` (`describe`), and three that a caller may retry: `TABLES.RESTARTED` (the process ended under the query), `TABLES.BUSY`
 * (too many queries wait) and `TABLES.UNAVAILABLE` (the process does not start).
 */
export interface TableEngine {
  /** Runs one SELECT and returns its rows. */
  query(query: TableQuery, options?: TableCallOptions): Promise<TableResult>
  /**
   * Runs one SELECT into a file. The same input rows in the same order give the same bytes (order the rows in the SQL). The file appears at
   * `output.path` whole or not at all; an existing file is replaced. `groupRows`: rows that a Parquet file keeps together (a multiple of 2048, default 122,880);
   * fewer of them make a file quicker for whoever looks for single rows.
   */
  write(
    query: TableQuery & { output: { path: string; format: TableFormat; groupRows?: number } },
    options?: TableCallOptions,
  ): Promise<WrittenTable>
  /** Reads a file that nobody has vouched for, all of it, in a process that it may crash; `name` is what error messages call it (default: the file's name). */
  describe(
    file: { path: string; format: TableFormat; name?: string },
    options?: TableCallOptions,
  ): Promise<DescribedTable>
  /** Its processes at the moment, by what they are for. */
  processes(): readonly { readonly process: string; readonly pid: number }[]
  /** How many of its processes it has replaced because they kept too much memory, by what they are for. */
  replaced(): readonly { readonly process: string; readonly count: number }[]
  /** Ends the processes; pending queries fail with `TABLES.CANCELLED`. */
  close(): Promise<void>
}
