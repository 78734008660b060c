import { readFile } from 'node:fs/promises'
import { yaml } from '../../kernel/libraries/index.ts'
import type { Artifact, BlobStore } from '../../kernel/ports/index.ts'
import { evaluationErrors } from './errors.ts'

/** The ONNX file of a model, and the columns that its signature names. */
export interface ModelFile {
  readonly digest: string
  /** Local path, read-only. */
  readonly path: string
  /** Names of the inputs in the MLmodel file beside it, in order; empty where there is none. */
  readonly columns: readonly string[]
}

type Manifest = Readonly<Record<string, { digest: string; size: number }>>

/** Finds the one ONNX file of a step's output or of a model version: the content itself, or a file of the directory. `called` is what messages call the model. */
export async function findModelFile(
  blobs: BlobStore,
  project: string,
  artifact: Artifact,
  called: string,
): Promise<ModelFile> {
  if (artifact.kind === 'value' || artifact.kind === 'evidence' || artifact.kind === 'dataset')
    throw evaluationErrors.NO_MODEL_FILE(called, `an artifact of kind ${artifact.kind}`)
  const manifest = artifact.value as Manifest | undefined
  if (manifest === undefined || manifest === null)
    return { digest: artifact.digest, path: await blobs.localPath(project, artifact.digest), columns: [] }
  const paths = Object.keys(manifest)
  const candidates = paths.filter((path) => path.toLowerCase().endsWith('.onnx'))
  const named = candidates.filter((path) => /(^|\/)model\.onnx$/i.test(path))
  const [found, another] = named.length === 1 ? named : candidates
  if (found === undefined) throw evaluationErrors.NO_MODEL_FILE(called, paths.toSorted().join(', ') || 'no file at all')
  if (another !== undefined) throw evaluationErrors.SEVERAL_MODEL_FILES(called, candidates.toSorted().join(', '))
  const digest = manifest[found]?.digest ?? ''
  const beside = `${found.split('/').slice(0, -1).join('/')}/MLmodel`.replace(/^\//, '')
  const description = manifest[beside] ?? manifest['MLmodel']
  return {
    digest,
    path: await blobs.localPath(project, digest),
    columns: description
      ? signatureColumns(await readFile(await blobs.localPath(project, description.digest), 'utf8'))
      : [],
  }
}

/** Columns of the inputs in an MLmodel file; tensors without names give none. */
function signatureColumns(text: string): string[] {
  try {
    const { signature } = yaml().parse(text) as { signature?: { inputs?: string } }
    const inputs = JSON.parse(signature?.inputs ?? '[]') as { type?: string; name?: string }[]
    return inputs.flatMap(({ type, name }) => (type === 'tensor' || name === undefined ? [] : [name]))
  } catch {
    return []
  }
}
