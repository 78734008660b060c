import { show } from '../../gateway/check-value.ts'
import type { LiveDeployment } from '../../gateway/deployments.ts'
import { predictErrors } from '../../gateway/gateway-errors.ts'
import { mediaType, parseJsonObject } from '../../gateway/json-body.ts'
import type { RequestRows } from '../../gateway/fill-rows.ts'
import type { WireRequest } from '../../gateway/wire-protocol.ts'
import { parseCsv } from './parse-csv.ts'

/** `rows`: answers are one record a row, as for a data frame. `columns`: one list an output, as for tensors. */
export type AnswerForm = 'rows' | 'columns'

const forms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const

/** Reads the body of MLflow's scoring protocol. */
export function readInvocation(
  { headers, body, now }: WireRequest,
  { live }: LiveDeployment,
): { rows: RequestRows; form: AnswerForm } {
  const type = mediaType(headers['content-type'])
  const fields = live.plan.fields.map((field) => field.name)
  const make = (count: number, columns: Map<string, ArrayLike<unknown>>, form: AnswerForm) => {
    if (count === 0) throw predictErrors.INVALID('The request has no rows.')
    return { rows: { count, columns, eventTimes: [now] }, form }
  }
  if (type === 'text/csv') {
    const [header = [], ...records] = parseCsv(body.toString())
    return make(
      records.length,
      fromSplit(
        header,
        records.map((record) => record.map((text, index) => typed(live, header[index], text))),
      ),
      'rows',
    )
  }
  if (type !== undefined && type !== 'application/json')
    throw predictErrors.MEDIA_TYPE(type, 'application/json or text/csv')
  const object = parseJsonObject(body)
  const given = forms.filter((form) => form in object)
  const [form] = given
  const unknown = Object.keys(object).find((key) => key !== 'params' && !(forms as readonly string[]).includes(key))
  if (unknown !== undefined) throw predictErrors.INVALID(`Unknown field "${unknown}". Send one of ${forms.join(', ')}.`)
  if (form === undefined || given.length > 1)
    throw predictErrors.INVALID(
      `The body must have exactly one of ${forms.join(', ')}; it has ${given.length === 0 ? 'none' : given.join(' and ')}.`,
    )
  const params = object['params']
  if (params !== undefined && !(typeof params === 'object' && params !== null && Object.keys(params).length === 0))
    throw predictErrors.INVALID('The model takes no "params".')
  const value = object[form]
  if (form === 'dataframe_split') return fromFrame(value, make)
  if (form === 'inputs' && typeof value === 'object' && value !== null && !Array.isArray(value))
    return fromNamed(value as Record<string, unknown>, fields, make)
  if (!Array.isArray(value)) throw predictErrors.INVALID(`"${form}" must be a list; got ${show(value)}.`)
  if (value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row)))
    return make(value.length, fromRecords(value as Record<string, unknown>[]), form === 'inputs' ? 'columns' : 'rows')
  if (form === 'dataframe_records')
    throw predictErrors.INVALID('"dataframe_records" must be a list of objects, one a row.')
  return fromMatrix(value, live, make)
}

type Make = (
  count: number,
  columns: Map<string, ArrayLike<unknown>>,
  form: AnswerForm,
) => { rows: RequestRows; form: AnswerForm }

function fromFrame(value: unknown, make: Make) {
  const { columns, data } = (value ?? {}) as { columns?: unknown; data?: unknown }
  if (!Array.isArray(columns) || !Array.isArray(data))
    throw predictErrors.INVALID('"dataframe_split" must have "columns", a list of names, and "data", a list of rows.')
  return make(data.length, fromSplit(columns.map(String), data), 'rows')
}

function fromSplit(names: readonly string[], rows: readonly unknown[]): Map<string, unknown[]> {
  const columns = new Map(names.map((name): [string, unknown[]] => [name, []]))
  if (columns.size < names.length) throw predictErrors.INVALID(`A column is named twice: ${names.join(', ')}.`)
  for (const [index, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== names.length)
      throw predictErrors.INVALID(`Row ${index} must have ${names.length} values, one a column; got ${show(row)}.`)
    for (const [place, name] of names.entries()) columns.get(name)?.push(row[place])
  }
  return columns
}

function fromRecords(records: readonly Record<string, unknown>[]): Map<string, unknown[]> {
  const names = Object.keys(records[0] ?? {})
  for (const [index, record] of records.entries()) {
    for (const name of Object.keys(record))
      if (!names.includes(name)) throw predictErrors.INVALID(`Row ${index} has the field ${name}, which row 0 has not.`)
  }
  return fromSplit(
    names,
    records.map((record) => names.map((name) => (Object.hasOwn(record, name) ? record[name] : null))),
  )
}

/** Named lists, one value a row each. */
function fromNamed(value: Record<string, unknown>, fields: readonly string[], make: Make) {
  const columns = new Map<string, unknown[]>()
  let count = 0
  for (const [name, list] of Object.entries(value)) {
    if (!Array.isArray(list))
      throw predictErrors.INVALID(`"${name}" must be a list with one value a row; got ${show(list)}.`)
    if (columns.size > 0 && list.length !== count)
      throw predictErrors.INVALID(`"${name}" has ${list.length} rows, but "${[...columns.keys()][0]}" has ${count}.`)
    count = list.length
    columns.set(name, list.flat(Number.POSITIVE_INFINITY))
  }
  if (columns.size === 0) throw predictErrors.INVALID(`"inputs" is empty. The deployment takes ${fields.join(', ')}.`)
  return make(count, columns, 'columns')
}

/** Rows without names: their values go to the deployment's fields in order. */
function fromMatrix(rows: readonly unknown[], { plan }: LiveDeployment['live'], make: Make) {
  const lists = rows.map((row) => (Array.isArray(row) ? row.flat(Number.POSITIVE_INFINITY) : [row]))
  const width = plan.fields.reduce((sum, field) => sum + field.width, 0)
  const wrong = lists.findIndex((list) => list.length !== width)
  if (wrong >= 0)
    throw predictErrors.INVALID(
      `Row ${wrong} has ${lists[wrong]?.length} values; the deployment takes ${width} (${plan.fields.map((field) => field.name).join(', ')}).`,
    )
  const columns = new Map<string, unknown[]>()
  let offset = 0
  for (const { name, width: own } of plan.fields) {
    const from = offset
    columns.set(
      name,
      lists.flatMap((list) => list.slice(from, from + own)),
    )
    offset += own
  }
  return make(lists.length, columns, 'columns')
}

/** CSV has only text: numbers and truth values are read where the field takes them, an empty place is a missing value. */
function typed(live: LiveDeployment['live'], name: string | undefined, text: string): unknown {
  const field = live.plan.fields.find((one) => one.name === name)
  if (!field || field.datatype === 'BYTES') return text
  if (text === '') return null
  if (field.datatype === 'BOOL') return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text
  const value = Number(text)
  return Number.isNaN(value) && text !== 'nan' && text !== 'NaN' ? text : value
}
