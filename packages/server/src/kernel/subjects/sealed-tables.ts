import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Relation, TableColumn, TableEngine, TableType, WrittenTable } from '../ports/index.ts'
import { sqlName } from '../tables/column-sql.ts'
import { isSealed, keyIdOf } from './sealed-text.ts'
import type { Subjects } from './subjects.ts'

/** What is read where there is no value to see: no permission, or the person was erased. */
const redactedText = 'redacted'

export interface SealedTableDeps {
  readonly tables: TableEngine
  readonly subjects: Subjects
  readonly paths: { readonly tmp: string }
}

/** Rows are looked at in parts of so many: one look-up of keys each. */
const part = 4000

/** A row while some of its columns are changed: its number and the texts that were taken out of it. */
type Line = { n: number } & Record<string, string | number | null>

/**
 * Writes the rows as a Parquet file in which the values of some columns are sealed, each for the person that another column of its row names; rows that name
 * nobody share a key. The same rows give the same file, until somebody is erased. Says how many rows of erased people there are, by the id of the key.
 */
export async function sealTable(
  deps: SealedTableDeps,
  input: {
    project: string
    relation: Relation
    /** Columns to seal, and which column says whose value it is. */
    seal: readonly { column: TableColumn; subject: string }[]
    path: string
    /** Name of the column that a value is bound to, where it is not its own. */
    place?: (name: string) => string
  },
): Promise<WrittenTable & { erased: Map<string, number> }> {
  const { project, relation, seal, path, place = (name) => name } = input
  const subjects = [...new Set(seal.map(({ subject }) => subject))]
  const erased = new Map<string, number>()
  const written = await replaceColumns(deps, {
    relation,
    path,
    read: [
      ...subjects.map((name, index) => `${sqlName(name)}::varchar as s${index}`),
      ...seal.map(({ column }, index) => `${textSql(column)} as c${index}`),
    ],
    columns: [...subjects.map((_, index) => `s${index}`), ...seal.map((_, index) => `c${index}`)],
    // The names are compared once more, so that no value could come to stand in the row of another.
    match: subjects.map((name, index) => `s${index} is not distinct from d.${sqlName(name)}::varchar`),
    replace: seal.map(({ column }, index) => `s.c${index} as ${sqlName(column.name)}`),
    change: async (lines) => {
      const whose = (line: Line, subject: string): string => String(line[`s${subjects.indexOf(subject)}`] ?? '')
      const sealText = await deps.subjects.sealer(
        project,
        lines.flatMap((line) => subjects.map((subject) => whose(line, subject))),
      )
      for (const line of lines) {
        const gone = new Set<string>()
        for (const [index, { column, subject }] of seal.entries()) {
          const value = line[`c${index}`]
          if (value === null || value === undefined) continue
          const text = sealText(whose(line, subject), typedPlace(place(column.name), column.type), String(value))
          line[`c${index}`] = text
          const id = text.endsWith(':') ? keyIdOf(text) : undefined
          if (id !== undefined) gone.add(id)
        }
        for (const id of gone) erased.set(id, (erased.get(id) ?? 0) + 1)
      }
    },
  })
  return { ...written, erased }
}

/**
 * Writes the rows as a Parquet file with their sealed values opened, in the types that they had; of erased people there stands `redacted`, or nothing where the
 * column is no text. It holds what is personal: remove it after use.
 */
export async function openTable(
  deps: SealedTableDeps,
  input: { project: string; relation: Relation; sealed: readonly TableColumn[]; path: string },
): Promise<WrittenTable> {
  const { project, relation, sealed, path } = input
  return replaceColumns(deps, {
    relation,
    path,
    read: sealed.map(({ name }, index) => `${sqlName(name)}::varchar as c${index}`),
    columns: sealed.map((_, index) => `c${index}`),
    match: [],
    replace: sealed.map(({ name, type }, index) => `${valueSql(type, `s.c${index}`)} as ${sqlName(name)}`),
    change: async (lines) => {
      const open = await deps.subjects.opener(
        project,
        lines.flatMap((line) => sealed.map((_, index) => line[`c${index}`])),
      )
      for (const line of lines)
        for (const [index, { type }] of sealed.entries()) {
          const value = line[`c${index}`]
          if (isSealed(value)) line[`c${index}`] = open(value) ?? (type === 'string' ? redactedText : null)
        }
    },
  })
}

/** Where a value stands also says what it was, unless it was a text. */
const typedPlace = (place: string, type: TableType): string => (type === 'string' ? place : `${place}/${type}`)

