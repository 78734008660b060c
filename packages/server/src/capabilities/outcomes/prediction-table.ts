import type { Kernel } from '../../kernel/kernel.ts'
import type { LedgerTable } from '../../kernel/ledger/index.ts'
import type { TableColumn, TableType } from '../../kernel/ports/index.ts'
import { columnsAt } from '../../kernel/tables/catalog.ts'
import { sqlName, sqlText } from '../../kernel/tables/column-sql.ts'

export const predictionTable = (deployment: string): string => `prediction/${deployment}`
export const predictionStream = (project: string, deployment: string): string[] => ['predictions', project, deployment]

/** Columns that every prediction has; values follow as `input.NAME`, `feature.NAME` and `output.NAME`. */
export const predictionColumns: readonly TableColumn[] = [
  { name: 'id', type: 'string' },
  { name: 'release', type: 'string' },
  { name: 'model', type: 'string' },
  { name: 'version', type: 'integer' },
  { name: 'event_time', type: 'integer' },
  { name: 'at', type: 'integer' },
  { name: 'request', type: 'string' },
  { name: 'latency_us', type: 'integer' },
]

/** A kind of value in a record: the field of the record and the beginning of its columns' names. */
export const valueKinds = [
  { field: 'inputs', prefix: 'input.' },
  { field: 'features', prefix: 'feature.' },
  { field: 'outputs', prefix: 'output.' },
] as const

/** Fields of a record as the gateway writes it. */
const lines: TableColumn[] = [
  { name: 'id', type: 'string' },
  { name: 'release', type: 'string' },
  { name: 'model', type: 'string' },
  { name: 'version', type: 'integer' },
  { name: 'eventTime', type: 'integer' },
  { name: 'at', type: 'integer' },
  { name: 'request', type: 'string' },
  { name: 'latencyMicros', type: 'integer' },
  { name: 'inputs', type: 'json' },
  { name: 'features', type: 'json' },
  { name: 'outputs', type: 'json' },
]

const typeOf: Record<string, TableType> = {
  BIGINT: 'number',
  UBIGINT: 'number',
  HUGEINT: 'number',
  DOUBLE: 'number',
  BOOLEAN: 'boolean',
  VARCHAR: 'string',
}
const sqlTypes = { number: 'double', boolean: 'boolean', string: 'varchar' } as const

/** Reads off a file of records which values they have, and writes the SELECT that makes them columns. A column that once held another type is text. */
export async function predictionShape(
  { db, tables }: Pick<Kernel, 'db' | 'tables'>,
  { project, deployment }: { project: string; deployment: string },
  file: string,
): Promise<Pick<LedgerTable, 'lines' | 'select'>> {
  const known = new Map((await columnsAt(db.read, project, predictionTable(deployment))).map((c) => [c.name, c.type]))
  const { rows } = await tables.query({
    sql: `select ${valueKinds.map(({ field }) => `json_group_structure(${field})`).join(', ')} from lines`,
    relations: { lines: { format: 'ndjson', files: [file], columns: lines } },
    trusted: true,
  })
  const taken = new Set<string>()
  const values = valueKinds.flatMap(({ field, prefix }, index) =>
    Object.entries((rows[0]?.[index] ?? {}) as Record<string, unknown>).flatMap(([key, structure]) => {
      if (structure === 'NULL') return []
      const name = freeName(taken, `${prefix}${key}`)
      const found = (typeof structure === 'string' ? typeOf[structure] : undefined) ?? 'string'
      const before = known.get(name)
      const type = before === undefined || before === found ? found : 'string'
      return [`(${field}->>${sqlText(pointer(key))})::${sqlTypes[type as keyof typeof sqlTypes]} as ${sqlName(name)}`]
    }),
  )
  const fixed = 'id, release, model, version, "eventTime" as event_time, "at", request, "latencyMicros" as latency_us'
  return { lines, select: `select ${[fixed, ...values].join(', ')} from lines order by event_time, id` }
}

/** A JSON pointer to a key of the object. */
const pointer = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** Columns differ by more than the case of their letters. */
function freeName(taken: Set<string>, name: string): string {
  let free = name
  for (let n = 2; taken.has(free.toLowerCase()); n += 1) free = `${name}~${n}`
  taken.add(free.toLowerCase())
  return free
}
