import { createWriteStream, openAsBlob } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SourceFile } from './source.ts'

const inMemory = 8 * 1024 * 1024

/** Sends a file as a body whose length is known and which may be sent again: a large one, or one of unknown size, lies in a temporary file meanwhile. */
export async function sendBody(file: SourceFile, send: (body: Blob) => Promise<unknown>): Promise<void> {
  if (file.size !== undefined && file.size <= inMemory) {
    await send(await new Response(await file.open()).blob())
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'trivium-export-'))
  try {
    const path = join(folder, 'body')
    await pipeline(Readable.fromWeb((await file.open()) as never), createWriteStream(path))
    await send(await openAsBlob(path))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
