import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { addImportedFile, listImportedFiles, putImportedFile } from '@trivium/contract'
import { ApiError } from '@trivium/sdk'
import { FailedError } from '../fail.ts'
import { largeFile, uploadInParts } from '../upload-in-parts.ts'
import { again, type ImportWork } from './run-import.ts'
import type { FileOwner, Skip, Source, SourceFile } from './source.ts'

const atOnce = 4

/** Sends the files of a run or logged model that are not here. Each is compared by its SHA-256: the server refuses bytes that are others. */
export async function sendFiles(
  work: ImportWork,
  id: string,
  source: Source,
  owner: FileOwner,
  { full, skip }: { full: boolean; skip: Skip },
): Promise<{ files: number; bytes: number }> {
  const { client, project, terminal } = work
  const params = { project, import: id }
  const place = `${owner.kind}/${owner.id}`
  let here: Map<string, { digest: string; size: number }> | undefined
  const total = { files: 0, bytes: 0 }
  const take = async (file: SourceFile): Promise<void> => {
    here ??= new Map(
      (await client.call(listImportedFiles, { params, body: { owners: [place] }, signal: terminal.signal })).files.map(
        (one) => [one.path, one],
      ),
    )
    const there = here.get(file.path)
    // A file of a server would have to be fetched to be compared: its size says that it is the same, unless everything is asked for.
    if (there && !full && file.local === undefined && there.size === file.size) return
    const bytes = await sendFile(work, id, place, file, there?.digest)
    if (bytes === undefined) return
    total.files += 1
    total.bytes += bytes
  }
  const underway = new Set<Promise<void>>()
  const failures: unknown[] = []
  for await (const file of source.files(owner)) {
    if (failures.length > 0) break
    if (file.path.length > 1000 || file.path.includes('\0')) {
      skip(
        `file "${file.path.slice(0, 100).replaceAll('\0', '?')}" of ${owner.kind} ${owner.id}`,
        'its path is too long or holds a NUL character',
      )
      continue
    }
    // The first asks what is here; the others use its answer.
    const one: Promise<void> = take(file)
      .catch((error: unknown) => {
        const badPath = error instanceof ApiError && error.status === 400
        if (badPath || error instanceof FailedError)
          skip(`file "${file.path.slice(0, 300)}" of ${owner.kind} ${owner.id}`, error.message)
        else failures.push(error)
      })
      .finally(() => underway.delete(one))
    underway.add(one)
    if (here === undefined || underway.size >= atOnce) await Promise.race(underway)
  }
  await Promise.all(underway)
  if (failures.length > 0) throw failures[0]
  return total
}

/** Returns its size; undefined when the same is there. */
async function sendFile(
  work: ImportWork,
  id: string,
  owner: string,
  file: SourceFile,
  known: string | undefined,
): Promise<number | undefined> {
  const { client, project, terminal } = work
  const { signal } = terminal
  const params = { project, import: id }
  const folder = file.local === undefined ? await mkdtemp(join(tmpdir(), 'trivium-import-')) : undefined
  try {
    const local = file.local ?? join(folder ?? '', randomUUID())
    if (file.local === undefined)
      await pipeline(Readable.fromWeb((await file.open()) as never), createWriteStream(local, { mode: 0o600 }), {
        signal,
      })
    const { size } = await stat(local)
    if (file.size !== undefined && file.size !== size)
      throw new FailedError(`it should have ${file.size} bytes and has ${size}`)
    if (size >= largeFile) {
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(local)) hash.update(chunk as Buffer)
      const digest = hash.digest('hex')
      if (digest === known) return undefined
      const upload = await uploadInParts(work, local, { digest, size })
      await again(signal, () =>
        client.call(addImportedFile, { params, body: { owner, path: file.path, upload }, signal }),
      )
      return size
    }
    const bytes = await readFile(local)
    const digest = createHash('sha256').update(bytes).digest('hex')
    if (digest === known) return undefined
    await again(signal, () =>
      client.call(putImportedFile, {
        params,
        query: { owner, path: file.path, digest },
        body: bytes as never,
        signal,
      }),
    )
    return size
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}