const typeOf = (sealed: string): string | undefined => /%2F([a-z]+)$/.exec(sealed.split(':')[1] ?? '')?.[1]

/** A value of a result row, opened: as the table engine would have given it before it was sealed, in the type that it had. What is not sealed is as it is. */
export function readSealed(value: unknown, open: (text: string) => string | undefined): unknown {
  if (!isSealed(value)) return value
  const text = open(value)
  if (text === undefined) return redactedText
  switch (typeOf(value)) {
    case 'integer':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text
    case 'number':
      return text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text)
    case 'boolean':
      return text === 'true'
    case 'timestamp':
      return Math.floor(Number(text) / 1000)
    case 'json':
      return JSON.parse(text) as unknown
    default:
      return text
  }
}

/** Takes some columns of each row out as text, has them changed here, and puts them back by the number of the row. */
export async function replaceColumns(
  { tables, paths }: SealedTableDeps,
  step: {
    relation: Relation
    path: string
    read: readonly string[]
    columns: readonly string[]
    match: readonly string[]
    replace: readonly string[]
    /** Columns that come beside those that are there, and those that are left out. */
    add?: readonly string[]
    drop?: readonly string[]
    change: (lines: Line[]) => Promise<void>
  },
): Promise<WrittenTable> {
  const [taken, changed] = ['taken', 'changed'].map((name) => join(paths.tmp, `${name}-${randomUUID()}.ndjson`)) as [
    string,
    string,
  ]
  const numbered = '(select *, row_number() over () - 1 as "trivium row" from data)'
  try {
    const { rows } = await tables.write({
      sql: `select "trivium row" as n, ${step.read.join(', ')} from ${numbered}`,
      relations: { data: step.relation },
      trusted: true,
      output: { path: taken, format: 'ndjson' },
    })
    await pipeline(
      Readable.from(changedLines(taken, step.change)),
      createWriteStream(changed, { flags: 'wx', mode: 0o600 }),
    )
    const written = await tables.write({
      sql: `select d.* exclude (${['trivium row', ...(step.drop ?? [])].map(sqlName).join(', ')})${step.replace.length === 0 ? '' : ` replace (${step.replace.join(', ')})`}${(step.add ?? []).map((one) => `, ${one}`).join('')} from ${numbered} d join changed s on ${['s.n = d."trivium row"', ...step.match.map((one) => `s.${one}`)].join(' and ')} order by d."trivium row"`,
      relations: {
        data: step.relation,
        changed: {
          format: 'ndjson',
          files: [changed],
          columns: [{ name: 'n', type: 'integer' }, ...step.columns.map((name) => ({ name, type: 'string' as const }))],
        },
      },
      trusted: true,
      output: { path: step.path, format: 'parquet' },
    })
    if (written.rows !== rows)
      throw new Error(`Of ${rows} rows ${written.rows} were found again when personal values were replaced.`)
    return written
  } finally {
    await rm(taken, { force: true })
    await rm(changed, { force: true })
  }
}

async function* changedLines(path: string, change: (lines: Line[]) => Promise<void>): AsyncGenerator<string> {
  let lines: Line[] = []
  const done = async (): Promise<string> => {
    await change(lines)
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    lines = []
    return text
  }
  for await (const line of linesOf(path)) {
    lines.push(JSON.parse(line) as Line)
    if (lines.length === part) yield await done()
  }
  if (lines.length > 0) yield await done()
}

/** The lines of a file. That of node:readline also ends lines at characters that JSON leaves as they are. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** A value as the text that is sealed. */
function textSql({ name, type }: TableColumn): string {
  const column = sqlName(name)
  if (type === 'timestamp') return `case when isfinite(${column}) then epoch_us(${column})::varchar end`
  if (type === 'json') return `to_json(${column})::varchar`
  if (type === 'binary') return `base64(${column})`
  return `${column}::varchar`
}

function valueSql(type: TableType, text: string): string {
  switch (type) {
    case 'integer':
      return `try_cast(${text} as bigint)`
    case 'number':
      return `try_cast(${text} as double)`
    case 'boolean':
      return `try_cast(${text} as boolean)`
    case 'date':
      return `try_cast(${text} as date)`
    case 'timestamp':
      return `make_timestamp(try_cast(${text} as bigint))`
    case 'json':
      return `try_cast(${text} as json)`
    case 'binary':
      return `try(from_base64(${text}))`
    default:
      return text
  }
}
