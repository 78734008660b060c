import type { DatasetCheck, DatasetCheckResult } from '@trivium/contract'
import { isoTime } from '../../kernel/clock/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import type { ColumnProfile, Profile } from '../../kernel/tables/profile.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'

/** Judges declared checks over rows whose profile is known; only uniqueness, allowed values and conditions look at the rows again. */
export async function runChecks(
  { tables }: { tables: TableEngine },
  input: {
    checks: readonly DatasetCheck[]
    profile: Profile
    columns: readonly TableColumn[]
    relation: Relation
    /** Rows among which columns have to be unique, when those are more than the judged ones. */
    whole?: Relation
    eventTime: number
  },
): Promise<DatasetCheckResult[]> {
  const results: DatasetCheckResult[] = []
  for (const check of input.checks) {
    const found = await judge(tables, check, input)
    results.push({ check, ...found })
  }
  return results
}

interface Found {
  passed: boolean
  message: string
}
type Input = Parameters<typeof runChecks>[1]

const count = (n: number): string => n.toLocaleString('en-GB')

async function judge(tables: TableEngine, check: DatasetCheck, input: Input): Promise<Found> {
  switch (check.kind) {
    case 'schema':
      return judgeSchema(check.columns, input.columns)
    case 'rows':
      return judgeRows(check, input.profile.rows)
    case 'unique':
      return judgeUnique(tables, check.columns, input)
    case 'values':
      return judgeValues(tables, check.column, check.allowed, input)
    case 'condition':
      return judgeCondition(tables, check, input)
    case 'range':
      return onColumn(check.column, input, (column) => judgeRange(check, column))
    case 'nulls':
      return onColumn(check.column, input, (column) => {
        const share = input.profile.rows === 0 ? 0 : column.nulls / input.profile.rows
        return {
          passed: share <= check.maxShare,
          message: `${check.column} is null in ${count(column.nulls)} of ${count(input.profile.rows)} rows; allowed are ${(check.maxShare * 100).toFixed(2)} %.`,
        }
      })
    case 'freshness':
      return onColumn(check.column, input, (column) => {
        if (column.max === null) return { passed: false, message: `${check.column} has no value.` }
        const hours = (input.eventTime - column.max) / 3_600_000
        return {
          passed: hours <= check.maxAgeHours,
          message: `The newest ${check.column} is ${isoTime(column.max)}, ${hours.toFixed(1)} hours before event time; allowed are ${check.maxAgeHours}.`,
        }
      })
  }
}

async function onColumn(name: string, input: Input, judgeColumn: (column: ColumnProfile) => Found): Promise<Found> {
  const column = input.profile.columns.find((c) => c.name === name)
  return column ? judgeColumn(column) : { passed: false, message: `There is no column ${name}.` }
}

function judgeSchema(wanted: readonly TableColumn[], columns: readonly TableColumn[]): Found {
  const problems = wanted.flatMap(({ name, type }) => {
    const found = columns.find((c) => c.name === name)
    if (!found) return [`${name} is missing`]
    return found.type === type ? [] : [`${name} is ${found.type}, not ${type}`]
  })
  return {
    passed: problems.length === 0,
    message:
      problems.length === 0 ? `All ${wanted.length} columns are there with their types.` : `${problems.join('; ')}.`,
  }
}

function judgeRows(check: { min?: number; max?: number }, rows: number): Found {
  const passed = rows >= (check.min ?? 0) && rows <= (check.max ?? Number.POSITIVE_INFINITY)
  const bounds =
    check.max === undefined ? `at least ${count(check.min ?? 0)}` : `${count(check.min ?? 0)} to ${count(check.max)}`
  return { passed, message: `${count(rows)} rows came; expected are ${bounds}.` }
}

function judgeRange(check: { column: string; min?: number; max?: number }, column: ColumnProfile): Found {
  if (column.min === null || column.max === null)
    return { passed: column.count === 0, message: `${check.column} holds no numbers.` }
  const passed =
    column.min >= (check.min ?? Number.NEGATIVE_INFINITY) &&
    column.max <= (check.max ?? Number.POSITIVE_INFINITY) &&
    column.nonFinite === 0
  const allowed = `${check.min ?? 'any'} to ${check.max ?? 'any'}`
  const odd = column.nonFinite > 0 ? ` and ${count(column.nonFinite)} values that are not finite` : ''
  return { passed, message: `${check.column} runs from ${column.min} to ${column.max}${odd}; allowed is ${allowed}.` }
}

