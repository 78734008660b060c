import type { Tensor, TensorSpec } from '../ports/model-runtime.ts'

/** How many values one row has in a tensor of this shape; undefined where a dimension after the first is free. */
export function rowWidth(spec: Pick<TensorSpec, 'shape'>): number | undefined {
  const rest = spec.shape.slice(1)
  return rest.includes(-1) ? undefined : rest.reduce((product, size) => product * size, 1)
}

/** Names of the columns of a tensor as rows show it: the tensor's own name, or `name_0`, `name_1`, … when a row has several values. */
export function columnNames(name: string, width: number): string[] {
  return width === 1 ? [name] : Array.from({ length: width }, (_, index) => `${name}_${index}`)
}

/** A value of a tensor as JSON and the prediction log hold it: integers beyond 2^53 as text, booleans as booleans, what is no finite number as null. */
export function plainValue(tensor: Pick<Tensor, 'data' | 'datatype'>, index: number): number | string | boolean | null {
  const value = tensor.data[index]
  if (typeof value === 'bigint')
    return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value.toString()
  if (typeof value === 'number') {
    if (tensor.datatype === 'BOOL') return value !== 0
    return Number.isFinite(value) ? value : null
  }
  return value ?? null
}
