import { closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
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
 * A partial last line (the disk ran full) is cut off by the next writer and never read.
 */
export interface LedgerWriter {
  /** Throws LEDGER.NO_SPACE; then nothing of the batch counts. */
  append(records: readonly unknown[]): void
  /** Appends lines that are serialised already; each ends with a newline. */
  appendLines(lines: string): void
  close(): void
}

const segmentBytes = 8 * 1024 * 1024

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
  mkdirSync(directory, { recursive: true })
  let number = 0
  let fd = -1
  let written = 0
  let dirty = false
  const roll = (): void => {
    if (fd >= 0) {
      fdatasyncSync(fd)
      closeSync(fd)
    }
    number += 1
    fd = openSync(join(directory, `${String(number).padStart(8, '0')}.ndjson`), 'ax', 0o640)
    written = 0
  }
  const timer = setInterval(() => {
    if (!dirty) return
    dirty = false
    fdatasync(fd, () => {})
  }, syncMs)
  timer.unref()
  const appendLines = (lines: string): void => {
    const bytes = Buffer.from(lines)
    try {
      if (fd < 0 || written + bytes.length > segmentBytes) roll()
      let offset = 0
      while (offset < bytes.length) offset += writeSync(fd, bytes, offset)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // What a failed write left behind must not join the next line: go on in a new segment.
      if (fd >= 0) closeSync(fd)
      fd = -1
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw ledgerErrors.NO_SPACE()
      throw error
    }
    written += bytes.length
    dirty = true
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
