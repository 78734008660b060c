import type { LiveDeployment } from '../../gateway/deployments.ts'
import { readEventTime } from '../../gateway/event-time.ts'
import type { RequestRows } from '../../gateway/fill-rows.ts'
import { show } from '../../gateway/check-value.ts'
import { predictErrors } from '../../gateway/gateway-errors.ts'
import { parseJsonObject } from '../../gateway/json-body.ts'
import type { WireRequest } from '../../gateway/wire-protocol.ts'
import { binaryValues, jsonValues } from './tensor-codec.ts'

/** What a request asks of the form of its answer. */
export interface WantedAnswer {
  readonly id: string | undefined
  /** Name → whether as raw bytes; undefined is every output as JSON unless `binary`. */
  readonly outputs: readonly { readonly name: string; readonly binary: boolean }[] | undefined
  readonly binary: boolean
}

interface WireTensor {
  name: string
  datatype: string
  shape: number[]
  values: ArrayLike<unknown>
}

/** Reads an inference request of the Open Inference Protocol, JSON or with raw bytes after it. */
export function readInfer(request: WireRequest, { live }: LiveDeployment): { rows: RequestRows; wanted: WantedAnswer } {
  const headerLength = request.headers['inference-header-content-length']
  const split = headerLength === undefined ? request.body.length : Number(headerLength)
  if (!Number.isInteger(split) || split < 0 || split > request.body.length)
    throw predictErrors.INVALID(
      `Inference-Header-Content-Length is ${String(headerLength)}, but the body has ${request.body.length} bytes.`,
    )
  const body = parseJsonObject(request.body.subarray(0, split))
  for (const key of Object.keys(body))
    if (!['id', 'parameters', 'inputs', 'outputs'].includes(key))
      throw predictErrors.INVALID(
        `Unknown field "${key}". An inference request has id, parameters, inputs and outputs.`,
      )
  const parameters = objectAt(body, 'parameters')
  const id = body['id']
  if (id !== undefined && typeof id !== 'string') throw predictErrors.INVALID(`"id" must be text; got ${show(id)}.`)
  const tensors = readTensors(body['inputs'], request.body.subarray(split))
  const expected = live.plan.tensors
  for (const tensor of tensors) checkTensor(tensor, expected)
  const count = tensors[0]?.shape[0] ?? 0
  if (tensors.length === 0 || count === 0)
    throw predictErrors.INVALID(
      `The request has no rows. Send the ${expected.length === 1 ? 'input' : 'inputs'} ${expected.map((spec) => spec.name).join(', ')}.`,
    )
  const other = tensors.find((tensor) => tensor.shape[0] !== count)
  if (other)
    throw predictErrors.INVALID(
      `Input "${other.name}" has ${other.shape[0]} rows, but "${tensors[0]?.name}" has ${count}.`,
    )
  const rows = {
    count,
    columns: columnsOf(
      tensors,
      live.plan.fields.map((field) => field.name),
      live.release.manifest.featureNames,
      count,
    ),
    ...readParameters(parameters, count, id, request.now),
  }
  return {
    rows,
    wanted: {
      id,
      outputs: readOutputs(body['outputs'], live, parameters['binary_data_output'] === true),
      binary: parameters['binary_data_output'] === true,
    },
  }
}

function objectAt(holder: Record<string, unknown>, key: string): Record<string, unknown> {
  const value = holder[key]
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw predictErrors.INVALID(`"${key}" must be an object; got ${show(value)}.`)
  return value as Record<string, unknown>
}

function readTensors(inputs: unknown, bytes: Buffer): WireTensor[] {
  if (!Array.isArray(inputs)) throw predictErrors.INVALID(`"inputs" must be a list of tensors; got ${show(inputs)}.`)
  let at = 0
  const tensors = inputs.map((input: unknown): WireTensor => {
    if (typeof input !== 'object' || input === null)
      throw predictErrors.INVALID(`"inputs" must be a list of tensors; got ${show(input)} in it.`)
    const { name, datatype, shape, data } = input as Record<string, unknown>
    if (typeof name !== 'string') throw predictErrors.INVALID(`Each input needs a "name"; got ${show(name)}.`)
    if (typeof datatype !== 'string')
      throw predictErrors.INVALID(`Input "${name}" needs a "datatype" such as FP32; got ${show(datatype)}.`)
    if (!Array.isArray(shape) || shape.some((size) => !Number.isInteger(size) || size < 0))
      throw predictErrors.INVALID(`Input "${name}" needs a "shape", a list of whole numbers; got ${show(shape)}.`)
    const size = objectAt(input as Record<string, unknown>, 'parameters')['binary_data_size']
    if (size === undefined) return { name, datatype, shape, values: jsonValues(name, shape, data) }
    if (data !== undefined) throw predictErrors.INVALID(`Input "${name}" has both "data" and binary_data_size.`)
    if (typeof size !== 'number' || at + size > bytes.length)
      throw predictErrors.INVALID(
        `Input "${name}" says binary_data_size ${show(size)}, but ${bytes.length - at} bytes are left in the body.`,
      )
    at += size
    return { name, datatype, shape, values: binaryValues(name, datatype, shape, bytes.subarray(at - size, at)) }
  })
  if (at !== bytes.length) throw predictErrors.INVALID(`The body has ${bytes.length - at} bytes more than its tensors.`)
  return tensors
}

