import { type RawBuilder, sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { distinctNames, hintsOf, holdsName, type PersonNames } from '../../kernel/subjects/index.ts'

/** Rows of a table after a key, to be searched: plain data, for a reader thread. */
export interface TextPage {
  readonly project: string
  readonly table: string
  readonly projectColumn: string
  readonly key: readonly string[]
  readonly columns: readonly string[]
  readonly removeBy: readonly string[]
  readonly fixed: readonly string[]
  readonly names: PersonNames
  readonly after: readonly unknown[] | null
}

/** Rows that name the person, by their keys: whose texts do, whose name does, and how many only where nothing can be changed. */
export interface FoundTexts {
  readonly looked: number
  readonly last: readonly unknown[] | null
  readonly texts: readonly (readonly unknown[])[]
  readonly named: readonly (readonly unknown[])[]
  readonly fixed: number
}

/** A page of rows that SQL has looked at is large; one that is looked at here holds whole texts. */
const [ofKeys, ofTexts] = [2000, 100]
const mostAtOnce = 50

/** Searches one page of a table, as finished JSON. Runs on a reader thread. */
export async function textPageBytes(db: Reader, input: TextPage, dialect: Dialect): Promise<string> {
  const { table, key, after } = input
  const own = sql`${sql.ref(input.projectColumn)} = ${input.project}`
  const names = distinctNames(input.names)
  const hints = hintsOf(names)
  const all = [...new Set([...input.columns, ...input.removeBy, ...input.fixed])]
  const keys = sql.join(key.map((name) => sql.ref(name)))
  const behind = after === null ? sql`` : sql` and (${keys}) > (${sql.join(after.map((one) => sql`${one}`))})`
  const page = (what: RawBuilder<unknown>, limit: number) =>
    sql<
      Record<string, unknown>
    >`select ${keys}, ${what} from ${sql.table(table)} where ${own}${behind} order by ${keys} limit ${limit}`.execute(
      db as never,
    )
  const keyOf = (row: Record<string, unknown>): unknown[] => key.map((name) => plain(row[name]))
  const found: { texts: unknown[][]; named: unknown[][]; fixed: number } = { texts: [], named: [], fixed: 0 }
  const look = (row: Record<string, unknown>): void => {
    const names_ = (columns: readonly string[]): boolean =>
      columns.some((column) => typeof row[column] === 'string' && holdsName(names, row[column]))
    if (names_(input.removeBy)) found.named.push(keyOf(row))
    else if (names_(input.columns)) found.texts.push(keyOf(row))
    if (names_(input.fixed)) found.fixed += 1
  }
  const picked = sql.join(all.map((name) => sql.ref(name)))
  const limit = hints ? ofKeys : ofTexts
  const hint = hints ? sql`case when ${anyHint(dialect, all, hints)} then 1 else 0 end as "trivium hit"` : picked
  const { rows } = await page(hint, limit)
  if (!hints) for (const row of rows) look(row)
  else {
    const hits = rows.filter((row) => Number(row['trivium hit']) === 1).map(keyOf)
    for (let at = 0; at < hits.length; at += mostAtOnce) {
      const these = sql.join(
        hits.slice(at, at + mostAtOnce).map((one) => sql`(${sql.join(one.map((value) => sql`${value}`))})`),
      )
      const whole = await sql<
        Record<string, unknown>
      >`select ${keys}, ${picked} from ${sql.table(table)} where ${own} and (${keys}) in (${dialect === 'sqlite' ? sql`values ${these}` : these})`.execute(
        db as never,
      )
      for (const row of whole.rows) look(row)
    }
  }
  const last = rows.at(-1)
  const answer: FoundTexts = { looked: rows.length, last: rows.length === limit && last ? keyOf(last) : null, ...found }
  return JSON.stringify(answer)
}

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)

function anyHint(dialect: Dialect, columns: readonly string[], hints: readonly string[]): RawBuilder<unknown> {
  const conditions = columns.flatMap((column) =>
    hints.map((hint) =>
      dialect === 'sqlite'
        ? sql`instr(lower(${sql.ref(column)}), ${hint}) > 0`
        : sql`position(${hint} in lower(${sql.ref(column)})) > 0`,
    ),
  )
  return sql.join(conditions, sql` or `)
}
