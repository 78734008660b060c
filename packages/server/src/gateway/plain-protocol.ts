import type { PredictResult } from '@trivium/contract'
import type { AppError } from '../kernel/errors/index.ts'
import { show } from './check-value.ts'
import { readEventTime } from './event-time.ts'
import type { RequestRows } from './fill-rows.ts'
import { predictErrors } from './gateway-errors.ts'
import { parseJsonObject, requireJson } from './json-body.ts'
import { outputsOf } from './outputs-of.ts'
import type { Answered } from './predict.ts'
import type { WireAnswer, WireProtocol } from './wire-protocol.ts'

/** `POST /deployments/NAME/predict`: named JSON values for one row or several. */
export const plainProtocol: WireProtocol = {
  match: (method, path) => {
    const name = /^\/deployments\/([^/]+)\/predict$/.exec(path)?.[1]
    if (name === undefined || method !== 'POST') return undefined
    return {
      kind: 'predict',
      name: decodeURIComponent(name),
      decode: ({ headers, body, now }) => {
        requireJson(headers['content-type'])
        return {
          rows: readRows(parseJsonObject(body), now),
          encode: (answered) => ({ status: 200, type: 'application/json', body: JSON.stringify(resultOf(answered)) }),
        }
      },
    }
  },
  owns: () => true,
  error: problemAnswer,
}

/** RFC 9457, the same form as everywhere outside the inference protocols. */
export function problemAnswer(error: AppError, { id }: { id: string }): WireAnswer {
  const title = error.code.split('.').at(-1)?.toLowerCase().replaceAll('_', ' ') ?? ''
  return {
    status: error.status,
    type: 'application/problem+json',
    body: JSON.stringify({
      type: `https://trivium.dev/errors/${error.code}`,
      title,
      status: error.status,
      code: error.code,
      detail: error.message,
      requestId: id,
    }),
  }
}

/** The answer of `predict`. */
export function resultOf({ deployment, ids, outputs, features }: Answered): PredictResult {
  const { id: release, manifest } = deployment.live.release
  return {
    deployment: deployment.name,
    release,
    model: manifest.model,
    version: manifest.version,
    predictions: ids.map((id, row) => ({ id, outputs: outputsOf(outputs, row), features: features[row] ?? {} })),
  }
}

interface PlainRow {
  inputs: Record<string, unknown>
  id: string | undefined
  eventTime: number
}

const mostRows = 10_000

function readRows(body: Record<string, unknown>, now: number): RequestRows {
  if (!('rows' in body)) return rowsOf([readRow(body, now, '')])
  const extra = Object.keys(body).find((key) => key !== 'rows')
  if (extra !== undefined)
    throw predictErrors.INVALID(
      `Unknown field "${extra}" beside "rows". Each row has its own inputs, id and eventTime.`,
    )
  const { rows } = body
  if (!Array.isArray(rows) || rows.length === 0)
    throw predictErrors.INVALID(`"rows" must be a list with at least one row; got ${show(rows)}.`)
  if (rows.length > mostRows) throw predictErrors.INVALID(`A request has at most ${mostRows} rows; got ${rows.length}.`)
  return rowsOf(rows.map((row, index) => readRow(row, now, `Row ${index}: `)))
}

function readRow(value: unknown, now: number, where: string): PlainRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw predictErrors.INVALID(`${where}must be an object with "inputs"; got ${show(value)}.`)
  const row = value as Record<string, unknown>
  for (const key of Object.keys(row)) {
    if (key !== 'inputs' && key !== 'id' && key !== 'eventTime')
      throw predictErrors.INVALID(
        `${where}Unknown field "${key}". Values go under "inputs": {"inputs": {"${key}": ${show(row[key])}}}.`,
      )
  }
  const { inputs, id } = row
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs))
    throw predictErrors.INVALID(`${where}"inputs" must be an object of named values; got ${show(inputs)}.`)
  if (id !== undefined && typeof id !== 'string')
    throw predictErrors.INVALID(`${where}id must be text; got ${show(id)}.`)
  return {
    inputs: inputs as Record<string, unknown>,
    id,
    eventTime: row['eventTime'] === undefined ? now : readEventTime(row['eventTime'], now),
  }
}

/** Turns rows of named values into columns. Values that are lists (tensors without column names) are laid out flat. */
function rowsOf(rows: PlainRow[]): RequestRows {
  const columns = new Map<string, unknown[]>()
  for (const [index, { inputs }] of rows.entries()) {
    for (const name of Object.keys(inputs)) {
      if (index === 0) columns.set(name, [])
      else if (!columns.has(name))
        throw predictErrors.INVALID(`Row ${index} has the field ${name}, which row 0 has not.`)
    }
    for (const [name, column] of columns) {
      if (!Object.hasOwn(inputs, name)) throw predictErrors.INVALID(`Row ${index}: ${name} is missing.`)
      const value = inputs[name]
      if (Array.isArray(value)) {
        const flat: unknown[] = value.flat(Number.POSITIVE_INFINITY)
        // Lists of different lengths would shift the values of the rows after them.
        if (column.length !== index * flat.length)
          throw predictErrors.INVALID(
            `Row ${index}: ${name} has ${flat.length} values, and the rows before have another number.`,
          )
        column.push(...flat)
      } else column.push(value)
    }
  }
  const named = rows.some((row) => row.id !== undefined)
  return {
    count: rows.length,
    columns,
    eventTimes: rows.map((row) => row.eventTime),
    ...(named ? { ids: rows.map((row) => row.id) } : {}),
  }
}
