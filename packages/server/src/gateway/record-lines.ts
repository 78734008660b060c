import { columnNames, type Field } from '../kernel/models/index.ts'
import type { PredictionRecord } from '../kernel/ports/prediction-record.ts'
import type { InputValue } from './check-value.ts'
import type { FilledRows, RequestRows } from './fill-rows.ts'
import { outputsOf } from './outputs-of.ts'
import type { Answered } from './predict.ts'

/** Tensors with more values a row than this are recorded by their size only. */
const mostRecorded = 256

/** The records of a request as the log keeps them, one JSON line a row. */
export function recordLines(
  { deployment, count, ids, outputs, features, latencyMicros }: Answered,
  filled: FilledRows,
  rows: RequestRows,
  { request, at }: { readonly request: string; readonly at: number },
): string {
  const { id: release, manifest } = deployment.live.release
  let lines = ''
  for (let row = 0; row < count; row += 1) {
    const record: Omit<PredictionRecord, 'inputs'> = {
      id: ids[row] as string,
      project: deployment.project,
      deployment: deployment.name,
      release,
      model: manifest.model,
      version: manifest.version,
      eventTime: rows.eventTimes[row] ?? rows.eventTimes[0] ?? at,
      at,
      features: features[row] ?? {},
      outputs: outputsOf(outputs, row, mostRecorded),
      latencyMicros,
      request,
    }
    lines += `${JSON.stringify(record).slice(0, -1)},"inputs":{${inputsText(filled, row)}}}\n`
  }
  return lines
}

/** Written out by hand: an object of as many keys as the model has inputs costs more than running a small model. */
function inputsText({ fields }: FilledRows, row: number): string {
  let text = ''
  for (const [field, values] of fields) {
    const names = quotedNames(field)
    for (let index = 0; index < names.length; index += 1) {
      if (text !== '') text += ','
      text += names[index]
      text +=
        field.width > mostRecorded
          ? `"${field.width} values"`
          : valueText(values[row * field.width + index] as InputValue)
    }
  }
  return text
}

const quoted = new WeakMap<Field, readonly string[]>()

/** The names of a field's columns with their quotes and colon; made once, as fields live as long as their release. */
function quotedNames(field: Field): readonly string[] {
  const known = quoted.get(field)
  if (known) return known
  const names = field.width > mostRecorded ? [field.name] : columnNames(field.name, field.width)
  const made = names.map((name) => `${JSON.stringify(name)}:`)
  quoted.set(field, made)
  return made
}

/** As the log keeps it: a number wherever one can hold the value exactly. */
function valueText(value: InputValue): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? String(Number(value)) : `"${value}"`
  return JSON.stringify(value)
}
