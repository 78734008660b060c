import type { DuckDBConnection } from '@duckdb/node-api'
import type { Relation, TableColumn } from '../../kernel/ports/table-engine.ts'
import { callError } from './call-error.ts'
import { quoteName, quoteText, quoteTexts } from './quote.ts'
import { duckTypeOf } from './table-types.ts'

/** Makes the relations of one query visible to its connection, as temporary views that end with it. */
export async function createRelationViews(
  connection: DuckDBConnection,
  relations: Record<string, Relation>,
): Promise<void> {
  for (const [name, relation] of Object.entries(relations)) {
    const sql = relation.files.length === 0 ? emptySql(name, relation) : await filesSql(connection, relation)
    await connection.run(`CREATE TEMP VIEW ${quoteName(name)} AS ${sql}`)
  }
}

function emptySql(name: string, relation: Relation): string {
  if (!relation.columns || relation.columns.length === 0) {
    throw callError('QUERY_FAILED', `the relation "${name}" has no files and declares no columns`)
  }
  const columns = relation.columns.map(({ name, type }) => `NULL::${duckTypeOf[type]} AS ${quoteName(name)}`)
  if (relation.filename) columns.push(`NULL::VARCHAR AS "filename"`)
  return `SELECT ${columns.join(', ')} WHERE false`
}

async function filesSql(connection: DuckDBConnection, relation: Relation): Promise<string> {
  if (relation.format === 'parquet') return parquetSql(connection, relation)
  const selected = relation.columns?.map(selectDeclared) ?? ['*']
  if (relation.columns && relation.filename) selected.push('"filename"')
  return `SELECT ${selected.join(', ')} FROM ${readFunctionSql(relation)}`
}

function selectDeclared({ name, type }: TableColumn): string {
  return type === 'binary' ? `from_base64(${quoteName(name)}) AS ${quoteName(name)}` : quoteName(name)
}

async function parquetSql(connection: DuckDBConnection, relation: Relation): Promise<string> {
  const all = `SELECT * FROM ${readFunctionSql(relation)}`
  if (!relation.columns || relation.columns.length === 0) return all
  const described = await connection.runAndReadAll(`DESCRIBE ${all}`)
  const present = new Set(described.getColumnsJS()[0]?.map((name) => String(name).toLowerCase()))
  const missing = relation.columns
    .filter(({ name }) => !present.has(name.toLowerCase()))
    .map(({ name, type }) => `NULL::${duckTypeOf[type]} AS ${quoteName(name)}`)
  return missing.length === 0 ? all : `SELECT *, ${missing.join(', ')} FROM ${readFunctionSql(relation)}`
}

/** The table function that reads the files; `sampleAll` looks at all rows of CSV and JSON lines before it decides on types. */
export function readFunctionSql(relation: Relation, sampleAll = false): string {
  const options = [quoteTexts(relation.files), 'hive_partitioning = false']
  if (relation.unionByName) options.push('union_by_name = true')
  if (relation.filename) options.push('filename = true')
  if (sampleAll && relation.format !== 'parquet') options.push('sample_size = -1')
  switch (relation.format) {
    case 'parquet':
      return `read_parquet(${options.join(', ')})`
    case 'csv':
      options.push('header = true')
      if (relation.columns) options.push(`types = ${typesSql(relation.columns)}`)
      return `read_csv(${options.join(', ')})`
    case 'ndjson':
      options.push(`format = 'newline_delimited'`, 'maximum_object_size = 33554432')
      if (relation.columns) options.push(`columns = ${typesSql(relation.columns)}`)
      return `read_json(${options.join(', ')})`
  }
}

function typesSql(columns: readonly TableColumn[]): string {
  const types = columns.map(
    ({ name, type }) => `${quoteText(name)}: ${quoteText(type === 'binary' ? 'VARCHAR' : duckTypeOf[type])}`,
  )
  return `{${types.join(', ')}}`
}
