import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { link, copyFile } from 'node:fs/promises'
import { parseUrn } from '../../../kernel/ids/index.ts'
import type { Artifact } from '../../../kernel/ports/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { isManifest } from '../cache/look-up.ts'
import type { Engine } from '../runs/engine.ts'
import { placeDirectory, placeFile } from './place-file.ts'

/** Lays an input out below `directory` and returns what user code gets for it: a path, or the value itself. */
export async function placeInput(
  { blobs, datasets }: Pick<Engine, 'blobs' | 'datasets'>,
  scope: Scope,
  directory: string,
  name: string,
  artifact: Artifact,
): Promise<unknown> {
  if (artifact.kind === 'value' || artifact.kind === 'evidence') return artifact.value
  const path = join(directory, name)
  const entity = artifact.urn === undefined ? undefined : parseUrn(artifact.urn)
  if (artifact.kind === 'dataset' && entity?.kind === 'dataset') {
    // Values that are sealed for the people they are about are open to a step whose run may read them, and stay sealed for others.
    const { relation, release } = await datasets.opened(scope, entity.id, Number(entity.version))
    try {
      await mkdir(path, { recursive: true })
      // Numbered, so that a reader of the directory meets the rows in the order in which they were added.
      for (const [index, file] of relation.files.entries())
        await linkOrCopy(file, join(path, `${String(index).padStart(6, '0')}-${basename(file).slice(0, 12)}.parquet`))
    } finally {
      await release()
    }
    return path
  }
  if (isManifest(artifact.value)) await placeDirectory(blobs, scope.project, artifact.value, path)
  else await placeFile(blobs, scope.project, artifact.digest, path)
  return path
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    await copyFile(from, to)
  }
}
