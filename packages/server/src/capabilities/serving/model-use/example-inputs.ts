import type { ExampleCall, InputField } from '@trivium/contract'

type Values = Record<string, unknown>

/** Names under which MLflow keeps the example that a model was logged with; the first is written as a request is. */
export const exampleFiles = ['serving_input_example.json', 'input_example.json']

/** The first row of an example as MLflow writes it (split, records, columns or a dictionary of inputs); undefined where it is none of these. */
export function rowOfExample(text: string): Values | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  return rowOf(parsed)
}

function rowOf(value: unknown): Values | undefined {
  if (Array.isArray(value)) return isMap(value[0]) ? value[0] : undefined
  if (!isMap(value)) return undefined
  for (const wrapped of ['dataframe_split', 'dataframe_records', 'inputs', 'instances'])
    if (wrapped in value && Object.keys(value).length <= 2) return rowOf(value[wrapped])
  const { columns, data } = value
  if (Array.isArray(columns) && Array.isArray(data) && Array.isArray(data[0])) {
    const [first] = data as unknown[][]
    return Object.fromEntries(columns.map((name, index) => [String(name), first?.[index]]))
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, Array.isArray(one) ? (one as unknown[])[0] : one]),
  )
}

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The values of a row that a deployment takes, in the order of its inputs; undefined where one is missing or of another type. */
export function inputsFrom(row: Values | undefined, fields: readonly InputField[]): Values | undefined {
  if (!row) return undefined
  const inputs = fields.map(({ name }) => [name, row[name]] as const)
  return fields.every((field) => fits(field, row[field.name])) ? Object.fromEntries(inputs) : undefined
}

function fits({ type, description }: InputField, value: unknown): boolean {
  if (description.startsWith('a list of')) return Array.isArray(value)
  if (type === 'integer') return Number.isSafeInteger(value)
  return typeof value === type
}

/** Values of the right types, where nothing better is known. */
export function madeUp(fields: readonly InputField[]): Values {
  const one = (type: InputField['type']): unknown => (type === 'string' ? 'text' : type === 'boolean' ? false : 0)
  return Object.fromEntries(
    fields.map(({ name, type, description }) => {
      const width = /^a list of (\d+)/.exec(description)
      return [name, width ? new Array(Number(width[1])).fill(one(type)) : one(type)]
    }),
  )
}

/** The best example that there is, and where it comes from. */
export function chooseInputs(
  fields: readonly InputField[],
  { logged, recorded }: { logged: Values | undefined; recorded: Values | undefined },
): Pick<ExampleCall, 'inputs' | 'source'> {
  const example = inputsFrom(logged, fields)
  if (example) return { inputs: example, source: 'input example' }
  const prediction = inputsFrom(recorded, fields)
  if (prediction) return { inputs: prediction, source: 'recorded prediction' }
  return { inputs: madeUp(fields), source: 'made up' }
}
