import type { ModelSignatureInfo, PickledFile, SignatureField } from '@trivium/contract'
import { yaml } from '../../kernel/libraries/index.ts'
import type { BlobStore } from '../../kernel/ports/index.ts'
import { registryErrors } from './errors.ts'
import { findPickles } from './provenance/find-pickles.ts'

/** Files of a version: path → content. */
export type VersionFiles = Readonly<Record<string, { readonly digest: string; readonly size: number }>>

/** What the files say about the model. */
export interface ModelDescription {
  readonly flavors: string[]
  readonly signature: ModelSignatureInfo | null
  /** Path of the one ONNX file; null when there is none, or it is not clear which. */
  readonly onnx: string | null
  /** Files that are Python pickles. */
  readonly pickles: PickledFile[]
}

const largestDescription = 4_000_000

/** Reads the MLmodel file, if there is one, and finds the ONNX file. Nothing of the model is executed. */
export async function describeFiles(blobs: BlobStore, project: string, files: VersionFiles): Promise<ModelDescription> {
  const descriptions = Object.keys(files)
    .filter((path) => path === 'MLmodel' || path.endsWith('/MLmodel'))
    .toSorted((a, b) => a.length - b.length)
  const [path] = descriptions
  const file = path === undefined ? undefined : files[path]
  if (path === undefined || !file) {
    const onnx = findOnnx(files, '', undefined)
    const pickles = await findPickles(blobs, project, files, { directory: '', settings: {} })
    return { flavors: onnx ? ['onnx'] : [], signature: null, onnx, pickles }
  }
  if (file.size > largestDescription) throw registryErrors.MODEL_FILE_BROKEN(`it has ${file.size} bytes`)
  const { flavors, signature } = parseMlmodel((await blobs.read(project, file.digest)).toString('utf8'))
  const data = (flavors['onnx'] as { data?: unknown } | undefined)?.data
  const directory = path.slice(0, -'MLmodel'.length)
  return {
    flavors: Object.keys(flavors).toSorted(),
    signature,
    pickles: await findPickles(blobs, project, files, { directory, settings: flavors }),
    onnx: findOnnx(files, directory, typeof data === 'string' ? data : undefined),
  }
}

/** The file that the onnx flavour names, or `model.onnx` beside MLmodel, or the only ONNX file. */
function findOnnx(files: VersionFiles, directory: string, named: string | undefined): string | null {
  const all = Object.keys(files).filter((path) => path.toLowerCase().endsWith('.onnx'))
  for (const candidate of [named, 'model.onnx'])
    if (candidate !== undefined && Object.hasOwn(files, directory + candidate)) return directory + candidate
  const called = all.filter((path) => /(^|\/)model\.onnx$/i.test(path))
  return called.length === 1 ? (called[0] ?? null) : all.length === 1 ? (all[0] ?? null) : null
}

/** Flavours and signature of an MLmodel file. */
export function parseMlmodel(text: string): { flavors: Record<string, unknown>; signature: ModelSignatureInfo | null } {
  let content: unknown
  try {
    // Aliases are not used by MLflow and can make a small file large.
    content = yaml().parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw registryErrors.MODEL_FILE_BROKEN((error as Error).message.split('\n')[0] ?? '')
  }
  if (!isRecord(content)) throw registryErrors.MODEL_FILE_BROKEN('it is no YAML map')
  const { flavors, signature } = content
  return { flavors: isRecord(flavors) ? flavors : {}, signature: isRecord(signature) ? signatureOf(signature) : null }
}

function signatureOf(signature: Record<string, unknown>): ModelSignatureInfo {
  return {
    inputs: fieldsOf(signature['inputs']),
    outputs: fieldsOf(signature['outputs']),
    params: fieldsOf(signature['params']),
  }
}

/** MLflow keeps lists of columns or tensors as JSON text inside the YAML. */
function fieldsOf(value: unknown): SignatureField[] {
  let list: unknown = value
  if (typeof value === 'string') {
    try {
      list = JSON.parse(value)
    } catch {
      throw registryErrors.MODEL_FILE_BROKEN('its signature is no JSON')
    }
  }
  return Array.isArray(list) ? list.filter(isRecord).map(fieldOf) : []
}

function fieldOf(field: Record<string, unknown>): SignatureField {
  const spec = isRecord(field['tensor-spec']) ? field['tensor-spec'] : undefined
  const shape = spec?.['shape'] ?? field['shape']
  return {
    name: typeof field['name'] === 'string' ? field['name'] : null,
    type: String(spec?.['dtype'] ?? field['type'] ?? field['dtype'] ?? 'unknown'),
    required: field['required'] !== false && field['optional'] !== true,
    shape: Array.isArray(shape) && shape.every((n) => Number.isInteger(n)) ? (shape as number[]) : null,
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
