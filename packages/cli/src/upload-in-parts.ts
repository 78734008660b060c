import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { completeUpload, createUpload, linkUploadPart, putUploadPart, type Upload } from '@trivium/contract'
import { ApiError, type Client } from '@trivium/sdk'
import { FailedError } from './fail.ts'
import { bytesText } from './output.ts'
import type { Terminal } from './terminal.ts'

/** Files from this size on go in parts, so that an upload that breaks off goes on where it stopped. */
export const largeFile = 64 * 1024 * 1024

const parallel = 3
const tries = 6

interface Work {
  readonly terminal: Terminal
  readonly client: Client
  readonly project: string
}

/**
 * Sends a file in parts and returns the id of the finished upload. The same call after a kill finds the upload by the digest of the file and sends what is
 * missing. Where the server hands out links, the parts go to its object store; when that cannot be reached, through the server.
 */
export async function uploadInParts(
  { terminal, client, project }: Work,
  path: string,
  { digest, size }: { digest: string; size: number },
): Promise<string> {
  const { signal } = terminal
  const upload = await client.call(createUpload, { params: { project }, body: { digest, size }, signal })
  if (upload.state === 'done') return upload.id
  const partSize = upload.partSize ?? size
  const there = new Set(upload.parts.map((part) => part.number))
  const missing = Array.from({ length: upload.partCount }, (_, i) => i + 1).filter((number) => !there.has(number))
  const progress = progressOf(
    terminal,
    size,
    upload.parts.reduce((sum, part) => sum + part.size, 0),
  )
  let direct = upload.direct
  const file = await open(resolve(terminal.cwd, path), 'r')
  try {
    const sendNext = async (): Promise<void> => {
      for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
        const start = (number - 1) * partSize
        const bytes = Buffer.allocUnsafe(Math.min(partSize, size - start))
        let filled = 0
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
          if (bytesRead === 0) throw new FailedError(`"${path}" became shorter while it was sent.`)
          filled += bytesRead
        }
        if (!direct || !(await sendToStore({ client, project, signal }, upload, number, bytes))) {
          direct = false
          await sendToServer({ client, project, signal }, upload, number, bytes)
        }
        progress(bytes.length)
      }
    }
    await Promise.all(Array.from({ length: Math.min(parallel, missing.length) }, sendNext))
  } finally {
    await file.close()
  }
  await again(signal, () => client.call(completeUpload, { params: { project, upload: upload.id }, body: {}, signal }))
  return upload.id
}

interface Sending {
  readonly client: Client
  readonly project: string
  readonly signal: AbortSignal
}

const sendToServer = async (
  { client, project, signal }: Sending,
  { id }: Upload,
  part: number,
  bytes: Buffer<ArrayBuffer>,
): Promise<void> => {
  const digest = digestOf(bytes)
  await again(signal, () =>
    client.call(putUploadPart, { params: { project, upload: id, part }, query: { digest }, body: bytes, signal }),
  )
}

/** False when the store cannot be reached from here, or does not take it. */
const sendToStore = async (
  { client, project, signal }: Sending,
  { id }: Upload,
  part: number,
  bytes: Buffer<ArrayBuffer>,
): Promise<boolean> => {
  const body = { digest: digestOf(bytes) }
  const { url, headers } = await again(signal, () =>
    client.call(linkUploadPart, { params: { project, upload: id, part }, body, signal }),
  )
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    try {
      const answer = await fetch(url, { method: 'PUT', headers, body: bytes, signal })
      await answer.arrayBuffer()
      if (answer.ok) return true
    } catch (error) {
      if (signal.aborted) throw error
    }
  }
  return false
}

/** Tries again what failed on the way, or because the server has too much to do. */
async function again<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const passing = error instanceof ApiError && [0, 429, 502, 503, 504].includes(error.status)
      if (!passing || attempt >= tries || signal.aborted) throw error
      await sleep(200 * 2 ** attempt, undefined, { signal })
    }
  }
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

function progressOf(terminal: Terminal, size: number, before: number): (bytes: number) => void {
  let sent = before
  if (terminal.interactive && before > 0)
    terminal.err(`${bytesText(before)} of ${bytesText(size)} are there already.\n`)
  return (bytes) => {
    sent += bytes
    if (!terminal.interactive) return
    terminal.err(`\r${bytesText(sent)} of ${bytesText(size)}${sent >= size ? ', sent; the server checks it\n' : ' '}`)
  }
}