async function judgeUnique(tables: TableEngine, columns: readonly string[], input: Input): Promise<Found> {
  const missing = columns.find((name) => !input.columns.some((c) => c.name === name))
  if (missing !== undefined) return { passed: false, message: `There is no column ${missing}.` }
  const list = columns.map(sqlName).join(', ')
  const { rows } = await tables.query({
    sql: `select count(*) as n, coalesce(sum(c - 1), 0) as extra from (select count(*) as c from data group by ${list} having count(*) > 1)`,
    relations: { data: input.whole ?? input.relation },
    trusted: true,
  })
  const groups = Number(rows[0]?.[0] ?? 0)
  const extra = Number(rows[0]?.[1] ?? 0)
  return {
    passed: groups === 0,
    message:
      groups === 0
        ? `${columns.join(', ')} is unique.`
        : `${columns.join(', ')} repeats in ${count(extra)} rows (${count(groups)} values).`,
  }
}

async function judgeValues(
  tables: TableEngine,
  column: string,
  allowed: readonly string[],
  input: Input,
): Promise<Found> {
  if (!input.columns.some((c) => c.name === column)) return { passed: false, message: `There is no column ${column}.` }
  const { rows } = await tables.query({
    sql: `select ${sqlName(column)}::varchar as v, count(*) as n from data where ${sqlName(column)} is not null and not list_contains(from_json($1, '["VARCHAR"]'), ${sqlName(column)}::varchar) group by 1 order by 2 desc, 1 limit 5`,
    params: [JSON.stringify(allowed)],
    relations: { data: input.relation },
    trusted: true,
  })
  if (rows.length === 0)
    return { passed: true, message: `Every ${column} is one of the ${allowed.length} allowed values.` }
  return {
    passed: false,
    message: `${column} has values that are not allowed: ${rows.map(([value, n]) => `${String(value)} (${count(Number(n))})`).join(', ')}.`,
  }
}

/** Counts the rows that break a person's condition, in the process that may run strangers' SQL, and shows some of them. */
async function judgeCondition(
  tables: TableEngine,
  check: Extract<DatasetCheck, { kind: 'condition' }>,
  input: Input,
): Promise<Found> {
  const name = check.name ?? check.sql
  if (!isOneExpression(check.sql))
    return { passed: false, message: `${name} cannot be computed: it is not one expression.` }
  const broken = `coalesce(not (${check.sql}\n), false)`
  const columns = input.columns.filter((column) => mentions(check.sql, column.name)).slice(0, 6)
  const shown = columns.length === 0 ? '' : `, ${columns.map((column) => sqlName(column.name)).join(', ')}`
  try {
    const { rows } = await tables.query({
      sql: `select count(*) over () as n${shown} from data where ${broken} limit 3`,
      relations: { data: input.relation },
      trusted: false,
    })
    const bad = Number(rows[0]?.[0] ?? 0)
    const share = input.profile.rows === 0 ? 0 : bad / input.profile.rows
    const examples = rows
      .map((row) => columns.map((column, index) => `${column.name} ${String(row[index + 1])}`).join(', '))
      .filter((text) => text !== '')
    return {
      passed: share <= (check.maxShare ?? 0),
      message:
        bad === 0
          ? `Every row keeps ${name}.`
          : `${count(bad)} of ${count(input.profile.rows)} rows break ${name}${examples.length === 0 ? '' : ` (${examples.join('; ')})`}; allowed are ${((check.maxShare ?? 0) * 100).toFixed(2)} %.`,
    }
  } catch (error) {
    if (!(error instanceof AppError) || !['TABLES.QUERY_FAILED', 'TABLES.FORBIDDEN'].includes(error.code)) throw error
    return { passed: false, message: `${name} cannot be computed: ${error.message}` }
  }
}

/** Why a condition cannot be computed over these columns, or undefined when it can. */
export async function conditionProblem(
  tables: TableEngine,
  sql: string,
  columns: readonly TableColumn[],
): Promise<string | undefined> {
  if (!isOneExpression(sql)) return 'write one expression without ";" or comments, its parentheses closed.'
  try {
    await tables.query({
      sql: `select count(*) from data where not (${sql}\n)`,
      relations: { data: { format: 'parquet', files: [], columns: [...columns] } },
      trusted: false,
    })
    return undefined
  } catch (error) {
    if (!(error instanceof AppError) || !['TABLES.QUERY_FAILED', 'TABLES.FORBIDDEN'].includes(error.code)) throw error
    return error.message
  }
}

/** Nothing that could leave the parentheses it is put into. */
export function isOneExpression(sql: string): boolean {
  const bare = sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, ' ')
  if (/[;'"$]|--|\/\*/.test(bare)) return false
  let depth = 0
  for (const character of bare) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth < 0) return false
  }
  return depth === 0
}

const mentions = (sql: string, column: string): boolean =>
  new RegExp(
    `(^|[^A-Za-z0-9_])${column.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}($|[^A-Za-z0-9_])`,
    'i',
  ).test(sql)
