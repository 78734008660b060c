import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { PipelineStep } from '@trivium/contract'
import type { Artifact, BlobStore } from '../../../kernel/ports/index.ts'
import { digestOf } from '../../../kernel/ids/index.ts'
import { AppError } from '../../../kernel/errors/index.ts'
import { stepErrors } from '../errors.ts'

const largestValue = 64 * 2 ** 20

/** Takes what a step wrote below `directory`, and what its function returned, into the object store. Throws PIPELINES.OUTPUT_MISSING with the name of what is not there. */
export async function collectOutputs(
  blobs: BlobStore,
  project: string,
  step: PipelineStep,
  directory: string,
  returned: unknown,
): Promise<Record<string, Artifact>> {
  const outputs: Record<string, Artifact> = {}
  for (const [name, { kind }] of Object.entries(step.out)) {
    outputs[name] =
      kind === 'value' || kind === 'evidence'
        ? await collectValue(step, name, kind, directory, returned)
        : await collectContent(blobs, project, step, name, kind, directory)
  }
  return outputs
}

async function collectValue(
  step: PipelineStep,
  name: string,
  kind: 'value' | 'evidence',
  directory: string,
  returned: unknown,
): Promise<Artifact> {
  const value =
    step.kind === 'python' ? fromReturned(step, name, kind, returned) : await fromJsonFile(step, name, kind, directory)
  return { kind, digest: digestOf(value), value }
}

function fromReturned(step: PipelineStep, name: string, kind: string, returned: unknown): unknown {
  if (typeof returned === 'object' && returned !== null && Object.hasOwn(returned, name))
    return (returned as Record<string, unknown>)[name]
  const values = Object.values(step.out).filter((output) => output.kind === 'value' || output.kind === 'evidence')
  if (values.length === 1 && returned !== null && returned !== undefined) return returned
  throw stepErrors.OUTPUT_MISSING(step.name, name, kind, `The function has to return a dict with the key "${name}".`)
}

async function fromJsonFile(step: PipelineStep, name: string, kind: string, directory: string): Promise<unknown> {
  const path = join(directory, name)
  let text: string
  try {
    // A link would have this server read for the step what it may not, a pipe would keep it waiting.
    const found = await lstat(path)
    if (!found.isFile() || found.size > largestValue)
      throw stepErrors.OUTPUT_WRONG_KIND(
        step.name,
        name,
        kind,
        found.isFile() ? `${found.size} bytes, more than ${largestValue}` : 'no file of its own',
      )
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof AppError) throw error
    throw stepErrors.OUTPUT_MISSING(
      step.name,
      name,
      kind,
      `The command has to write JSON to the path that \${out.${name}} stands for.`,
    )
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw stepErrors.OUTPUT_WRONG_KIND(step.name, name, kind, `no JSON (${(error as Error).message})`)
  }
}

async function collectContent(
  blobs: BlobStore,
  project: string,
  step: PipelineStep,
  name: string,
  kind: Artifact['kind'],
  directory: string,
): Promise<Artifact> {
  const path = await findOutput(step, name, kind, directory)
  const found = await lstat(path)
  if (found.isFile() && kind !== 'directory') {
    const { digest, size } = await blobs.put(project, createReadStream(path))
    return { kind, digest, size }
  }
  if (found.isDirectory() && kind !== 'file') return collectDirectory(blobs, project, kind, path)
  throw stepErrors.OUTPUT_WRONG_KIND(
    step.name,
    name,
    kind,
    found.isDirectory() ? 'a directory' : found.isFile() ? 'a file' : 'neither a file nor a directory',
  )
}

/** The output itself, or the one file that has its name with an ending: some libraries add one. */
async function findOutput(step: PipelineStep, name: string, kind: string, directory: string): Promise<string> {
  const present = await readdir(directory)
  if (present.includes(name)) return join(directory, name)
  const close = present.filter((entry) => entry.startsWith(`${name}.`))
  if (close.length === 1 && close[0] !== undefined) return join(directory, close[0])
  const where =
    step.kind === 'python'
      ? `The function gets the path to write to as its argument "${name}".`
      : `The command gets the path to write to as \${out.${name}}.`
  throw stepErrors.OUTPUT_MISSING(
    step.name,
    name,
    kind,
    present.length === 0 ? `${where} It wrote nothing at all.` : `${where} It wrote: ${present.toSorted().join(', ')}.`,
  )
}

async function collectDirectory(
  blobs: BlobStore,
  project: string,
  kind: Artifact['kind'],
  root: string,
): Promise<Artifact> {
  const manifest: Record<string, { digest: string; size: number }> = {}
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name)
    manifest[relative(root, path).split(sep).join('/')] = await blobs.put(project, createReadStream(path))
  }
  return {
    kind,
    digest: digestOf(manifest),
    size: Object.values(manifest).reduce((sum, file) => sum + file.size, 0),
    value: manifest,
  }
}
