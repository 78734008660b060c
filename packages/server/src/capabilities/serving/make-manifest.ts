import { createHash } from 'node:crypto'
import { FeatureBinding, type ModelSignatureInfo, type ReleaseManifest } from '@trivium/contract'
import { Type } from 'typebox'
import { values } from '../../kernel/libraries/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { planRelease } from '../../kernel/models/index.ts'
import type { ModelSignature, OnlineView } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { servingErrors } from './errors.ts'

/** A model version that nothing keeps from being deployed, as the registry hands it out. */
export interface DeployableModel {
  readonly urn: string
  readonly model: string
  readonly version: number
  /** Path → content, within the version. */
  readonly files: Readonly<Record<string, { readonly digest: string; readonly size: number }>>
  /** Path of the ONNX file; absent for models that only Python runs. */
  readonly onnxPath?: string | undefined
  /** MLflow's signature, which names the columns of a matrix. */
  readonly signature?: ModelSignatureInfo | null | undefined
  readonly tags: Readonly<Record<string, string>>
  /** Digests of the evidence that it carries. */
  readonly evidence: readonly string[]
}

/** What serving asks of the registry: throws 404 for an unknown reference and 409 with the reason for a version that may not be deployed. */
export interface DeployableModels {
  requireDeployable(scope: Scope, reference: string): Promise<DeployableModel>
}

/** What serving asks of features: a version of a view (the newest unless given), ready for look-ups. */
export interface OnlineViews {
  onlineView(scope: Scope, name: string, version?: number): Promise<{ view: OnlineView; urn: string; version: number }>
}

/** Tag of a model version that says which features are looked up for it: a JSON list of feature bindings. */
export const featuresTag = 'trivium.features'

/** Everything that will answer, fixed: reads the signature from the model file and binds the features. */
export async function makeManifest(
  { blobs, scorer, views }: Pick<Kernel, 'blobs' | 'scorer'> & { views: OnlineViews },
  scope: Scope,
  model: DeployableModel,
  features: readonly FeatureBinding[] | undefined,
): Promise<{ manifest: ReleaseManifest; digest: string; views: OnlineView[]; modelPath: string }> {
  const file = model.onnxPath === undefined ? undefined : model.files[model.onnxPath]
  if (model.onnxPath === undefined || !file) throw servingErrors.NOT_ONNX(model.model, model.version)
  const modelPath = await blobs.localPath(scope.project, file.digest)
  const signature = await scorer.inspect(modelPath)
  const bound = await Promise.all(
    (features ?? bindingsOf(model)).map((binding) => bind(views, scope, binding, inputNames(signature, model))),
  )
  const manifest: ReleaseManifest = {
    format: 'onnx',
    model: model.model,
    version: model.version,
    modelUrn: model.urn,
    file: { digest: file.digest, size: file.size, path: model.onnxPath },
    signature: copySignature(signature),
    featureNames: matrixNames(signature, model),
    features: bound.map((one) => one.bound),
    runtime: { intraOpThreads: 1 },
    evidence: [...model.evidence],
  }
  planRelease(manifest)
  return {
    manifest,
    digest: createHash('sha256').update(JSON.stringify(manifest)).digest('hex'),
    views: bound.map((one) => one.view),
    modelPath,
  }
}

const copySignature = ({ inputs, outputs }: ModelSignature): ReleaseManifest['signature'] => {
  const copy = (specs: ModelSignature['inputs']) =>
    specs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] }))
  return { inputs: copy(inputs), outputs: copy(outputs) }
}

/** Names for the columns of a single matrix, from MLflow's signature. */
function matrixNames({ inputs }: ModelSignature, { signature }: DeployableModel): string[] {
  const [only] = inputs
  if (inputs.length !== 1 || only?.shape.length !== 2 || only.shape[1] === 1) return []
  const named = (signature?.inputs ?? []).map((field) => field.name)
  return named.length > 1 && named.every((name) => name !== null) ? named : []
}

const inputNames = (signature: ModelSignature, model: DeployableModel): string[] => {
  const names = matrixNames(signature, model)
  return names.length > 0 ? names : signature.inputs.map((input) => input.name)
}

function bindingsOf({ model, version, tags }: DeployableModel): FeatureBinding[] {
  const text = tags[featuresTag]
  if (text === undefined || text === '') return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw servingErrors.BAD_FEATURES_TAG(model, version, (error as Error).message)
  }
  if (values().Check(bindingList, value)) return value
  const [first] = values().Errors(bindingList, value)
  throw servingErrors.BAD_FEATURES_TAG(
    model,
    version,
    `${first?.instancePath ?? ''} ${first?.message ?? 'it has another form'}.`,
  )
}

const bindingList = Type.Array(FeatureBinding)

async function bind(views: OnlineViews, scope: Scope, binding: FeatureBinding, inputs: readonly string[]) {
  const { view, urn, version } = await views.onlineView(scope, binding.view, binding.version)
  const known = view.features.map((feature) => feature.name)
  const outputs =
    binding.outputs ?? Object.fromEntries(known.filter((name) => inputs.includes(name)).map((name) => [name, name]))
  if (Object.keys(outputs).length === 0)
    throw servingErrors.BAD_BINDING(
      `No input of the model has the name of a feature of "${view.name}" (${known.join(', ')}). Say in "outputs" which feature feeds which input.`,
    )
  for (const feature of Object.keys(outputs))
    if (!known.includes(feature))
      throw servingErrors.BAD_BINDING(
        `Feature view "${view.name}" has no feature "${feature}". It has ${known.join(', ')}.`,
      )
  for (const key of Object.keys(binding.keys ?? {}))
    if (!view.keys.includes(key))
      throw servingErrors.BAD_BINDING(
        `Feature view "${view.name}" has no key "${key}". Its keys: ${view.keys.join(', ')}.`,
      )
  const keys = Object.fromEntries(view.keys.map((key) => [key, binding.keys?.[key] ?? key]))
  return { view, bound: { view: view.name, version, urn, keys, outputs } }
}
