import type { PipelineParameter } from '@trivium/contract'
import { pipelineErrors } from '../errors.ts'
import { isPlainMap, show } from './field-reader.ts'

type ParameterType = PipelineParameter['type']

/** The type that a default has by itself. */
export function typeOfValue(value: unknown): ParameterType | undefined {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (Array.isArray(value)) return 'list'
  return isPlainMap(value) ? 'map' : undefined
}

/** Whether a value may stand for a parameter of a type: whole numbers are numbers too. */
export function fitsType(value: unknown, type: ParameterType): boolean {
  const own = typeOfValue(value)
  return own === type || (own === 'integer' && type === 'number')
}

/** The values of all parameters for one run: the given ones checked, the defaults for the rest. */
export function resolveParameters(
  pipeline: { name: string; params: readonly PipelineParameter[] },
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const byName = new Map(pipeline.params.map((parameter) => [parameter.name, parameter]))
  for (const [name, value] of Object.entries(given)) {
    const parameter = byName.get(name)
    if (!parameter) throw pipelineErrors.UNKNOWN_PARAMETER(name, pipeline.name, [...byName.keys()].join(', '))
    if (!fitsType(value, parameter.type)) throw pipelineErrors.BAD_PARAMETER(name, parameter.type, show(value))
  }
  return Object.fromEntries(
    pipeline.params.map((parameter) => [
      parameter.name,
      Object.hasOwn(given, parameter.name) ? given[parameter.name] : parameter.default,
    ]),
  )
}
