import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { listMissingBlobs, putBlob } from '@trivium/contract'
import type { Client } from '@trivium/sdk'
import { FailedError, UsageError } from './fail.ts'
import { readText } from './read-document.ts'
import type { Terminal } from './terminal.ts'
import { openUpload } from './upload.ts'
import { largeFile, uploadInParts } from './upload-in-parts.ts'

/** A pipeline as it is sent: its text, and the files that it is made of by their path beside it. */
export interface PipelineFiles {
  readonly name: string
  readonly yaml: string
  readonly files: ReadonlyMap<string, string>
}

const mostFiles = 2000
const ignored = new Set(['node_modules', '__pycache__', 'venv', 'env', 'dist', 'build', 'mlruns'])
const isIgnored = (name: string): boolean => name.startsWith('.') || ignored.has(name) || name.endsWith('.pyc')

/** Reads a definition and finds its code: what `code` lists, else everything below its folder that looks like code, and the lock file. */
export async function readPipeline(terminal: Terminal, file: string): Promise<PipelineFiles> {
  const text = await readText(terminal, file)
  const { parse } = await import('yaml')
  let definition: { name?: unknown; code?: unknown; environment?: { lock?: unknown } | null }
  try {
    definition = (parse(text) ?? {}) as typeof definition
  } catch (error) {
    throw new UsageError(`${file} is no YAML: ${(error as Error).message.split('\n')[0]}`)
  }
  if (typeof definition.name !== 'string')
    throw new UsageError(`${file} has no "name". A pipeline begins with name: my-pipeline.`)
  const root = dirname(resolve(terminal.cwd, file))
  const wanted = Array.isArray(definition.code) ? definition.code.map(String) : ['.']
  const files = new Map<string, string>()
  for (const entry of wanted) await collect(root, resolve(root, entry), entry, files)
  const lock = definition.environment?.lock
  if (typeof lock === 'string') await collect(root, resolve(root, lock), lock, files)
  return { name: definition.name, yaml: text, files }
}

async function collect(root: string, path: string, entry: string, files: Map<string, string>): Promise<void> {
  const inside = relative(root, path)
  if (inside.startsWith('..'))
    throw new UsageError(
      `"${entry}" lies outside the folder of the pipeline. Move the pipeline file up, or copy the code.`,
    )
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`The pipeline names "${entry}", and there is no such file or folder beside it.`)
  if (found.isFile()) {
    files.set(inside.split(sep).join('/'), path)
    if (files.size > mostFiles)
      throw new UsageError(`The code has more than ${mostFiles} files. List what belongs to it under "code:".`)
    return
  }
  for (const name of (await readdir(path)).toSorted())
    if (!isIgnored(name)) await collect(root, join(path, name), join(entry, name), files)
}

/** Sends the files that the server does not have yet and returns path → digest. */
export async function uploadFiles(
  terminal: Terminal,
  client: Client,
  project: string,
  files: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  const contents = new Map<string, { path: string; size: number }>()
  const digests: Record<string, string> = {}
  for (const [name, path] of files) {
    const { digest, size } = await openUpload(terminal, path)
    digests[name] = digest
    contents.set(digest, { path, size })
  }
  const { missing } = await client.call(listMissingBlobs, {
    params: { project },
    body: { digests: [...contents.keys()] },
  })
  for (const digest of missing) {
    const { path, size } = contents.get(digest) ?? { path: '', size: 0 }
    if (size >= largeFile) await uploadInParts({ terminal, client, project }, path, { digest, size })
    else {
      const bytes = await readFile(path)
      if (createHash('sha256').update(bytes).digest('hex') !== digest)
        throw new FailedError(
          `"${relative(terminal.cwd, path)}" changed while it was sent. Run the command again; what does not belong to the code is left out by listing what does under "code:".`,
        )
      await client.call(putBlob, { params: { project, digest }, body: bytes })
    }
  }
  return digests
}
