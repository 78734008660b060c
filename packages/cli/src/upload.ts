import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { UsageError } from './fail.ts'
import { bytesText } from './output.ts'
import type { Terminal } from './terminal.ts'

/** A file that is about to be sent. */
export interface Upload {
  readonly digest: string
  readonly size: number
  /** Its bytes, once; progress goes to the terminal. */
  stream(): ReadableStream<Uint8Array>
}

/** Finds a file and its SHA-256, which the server checks what arrives against. */
export async function openUpload(terminal: Terminal, path: string): Promise<Upload> {
  const full = resolve(terminal.cwd, path)
  const found = await stat(full).catch(() => undefined)
  if (!found?.isFile()) throw new UsageError(`"${path}" is no file.`)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(full)) hash.update(chunk as Buffer)
  return {
    digest: hash.digest('hex'),
    size: found.size,
    stream: () =>
      Readable.toWeb(withProgress(terminal, createReadStream(full), found.size)) as ReadableStream<Uint8Array>,
  }
}

const shownEveryMs = 200

function withProgress(terminal: Terminal, source: Readable, size: number): Readable {
  if (!terminal.interactive) return source
  let sent = 0
  let shownAt = 0
  source.on('data', (chunk: Buffer) => {
    sent += chunk.length
    if (Date.now() - shownAt < shownEveryMs && sent < size) return
    shownAt = Date.now()
    terminal.err(`\r${bytesText(sent)} of ${bytesText(size)}${sent >= size ? ', sent; the server reads it\n' : ' '}`)
  })
  source.pause()
  return source
}
