import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { FailedError } from './fail.ts'
import { bytesText } from './output.ts'
import type { Terminal } from './terminal.ts'

const tries = 6
const shownEveryMs = 200

/** Opens the content from a byte on; called again after the connection broke off. */
export type OpenFrom = (start: number) => Promise<Response>

/**
 * Writes content to `target` and checks its SHA-256 before the file has that name. What came before lies in `target.part`; the same call after a kill goes
 * on behind it.
 */
export async function downloadFile(
  terminal: Terminal,
  target: string,
  { digest, size }: { digest: string; size: number },
  openFrom: OpenFrom,
): Promise<void> {
  const part = `${target}.part`
  const hash = createHash('sha256')
  let at = (await stat(part).catch(() => undefined))?.size ?? 0
  if (at > size) {
    await rm(part)
    at = 0
  }
  if (at > 0) for await (const piece of createReadStream(part)) hash.update(piece as Buffer)
  const file = await open(part, 'a')
  let shownAt = 0
  try {
    for (let attempt = 1; at < size; attempt += 1) {
      const before = at
      try {
        const answer = await openFrom(at)
        if (answer.status !== (at > 0 ? 206 : 200) || !answer.body)
          throw new FailedError(`The answer was ${answer.status}, not the file from byte ${at} on.`)
        for await (const piece of answer.body) {
          if (at + piece.length > size) throw new FailedError('More came than the file has.')
          await file.writeFile(piece)
          hash.update(piece)
          at += piece.length
          if (!terminal.interactive || (Date.now() - shownAt < shownEveryMs && at < size)) continue
          shownAt = Date.now()
          terminal.err(`\r${bytesText(at)} of ${bytesText(size)}${at === size ? '\n' : ' '}`)
        }
      } catch (error) {
        if (terminal.signal.aborted || error instanceof FailedError) throw error
        if (at === before && attempt >= tries) throw error
        await sleep(200 * 2 ** Math.min(attempt, 5), undefined, { signal: terminal.signal })
      }
      if (at > before) attempt = 0
    }
  } finally {
    await file.close()
  }
  if (hash.digest('hex') !== digest) {
    await rm(part)
    throw new FailedError(`What came is not the file: its digest is another. "${part}" was removed; try again.`)
  }
  await rename(part, target)
}