function checkTensor(
  tensor: WireTensor,
  expected: readonly { name: string; datatype: string; shape: readonly number[] }[],
): void {
  const spec = expected.find(({ name }) => name === tensor.name)
  if (!spec)
    throw predictErrors.INVALID(
      `Unknown input "${tensor.name}". The model takes ${expected.map(({ name }) => name).join(', ')}.`,
    )
  if (tensor.datatype !== spec.datatype)
    throw predictErrors.INVALID(
      `Input "${tensor.name}" has datatype ${tensor.datatype}; the model takes ${spec.datatype}.`,
    )
  const fits =
    tensor.shape.length === spec.shape.length &&
    spec.shape.every((size, index) => size === -1 || index === 0 || size === tensor.shape[index])
  if (!fits)
    throw predictErrors.INVALID(
      `Input "${tensor.name}" has shape [${tensor.shape.join(', ')}]; the model takes [${spec.shape.join(', ')}].`,
    )
}

/** A matrix whose columns have names is taken apart, so that records and checks name each value. */
function columnsOf(
  tensors: WireTensor[],
  fields: readonly string[],
  featureNames: readonly string[],
  count: number,
): Map<string, ArrayLike<unknown>> {
  const columns = new Map<string, ArrayLike<unknown>>()
  for (const { name, values } of tensors) {
    if (columns.has(name)) throw predictErrors.INVALID(`Input "${name}" is there twice.`)
    if (fields.includes(name)) columns.set(name, values)
    else
      for (let offset = 0; offset < featureNames.length; offset += 1) {
        const column = new Array<unknown>(count)
        for (let row = 0; row < count; row += 1) column[row] = values[row * featureNames.length + offset]
        columns.set(featureNames[offset] as string, column)
      }
  }
  return columns
}

/** Our parameters: `event_time` for all rows or `event_times` one a row, `prediction_ids` one a row; lists are texts with commas, as parameters are scalars. */
function readParameters(
  parameters: Record<string, unknown>,
  count: number,
  id: string | undefined,
  now: number,
): Pick<RequestRows, 'ids' | 'eventTimes'> {
  const list = (key: string): string[] | undefined => {
    const value = parameters[key]
    if (value === undefined) return undefined
    const parts = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : []
    if (parts.length !== count)
      throw predictErrors.INVALID(
        `The parameter ${key} must be a text with ${count} values between commas; got ${show(value)}.`,
      )
    return parts
  }
  const times = list('event_times')?.map((text) => readEventTime(/^\d+$/.test(text) ? Number(text) : text, now))
  const eventTime = parameters['event_time']
  const ids = list('prediction_ids') ?? (id !== undefined && id !== '' && count === 1 ? [id] : undefined)
  return {
    eventTimes: times ?? [eventTime === undefined ? now : readEventTime(eventTime, now)],
    ...(ids ? { ids } : {}),
  }
}

function readOutputs(outputs: unknown, { release }: LiveDeployment['live'], binary: boolean): WantedAnswer['outputs'] {
  if (outputs === undefined || (Array.isArray(outputs) && outputs.length === 0)) return undefined
  if (!Array.isArray(outputs)) throw predictErrors.INVALID(`"outputs" must be a list; got ${show(outputs)}.`)
  const known = release.manifest.signature.outputs.map((output) => output.name)
  return outputs.map((output: unknown) => {
    const { name } = (output ?? {}) as { name?: unknown }
    if (typeof name !== 'string' || !known.includes(name))
      throw predictErrors.INVALID(`Unknown output ${show(name)}. The model gives ${known.join(', ')}.`)
    const own = objectAt(output as Record<string, unknown>, 'parameters')['binary_data']
    return { name, binary: typeof own === 'boolean' ? own : binary }
  })
}
