import type { AppError } from '../../kernel/errors/index.ts'
import { plainValue } from '../../kernel/models/index.ts'
import type { OutputColumn } from '../../gateway/live-release.ts'
import type { Answered } from '../../gateway/predict.ts'
import type { WireProtocol } from '../../gateway/wire-protocol.ts'
import { type AnswerForm, readInvocation } from './read-invocation.ts'

/** MLflow's scoring protocol: `/deployments/NAME/invocations`, and `/invocations` while the project has exactly one deployment. */
export const invocations: WireProtocol = {
  match: (method, path) => {
    const [whole, name] = /^(?:\/deployments\/([^/]+))?\/invocations$/.exec(path) ?? []
    if (whole === undefined || method !== 'POST') return undefined
    return {
      kind: 'predict',
      name: name === undefined ? undefined : decodeURIComponent(name),
      decode: (request, deployment) => {
        const { rows, form } = readInvocation(request, deployment)
        return {
          rows,
          encode: (answered) => ({
            status: 200,
            type: 'application/json',
            body: JSON.stringify({ predictions: predictionsOf(answered, form), prediction_ids: answered.ids }),
          }),
        }
      },
    }
  },
  owns: (path) => path.endsWith('/invocations'),
  error: (error: AppError) => ({
    status: error.status,
    type: 'application/json',
    body: JSON.stringify({ error_code: codeOf(error.status), message: error.message }),
  }),
}

const codes: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  413: 'BAD_REQUEST',
  415: 'BAD_REQUEST',
  503: 'TEMPORARILY_UNAVAILABLE',
}
const codeOf = (status: number): string => codes[status] ?? 'INTERNAL_ERROR'

function predictionsOf({ outputs, count }: Answered, form: AnswerForm): unknown {
  if (form === 'columns')
    return Object.fromEntries(
      outputs.map((output) => [output.name, Array.from({ length: count }, (_, row) => rowOf(output, row))]),
    )
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(outputs.map((output) => [output.name, rowOf(output, row)])),
  )
}

const rowOf = (output: OutputColumn, row: number): unknown =>
  output.width === 1
    ? plainValue(output as never, row)
    : Array.from({ length: output.width }, (_, index) => plainValue(output as never, row * output.width + index))
