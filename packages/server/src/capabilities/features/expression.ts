import { defineErrors } from '../../kernel/errors/index.ts'

export const expressionErrors = defineErrors('FEATURES', {
  BAD_EXPRESSION: {
    status: 400,
    message: (feature: string, text: string, why: string) => `Feature "${feature}" = ${text}: ${why}`,
  },
})

type Binary = '+' | '-' | '*' | '/' | '=' | '<>' | '<' | '<=' | '>' | '>=' | 'and' | 'or'
const aggregates = ['avg', 'sum', 'count', 'min', 'max'] as const
type Aggregate = (typeof aggregates)[number]

/** An aggregate over the rows of a window, such as `avg(delay > 15)` or `sum(late) / count(*)`. */
export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'column'; name: string }
  | { kind: 'not' | 'negate'; operand: Expression }
  | { kind: 'binary'; operator: Binary; left: Expression; right: Expression }
  | { kind: 'aggregate'; name: Aggregate; operand: Expression | '*' }

const token = /\s*(?:(\d+(?:\.\d+)?)|'((?:[^']|'')*)'|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|<>|!=|[-+*/()=<>]))/y

/** Parses the small, portable part of SQL that both engines compute alike; everything else is an error that says where. */
export function parseExpression(feature: string, text: string, columns: ReadonlySet<string>): Expression {
  const tokens = tokenize(feature, text)
  let at = 0
  const fail = (why: string): never => {
    throw expressionErrors.BAD_EXPRESSION(feature, text, why)
  }
  const peek = (): string | undefined => tokens[at]?.text.toLowerCase()
  const take = (expected: string): void => {
    if (peek() !== expected)
      fail(`expected "${expected}" ${tokens[at] ? `before "${tokens[at]?.text}"` : 'at the end'}.`)
    at += 1
  }
  const levels: Binary[][] = [['or'], ['and'], ['=', '<>', '<', '<=', '>', '>='], ['+', '-'], ['*', '/']]
  const binary = (level: number, inside: boolean): Expression => {
    if (level === levels.length) return unary(inside)
    if (level === 2 && peek() === 'not') {
      at += 1
      return { kind: 'not', operand: binary(level, inside) }
    }
    let left = binary(level + 1, inside)
    for (;;) {
      const operator = (peek() === '!=' ? '<>' : peek()) as Binary
      if (!levels[level]?.includes(operator)) return left
      at += 1
      left = { kind: 'binary', operator, left, right: binary(level + 1, inside) }
    }
  }
  const unary = (inside: boolean): Expression => {
    const current = tokens[at]
    if (!current) return fail('it ends too early.')
    at += 1
    if (current.kind === 'number') return { kind: 'number', value: Number(current.text) }
    if (current.kind === 'string') return { kind: 'string', value: current.text }
    if (current.text === '-') return { kind: 'negate', operand: unary(inside) }
    if (current.text === '(') {
      const inner = binary(0, inside)
      take(')')
      return inner
    }
    if (current.kind !== 'name') return fail(`"${current.text}" cannot stand here.`)
    if (peek() === '(') return call(current.text, inside)
    if (!inside) return fail(`column "${current.text}" has to stand inside an aggregate such as avg(${current.text}).`)
    if (!columns.has(current.text))
      return fail(`there is no column "${current.text}"; the view has ${[...columns].join(', ')}.`)
    return { kind: 'column', name: current.text }
  }
  const call = (name: string, inside: boolean): Expression => {
    const aggregate = aggregates.find((a) => a === name.toLowerCase())
    if (!aggregate) return fail(`there is no function "${name}"; there are ${aggregates.join(', ')}.`)
    if (inside) return fail(`an aggregate cannot stand inside another.`)
    take('(')
    if (peek() === '*') {
      if (aggregate !== 'count') return fail(`only count takes "*".`)
      at += 1
      take(')')
      return { kind: 'aggregate', name: 'count', operand: '*' }
    }
    const operand = binary(0, true)
    take(')')
    return { kind: 'aggregate', name: aggregate, operand }
  }
  const parsed = binary(0, false)
  if (at < tokens.length) fail(`"${tokens[at]?.text}" is too much.`)
  return parsed
}

