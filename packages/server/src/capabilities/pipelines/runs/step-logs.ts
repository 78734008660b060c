import { closeSync, createReadStream, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StepLogLine } from '@trivium/contract'
import type { BlobStore } from '../../../kernel/ports/index.ts'
import type { VolatileChannel } from '../../../kernel/events/index.ts'
import type { Clock } from '../../../kernel/clock/index.ts'

/** One attempt of a step. */
export interface AttemptId {
  readonly project: string
  readonly run: string
  readonly step: string
  readonly attempt: number
}

/** A log that is being written: JSON lines in a local file, and live on the volatile channel `step.log`. */
export interface OpenLog {
  write(text: string, stream: StepLogLine['stream']): void
  /** Closes the file and stores it as a blob; null when the object store does not take it: the local file then stays. */
  finish(): Promise<{ digest: string; size: number } | null>
  /** Closes the file and leaves it. */
  abandon(): void
}

export interface StepLogs {
  open(attempt: AttemptId): OpenLog
  /** Whole lines from `offset`, at most about `limit` bytes; from the blob once there is one. */
  read(
    attempt: AttemptId,
    digest: string | null,
    offset: number,
    limit: number,
  ): Promise<{ lines: StepLogLine[]; nextOffset: number; size: number }>
  /** Removes the local file of an attempt whose log is a blob. */
  remove(attempt: AttemptId): Promise<void>
}

const longestLine = 16_384
const largestLog = 64 * 1_048_576

export function createStepLogs({
  root,
  blobs,
  volatile,
  clock,
}: {
  root: string
  blobs: BlobStore
  volatile: VolatileChannel
  clock: Clock
}): StepLogs {
  const pathOf = ({ project, run, step, attempt }: AttemptId): string =>
    join(root, project, run, `${step}.${attempt}.log`)

  return {
    open: (id) => {
      const path = pathOf(id)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      // A step that waited for a decision goes on in the same log.
      const file = openSync(path, 'a', 0o600)
      let offset = statSync(path).size
      let open = true
      let full = false
      const close = (): void => {
        if (open) closeSync(file)
        open = false
      }
      return {
        write: (text, stream) => {
          if (!open || full) return
          const last = offset > largestLog - longestLine
          const kept = last
            ? 'The log has reached 64 MiB; the rest is dropped.'
            : text.length > longestLine
              ? `${text.slice(0, longestLine)}…`
              : text
          const line: StepLogLine = { at: clock(), stream, text: kept }
          const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
          writeSync(file, bytes)
          volatile.publish(id.project, 'step.log', { run: id.run, step: id.step, attempt: id.attempt, offset, ...line })
          offset += bytes.length
          if (last) full = true
        },
        finish: async () => {
          close()
          return blobs.put(id.project, createReadStream(path)).then(
            (stored) => stored,
            () => null,
          )
        },
        abandon: close,
      }
    },
    read: async (id, digest, offset, limit) => {
      const path = digest === null ? pathOf(id) : await blobs.localPath(id.project, digest)
      return readLines(path, offset, limit)
    },
    remove: async (attempt) => rm(pathOf(attempt), { force: true }),
  }
}

function readLines(
  path: string,
  offset: number,
  limit: number,
): { lines: StepLogLine[]; nextOffset: number; size: number } {
  let size: number
  try {
    ;({ size } = statSync(path))
  } catch {
    return { lines: [], nextOffset: offset, size: 0 }
  }
  const file = openSync(path, 'r')
  try {
    // Room for one whole line beyond the limit, so that reading always gets on.
    const bytes = Buffer.alloc(Math.max(0, Math.min(limit + 4 * longestLine, size - offset)))
    const read = readSync(file, bytes, 0, bytes.length, offset)
    const lines: StepLogLine[] = []
    let from = 0
    for (;;) {
      const to = bytes.subarray(0, read).indexOf(10, from)
      if (to < 0 || (from >= limit && lines.length > 0)) break
      lines.push(JSON.parse(bytes.toString('utf8', from, to)) as StepLogLine)
      from = to + 1
    }
    return { lines, nextOffset: offset + from, size }
  } finally {
    closeSync(file)
  }
}
