import type { Tensor as PlainTensor } from '../../kernel/ports/model-runtime.ts'

/** Type names of ONNX Runtime for the Open Inference Protocol's. */
export const ortTypes = {
  FP32: 'float32',
  FP64: 'float64',
  INT64: 'int64',
  INT32: 'int32',
  UINT8: 'uint8',
  BOOL: 'bool',
  BYTES: 'string',
} as const
export type Datatype = keyof typeof ortTypes

const names = new Map<string, Datatype>(Object.entries(ortTypes).map(([name, ort]) => [ort, name as Datatype]))

/** The protocol's name of a type of ONNX Runtime, undefined for one that we do not feed. */
export const datatypeOf = (ortType: string): Datatype | undefined => names.get(ortType)

/** Room for `length` values of a type. */
export function allocate(datatype: string, length: number): PlainTensor['data'] {
  switch (datatype as Datatype) {
    case 'FP32':
      return new Float32Array(length)
    case 'FP64':
      return new Float64Array(length)
    case 'INT64':
      return new BigInt64Array(length)
    case 'INT32':
      return new Int32Array(length)
    case 'BYTES':
      return new Array<string>(length).fill('')
    default:
      return new Uint8Array(length)
  }
}
