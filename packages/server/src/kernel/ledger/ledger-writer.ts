import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { defineErrors } from '../errors/index.ts'
import { newId } from '../ids/index.ts'

export const ledgerErrors = defineErrors('LEDGER', {
  NO_SPACE: {
    status: 503,
    message: () => 'The disk is full: nothing can be recorded, so nothing is answered. Free space and try again.',
  },
})

/**
 * Appends records of one stream (predictions of a deployment, labels, pushed rows) to a local segment file, one JSON line each. `append` returns
 * after `write()`: the records survive kill -9 of this process. `fdatasync` follows within `syncMs`, the window that a power failure may cost.
 * A partial last line (the process was killed, the disk ran full) is never read.
 */
export interface LedgerWriter {
  /** Throws LEDGER.NO_SPACE; then nothing of the batch counts. */
  append(records: readonly unknown[]): void
  /** Appends lines that are serialised already; each ends with a newline. */
  appendLines(lines: string): void
  close(): void
}

const segmentBytes = 8 * 1024 * 1024
/** A segment is not appended to this long after its first record, so none stays in the making: whoever finds one that is older knows that it is complete. */
const writtenForMs = 10 * 60_000

/** Segments live in `root/<stream…>/<writer>/<number>.ndjson`; a writer (one process) never touches another's. */
export function openLedgerWriter({
  root,
  stream,
  syncMs = 50,
}: {
  root: string
  stream: readonly string[]
  syncMs?: number
}): LedgerWriter {
  const directory = join(root, ...stream.map(encodeURIComponent), newId('seg'))
  let number = 0
  let fd = -1
  let written = 0
  let dirty = false
  let begun = 0
  const leave = (): void => {
    if (fd < 0) return
    const old = fd
    fd = -1
    // Not waited for: a full segment must not hold up the answer that comes after it.
    fdatasync(old, () => closeSync(old))
  }
  const roll = (now: number): void => {
    leave()
    mkdirSync(directory, { recursive: true })
    number += 1
    fd = openSync(join(directory, `${String(number).padStart(8, '0')}.ndjson`), 'ax', 0o640)
    written = 0
    begun = now
  }
  const timer = setInterval(() => {
    if (!dirty || fd < 0) return
    dirty = false
    fdatasync(fd, () => {})
  }, syncMs)
  timer.unref()
  const appendLines = (lines: string): void => {
    const bytes = Buffer.from(lines)
    const now = Date.now()
    try {
      if (fd < 0 || written + bytes.length > segmentBytes || now - begun > writtenForMs) roll(now)
      let offset = 0
      while (offset < bytes.length) offset += writeSync(fd, bytes, offset)
    } catch (error) {
      undo()
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw ledgerErrors.NO_SPACE()
      throw error
    }
    written += bytes.length
    dirty = true
  }
  /** Takes back what a failed write left, and goes on in a new segment. */
  const undo = (): void => {
    if (fd < 0) return
    try {
      ftruncateSync(fd, written)
    } catch {
      // Then a partial last line stays, which nobody reads.
    }
    leave()
  }
  return {
    append: (records) => appendLines(records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    appendLines,
    close: () => {
      clearInterval(timer)
      if (fd >= 0) {
        fdatasyncSync(fd)
        closeSync(fd)
      }
      fd = -1
    },
  }
}
