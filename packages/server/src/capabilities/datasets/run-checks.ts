import type { DatasetCheck, DatasetCheckResult } from '@trivium/contract'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import type { ColumnProfile, Profile } from '../../kernel/tables/profile.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'

/** Judges declared checks over rows whose profile is known; only uniqueness and allowed values look at the rows again. */
export async function runChecks(
  { tables }: { tables: TableEngine },
  input: {
    checks: readonly DatasetCheck[]
    profile: Profile
    columns: readonly TableColumn[]
    relation: Relation
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
          message: `The newest ${check.column} is ${new Date(column.max).toISOString()}, ${hours.toFixed(1)} hours before event time; allowed are ${check.maxAgeHours}.`,
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
    relations: { data: input.relation },
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
