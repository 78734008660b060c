import type { BoundFeature, InputField, ReleaseManifest } from '@trivium/contract'
import { defineErrors } from '../errors/index.ts'
import type { TensorSpec } from '../ports/model-runtime.ts'
import { rowWidth } from './tensor-columns.ts'

export const planErrors = defineErrors('MODEL', {
  FREE_WIDTH: {
    status: 422,
    message: (input: string) =>
      `Input "${input}" does not say how many values a row has. Log the model with a signature that names its columns, or export it with a fixed second dimension.`,
  },
  NAMES_MISMATCH: {
    status: 422,
    message: (input: string, width: number, names: number) =>
      `Input "${input}" takes ${width} values a row, but the signature names ${names} columns.`,
  },
  UNKNOWN_TARGET: {
    status: 400,
    message: (view: string, target: string, known: string) =>
      `Feature view "${view}" feeds "${target}", which is no input of the model. Its inputs: ${known}.`,
  },
  FED_TWICE: { status: 400, message: (target: string) => `The input "${target}" is fed by two features.` },
})

/** Where a value goes: the index of the model's input and the place within a row of it. */
export interface Slot {
  readonly input: number
  readonly offset: number
}

/** One named value of a request. A field without a slot is only the key of a look-up. */
export interface Field {
  readonly name: string
  readonly datatype: string
  /** Values a row; more than one only for tensors whose columns have no names. */
  readonly width: number
  readonly slot?: Slot
  readonly usedBy: readonly string[]
}

/** One look-up: which fields are its key and which inputs its features feed. */
export interface PlannedLookup {
  readonly bound: BoundFeature
  readonly targets: readonly {
    readonly feature: string
    readonly name: string
    readonly datatype: string
    readonly slot: Slot
  }[]
}

/** How a request becomes the tensors of a release's model. */
export interface ReleasePlan {
  readonly inputs: readonly { readonly spec: TensorSpec; readonly width: number }[]
  readonly fields: readonly Field[]
  readonly lookups: readonly PlannedLookup[]
  /** What the Open Inference Protocol shows as inputs: the model's own where no look-up feeds part of them, else one tensor a field. */
  readonly tensors: readonly TensorSpec[]
  /** Rows that the model takes at once; 1 when its first dimension is fixed. */
  readonly oneByOne: boolean
}

/** Works out what a caller sends and what is looked up. Throws when the manifest does not fit together. */
export function planRelease(manifest: Pick<ReleaseManifest, 'signature' | 'featureNames' | 'features'>): ReleasePlan {
  const { inputs: specs } = manifest.signature
  const matrix = specs.length === 1 && manifest.featureNames.length > 0 ? specs[0] : undefined
  const inputs = specs.map((spec) => ({ spec, width: widthOf(spec, spec === matrix ? manifest.featureNames : []) }))
  const columns: Field[] = matrix
    ? manifest.featureNames.map((name, offset) => ({
        name,
        datatype: matrix.datatype,
        width: 1,
        slot: { input: 0, offset },
        usedBy: [],
      }))
    : inputs.map(({ spec, width }, input) => ({
        name: spec.name,
        datatype: spec.datatype,
        width,
        slot: { input, offset: 0 },
        usedBy: [],
      }))
  const byName = new Map(columns.map((field) => [field.name, field]))
  const fed = new Set<string>()
  const lookups = manifest.features.map(
    (bound): PlannedLookup => ({
      bound,
      targets: Object.entries(bound.outputs).map(([feature, name]) => {
        const field = byName.get(name)
        if (!field?.slot || field.width !== 1)
          throw planErrors.UNKNOWN_TARGET(bound.view, name, [...byName.keys()].join(', '))
        if (fed.has(name)) throw planErrors.FED_TWICE(name)
        fed.add(name)
        return { feature, name, datatype: field.datatype, slot: field.slot }
      }),
    }),
  )
  const fields = withKeys(
    columns.filter((field) => !fed.has(field.name)),
    manifest.features,
  )
  const whole = matrix && lookups.length === 0
  return {
    inputs,
    lookups,
    fields,
    tensors: whole
      ? [matrix]
      : fields.map((field) => ({
          name: field.name,
          datatype: field.datatype,
          shape: specOf(specs, field)?.shape ?? [-1, field.width],
        })),
    oneByOne: specs.some((spec) => spec.shape[0] !== -1),
  }
}

/** What a caller of `predict` sends, in words. */
export function inputFields(plan: ReleasePlan): InputField[] {
  return plan.fields.map(({ name, datatype, width, usedBy }) => ({
    name,
    type: typeOf(datatype),
    description: [width > 1 ? `a list of ${width} values` : '', usedBy.length > 0 ? `key of ${usedBy.join(', ')}` : '']
      .filter(Boolean)
      .join('; '),
  }))
}

function typeOf(datatype: string): InputField['type'] {
  if (datatype === 'BYTES') return 'string'
  if (datatype === 'BOOL') return 'boolean'
  return datatype.startsWith('FP') ? 'number' : 'integer'
}

function widthOf(spec: TensorSpec, names: readonly string[]): number {
  const width = rowWidth(spec)
  if (names.length === 0) {
    if (width === undefined) throw planErrors.FREE_WIDTH(spec.name)
    return width
  }
  if (width !== undefined && width !== names.length) throw planErrors.NAMES_MISMATCH(spec.name, width, names.length)
  return names.length
}

/** Adds the fields that are only keys, and notes on each field which views use it. */
function withKeys(fields: Field[], features: readonly BoundFeature[]): Field[] {
  const all = new Map(fields.map((field) => [field.name, field]))
  for (const bound of features) {
    for (const name of Object.values(bound.keys)) {
      const field = all.get(name) ?? { name, datatype: 'BYTES', width: 1, usedBy: [] }
      all.set(name, { ...field, usedBy: [...field.usedBy, bound.view] })
    }
  }
  return [...all.values()]
}

const specOf = (specs: readonly TensorSpec[], field: Field): TensorSpec | undefined =>
  specs.find((spec) => spec.name === field.name && field.slot?.offset === 0)
