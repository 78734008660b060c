import { type DuckDBConnection, type DuckDBPreparedStatement, StatementType } from '@duckdb/node-api'
import { callError } from './call-error.ts'
import { quoteText } from './quote.ts'

const tableFunctions = new Set(['range', 'generate_series', 'unnest', 'json_each', 'json_tree', 'repeat', 'repeat_row'])
/** They tell about the server or change something outside the query. */
const forbiddenFunctions = new Set([
  'current_setting',
  'getvariable',
  'getenv',
  'write_log',
  'nextval',
  'currval',
  'sleep_ms',
  'pg_sleep',
  'which_secret',
  'json_execute_serialized_sql',
])
const tableSources = new Set([
  'BASE_TABLE',
  'TABLE_FUNCTION',
  'SUBQUERY',
  'JOIN',
  'EXPRESSION_LIST',
  'EMPTY',
  'EMPTY_FROM',
  'PIVOT',
  'CTE',
  'COLUMN_DATA',
])

type Node = Record<string, unknown>

/** Prepares the one statement of `sql`; anything that returns no rows is refused. */
export async function requireOneSelect(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  if (sql.trim() === '') throw callError('QUERY_FAILED', 'the SQL is empty')
  const extracted = await connection.extractStatements(sql)
  if (extracted.count !== 1) throw notOne(extracted.count)
  const prepared = await extracted.prepare(0)
  if (prepared.statementType !== StatementType.SELECT) throw notSelect()
  return prepared
}

/**
 * SQL of a person: one SELECT that reads nothing but the relations, judged on DuckDB's own syntax tree before anything is bound. The engine that
 * it runs in can open nothing else either; this gives the clear message, and hides the engine's own tables and settings.
 */
export async function requireHarmlessSelect(
  connection: DuckDBConnection,
  sql: string,
  relations: readonly string[],
): Promise<void> {
  if (sql.trim() === '') throw callError('QUERY_FAILED', 'the SQL is empty')
  if (sql.includes('\0')) throw callError('QUERY_FAILED', 'the SQL contains a zero byte')
  const reader = await connection.runAndReadAll(`SELECT json_serialize_sql(${quoteText(sql)})`)
  const tree = JSON.parse(String(reader.getRowsJS()[0]?.[0])) as {
    error: boolean
    error_type?: string
    error_message?: string
    statements?: { node: Node }[]
  }
  if (tree.error) {
    throw tree.error_type === 'not implemented' ? notSelect() : callError('QUERY_FAILED', String(tree.error_message))
  }
  const statements = tree.statements ?? []
  if (statements.length !== 1) throw notOne(statements.length)
  const known = new Set(relations.map((name) => name.toLowerCase()))
  const nodes = [...nodesOf(statements[0]?.node)]
  for (const node of nodes) for (const name of namesDefinedBy(node)) known.add(name.toLowerCase())
  for (const node of nodes) requireHarmlessNode(node, known, relations)
}

const notSelect = () => callError('FORBIDDEN', 'Only a SELECT statement is allowed here.')
const notOne = (count: number) =>
  callError('FORBIDDEN', `The SQL must be exactly one SELECT statement; it has ${count}.`)

function* nodesOf(value: unknown): Generator<Node> {
  const stack: unknown[] = [value]
  while (stack.length > 0) {
    const next = stack.pop()
    if (Array.isArray(next)) {
      for (const item of next) stack.push(item)
    } else if (typeof next === 'object' && next !== null) {
      yield next as Node
      for (const item of Object.values(next)) stack.push(item)
    }
  }
}

function namesDefinedBy(node: Node): string[] {
  const ctes = (node.cte_map as { map?: { key: string }[] } | undefined)?.map ?? []
  return ctes.map(({ key }) => key)
}

function requireHarmlessNode(node: Node, known: ReadonlySet<string>, relations: readonly string[]): void {
  if ('function_name' in node) {
    const name = String(node.function_name).toLowerCase()
    if (forbiddenFunctions.has(name)) throw callError('FORBIDDEN', `The function ${name} is not allowed here.`)
  }
  const source = sourceType(node)
  if (source === undefined) return
  if (!tableSources.has(source)) throw callError('FORBIDDEN', 'Only a SELECT over the given tables is allowed here.')
  if (source === 'TABLE_FUNCTION') {
    const name = String((node.function as Node | undefined)?.function_name).toLowerCase()
    if (!tableFunctions.has(name)) throw callError('FORBIDDEN', `The table function ${name} is not allowed here.`)
  }
  if (source === 'BASE_TABLE') {
    const name = String(node.table_name)
    if (node.schema_name || node.catalog_name || !known.has(name.toLowerCase())) {
      const shown = [node.catalog_name, node.schema_name, name].filter(Boolean).join('.')
      throw callError('FORBIDDEN', `There is no table "${shown}" here. ${available(relations)}`)
    }
  }
}

/** The type of a node that stands for a table. All of them, and no others, have `alias` and `sample`. */
function sourceType(node: Node): string | undefined {
  return typeof node.type === 'string' && 'sample' in node && 'alias' in node ? node.type : undefined
}

const available = (relations: readonly string[]) =>
  relations.length === 0 ? 'The query has no tables.' : `The query may read: ${relations.join(', ')}.`
