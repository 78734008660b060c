import { copyFile, link, mkdir } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { BlobStore } from '../../../kernel/ports/index.ts'

/** Puts stored content at a path: a hard link where the file system allows it (blobs are read-only), else a copy. */
export async function placeFile(blobs: BlobStore, project: string, digest: string, path: string): Promise<void> {
  const stored = await blobs.localPath(project, digest)
  await mkdir(dirname(path), { recursive: true })
  try {
    await link(stored, path)
  } catch {
    await copyFile(stored, path)
  }
}

/** Puts the files of a manifest below a directory. A path that leads out of it is refused. */
export async function placeDirectory(
  blobs: BlobStore,
  project: string,
  manifest: Readonly<Record<string, { digest: string }>>,
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [path, { digest }] of Object.entries(manifest)) {
    const target = resolve(directory, path)
    if (relative(directory, target).startsWith('..')) throw new Error(`Path "${path}" leads out of its directory.`)
    await placeFile(blobs, project, digest, join(directory, path))
  }
}
