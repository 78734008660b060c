import { sql } from 'kysely'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { hintsOf, isName, type PersonNames } from '../../kernel/subjects/index.ts'
import './evaluation-sets/tables.ts'
import './tables.ts'

/** A page of rows that may say whose they are: plain data, for a reader thread. */
export interface PersonsPage {
  readonly project: string
  readonly table: 'trace_metadata' | 'trace_tag' | 'trace_span' | 'evaluation_set_record'
  /** Names of what says whose a trace or record is, in lower case. */
  readonly keys: readonly string[]
  readonly names: PersonNames
  readonly after: readonly [string, string] | null
}

/** Ids of traces, or of sets with their records, that are the person's. */
export interface PersonsRows {
  readonly own: readonly (readonly [string, string])[]
  readonly last: readonly [string, string] | null
}

const columns = {
  trace_metadata: { first: 'trace_id', second: 'key', texts: ['value'] },
  trace_tag: { first: 'trace_id', second: 'key', texts: ['value'] },
  trace_span: { first: 'trace_id', second: 'span_id', texts: ['content'] },
  evaluation_set_record: {
    first: 'set_id',
    second: 'id',
    texts: ['inputs', 'tags', 'source', 'expectations', 'outputs'],
  },
} as const

const limit = 500

/** Finds what is a person's because a field says so whose it is. Runs on a reader thread. */
export async function personsRowsBytes(db: Reader, input: PersonsPage, dialect: Dialect): Promise<string> {
  const { project, table, names, after } = input
  const { first, second, texts } = columns[table]
  const keys = new Set(input.keys)
  const hints = hintsOf(names)
  const pairs = table === 'trace_metadata' || table === 'trace_tag'
  const some = pairs ? sql` and lower(key) in (${sql.join(input.keys.map((key) => sql`${key}`))})` : sql``
  const behind = after === null ? sql`` : sql` and (${sql.ref(first)}, ${sql.ref(second)}) > (${after[0]}, ${after[1]})`
  const hit = hints
    ? sql.join(
        texts.flatMap((column) =>
          hints.map((hint) =>
            dialect === 'sqlite'
              ? sql`instr(lower(${sql.ref(column)}), ${hint}) > 0`
              : sql`position(${hint} in lower(${sql.ref(column)})) > 0`,
          ),
        ),
        sql` or `,
      )
    : sql`1 = 1`
  const picked = sql.join(texts.map((name) => sql`case when ${hit} then ${sql.ref(name)} end as ${sql.ref(name)}`))
  const { rows } = await sql<
    Record<string, string | null>
  >`select ${sql.ref(first)} as a, ${sql.ref(second)} as b, ${picked} from ${sql.table(table)} where project_id = ${project}${some}${behind} order by ${sql.ref(first)}, ${sql.ref(second)} limit ${limit}`.execute(
    db as never,
  )
  const own: [string, string][] = []
  for (const row of rows) {
    const values = texts.flatMap((name) => row[name] ?? [])
    const is = pairs ? values.some((one) => isName(names, one)) : values.some((one) => saysWhose(names, keys, one))
    if (is) own.push([String(row['a']), String(row['b'])])
  }
  const last = rows.length === limit ? rows.at(-1) : undefined
  const answer: PersonsRows = { own, last: last ? [String(last['a']), String(last['b'])] : null }
  return JSON.stringify(answer)
}

/** Whether JSON, however deep and in texts of its own, has a field of these names whose value is a name of the person. */
export function saysWhose(names: PersonNames, keys: ReadonlySet<string>, text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false
  try {
    return looks(names, keys, JSON.parse(text))
  } catch {
    return false
  }
}

function looks(names: PersonNames, keys: ReadonlySet<string>, value: unknown): boolean {
  if (typeof value === 'string') return saysWhose(names, keys, value)
  if (Array.isArray(value)) return value.some((one) => looks(names, keys, one))
  if (typeof value !== 'object' || value === null) return false
  const fields = Object.entries(value)
  // As OpenTelemetry writes an attribute.
  const { key, value: attribute } = value as { key?: unknown; value?: Record<string, unknown> }
  if (typeof key === 'string' && typeof attribute === 'object' && attribute !== null)
    fields.push([key, attribute['string_value'] ?? attribute['int_value']])
  return fields.some(([name, one]) => (keys.has(name.toLowerCase()) && is(names, one)) || looks(names, keys, one))
}

function is(names: PersonNames, value: unknown): boolean {
  if (typeof value === 'number') return isName(names, String(value))
  // What MLflow writes as an attribute is JSON: a text in quotes.
  return (
    typeof value === 'string' && (isName(names, value) || (/^".*"$/s.test(value) && isName(names, value.slice(1, -1))))
  )
}