function tokenize(feature: string, text: string): { kind: 'number' | 'string' | 'name' | 'symbol'; text: string }[] {
  const tokens: { kind: 'number' | 'string' | 'name' | 'symbol'; text: string }[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const start = token.lastIndex
    if (text.slice(start).trim() === '') break
    const match = token.exec(text)
    if (!match)
      throw expressionErrors.BAD_EXPRESSION(feature, text, `"${text.slice(start).trim()[0]}" is not understood.`)
    if (match[1] !== undefined) tokens.push({ kind: 'number', text: match[1] })
    else if (match[2] !== undefined) tokens.push({ kind: 'string', text: match[2].replaceAll("''", "'") })
    else if (match[3] !== undefined)
      tokens.push({ kind: ['and', 'or', 'not'].includes(match[3].toLowerCase()) ? 'symbol' : 'name', text: match[3] })
    else tokens.push({ kind: 'symbol', text: match[4] ?? '' })
  }
  return tokens
}

/** As DuckDB computes it: numbers as DOUBLE, comparisons as 0 and 1, division by zero as NULL. */
export function toSql(expression: Expression, column: (name: string) => string): string {
  switch (expression.kind) {
    case 'number':
      return `${expression.value}::DOUBLE`
    case 'string':
      return `'${expression.value.replaceAll("'", "''")}'`
    case 'column':
      return column(expression.name)
    case 'negate':
      return `(-${toSql(expression.operand, column)})`
    case 'not':
      return `(CASE ${toSql(expression.operand, column)} WHEN 0 THEN 1 WHEN 1 THEN 0 END)`
    case 'aggregate': {
      // Rows of an outer join without a match are not rows of the window.
      if (expression.operand === '*') return `count(${column('row_id')})::DOUBLE`
      const operand = toSql(expression.operand, column)
      // A sum of nothing is null on both sides; counts are numbers.
      return expression.name === 'count' ? `count(${operand})::DOUBLE` : `${expression.name}(${operand})::DOUBLE`
    }
    case 'binary': {
      const left = toSql(expression.left, column)
      const right = toSql(expression.right, column)
      if (expression.operator === '/') return `(${left} / nullif(${right}, 0))`
      if (expression.operator === 'and' || expression.operator === 'or')
        return `((${left} <> 0) ${expression.operator} (${right} <> 0))::INTEGER`
      if (['+', '-', '*'].includes(expression.operator)) return `(${left} ${expression.operator} ${right})`
      return `(${left} ${expression.operator} ${right})::INTEGER`
    }
  }
}

type Value = number | string | null
type Row = Readonly<Record<string, number | string | boolean | null>>

/** As the gateway computes it, with SQL's rules for nulls. */
export function evaluate(expression: Expression, rows: readonly Row[], row?: Row): Value {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression.value
    case 'column': {
      const value = row?.[expression.name] ?? null
      return typeof value === 'boolean' ? Number(value) : value
    }
    case 'negate': {
      const value = evaluate(expression.operand, rows, row)
      return value === null ? null : -Number(value)
    }
    case 'not': {
      const value = evaluate(expression.operand, rows, row)
      return value === null ? null : value === 0 ? 1 : 0
    }
    case 'aggregate':
      return aggregate(expression.name, expression.operand, rows)
    case 'binary':
      return combine(expression.operator, evaluate(expression.left, rows, row), evaluate(expression.right, rows, row))
  }
}

function aggregate(name: Aggregate, operand: Expression | '*', rows: readonly Row[]): Value {
  if (operand === '*') return rows.length
  const values: Value[] = []
  for (const row of rows) {
    const value = evaluate(operand, rows, row)
    if (value !== null) values.push(value)
  }
  if (name === 'count') return values.length
  if (values.length === 0) return null
  const numbers = values.map(Number)
  if (name === 'min') return numbers.reduce((a, b) => Math.min(a, b))
  if (name === 'max') return numbers.reduce((a, b) => Math.max(a, b))
  const sum = numbers.reduce((a, b) => a + b, 0)
  return name === 'sum' ? sum : sum / numbers.length
}

function combine(operator: Binary, left: Value, right: Value): Value {
  if (operator === 'and' || operator === 'or') {
    // Three-valued logic: false and null is false, true or null is true.
    const [a, b] = [truth(left), truth(right)]
    const decisive = operator === 'or'
    if (a === decisive || b === decisive) return Number(decisive)
    return a === null || b === null ? null : Number(!decisive)
  }
  if (left === null || right === null) return null
  switch (operator) {
    case '+':
      return Number(left) + Number(right)
    case '-':
      return Number(left) - Number(right)
    case '*':
      return Number(left) * Number(right)
    case '/':
      return Number(right) === 0 ? null : Number(left) / Number(right)
    case '=':
      return Number(left === right)
    case '<>':
      return Number(left !== right)
    case '<':
      return Number(left < right)
    case '<=':
      return Number(left <= right)
    case '>':
      return Number(left > right)
    case '>=':
      return Number(left >= right)
  }
}

const truth = (value: Value): boolean | null => (value === null ? null : value !== 0)
