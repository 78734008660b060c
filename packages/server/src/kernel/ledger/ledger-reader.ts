import { existsSync } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reader, Trx } from '../db/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    ledger_cursor: { segment: string; offset_bytes: number; updated_at: number }
  }
}

/** Complete lines of one segment after the committed offset. `next` goes into `commitLedger` in the transaction that makes the lines visible. */
export interface LedgerBatch {
  /** Path of the segment below the ledger's root: its identity. */
  readonly segment: string
  readonly stream: readonly string[]
  readonly lines: Buffer
  readonly count: number
  readonly from: number
  readonly next: number
}

const mostBytes = 4 * 1024 * 1024

/** Every stream below `root` that starts with `prefix`, as path parts. */
export async function ledgerStreams(root: string, prefix: readonly string[], depth: number): Promise<string[][]> {
  const start = join(root, ...prefix.map(encodeURIComponent))
  if (!existsSync(start)) return []
  let found: string[][] = [[...prefix]]
  for (let level = 0; level < depth; level += 1) {
    const next: string[][] = []
    for (const stream of found) {
      for (const entry of await readdir(join(root, ...stream.map(encodeURIComponent)), { withFileTypes: true })) {
        if (entry.isDirectory()) next.push([...stream, decodeURIComponent(entry.name)])
      }
    }
    found = next
  }
  return found
}

/** Lines that were appended to a stream and not yet committed, oldest segment first; at most about 4 MiB a batch. */
export async function* pendingLedger({
  db,
  root,
  stream,
}: {
  db: Reader
  root: string
  stream: readonly string[]
}): AsyncGenerator<LedgerBatch> {
  const directory = join(root, ...stream.map(encodeURIComponent))
  if (!existsSync(directory)) return
  for (const writer of (await readdir(directory)).toSorted()) {
    for (const file of (await readdir(join(directory, writer))).toSorted()) {
      const segment = [...stream.map(encodeURIComponent), writer, file].join('/')
      const path = join(directory, writer, file)
      let offset =
        (await db.selectFrom('ledger_cursor').select('offset_bytes').where('segment', '=', segment).executeTakeFirst())
          ?.offset_bytes ?? 0
      for (;;) {
        const { size } = await stat(path)
        if (size <= offset) break
        const batch = await readLines(path, offset, Math.min(size - offset, mostBytes))
        if (batch.lines.length === 0) break
        yield {
          segment,
          stream,
          lines: batch.lines,
          count: batch.count,
          from: offset,
          next: offset + batch.lines.length,
        }
        offset += batch.lines.length
      }
    }
  }
}

async function readLines(path: string, offset: number, length: number): Promise<{ lines: Buffer; count: number }> {
  const handle = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await handle.read(buffer, 0, length, offset)
    const end = buffer.lastIndexOf(10, bytesRead - 1) + 1
    const lines = buffer.subarray(0, end)
    let count = 0
    for (let at = lines.indexOf(10); at >= 0; at = lines.indexOf(10, at + 1)) count += 1
    return { lines, count }
  } finally {
    await handle.close()
  }
}

/** Moves the cursor in the owner's transaction. Returns false when the batch was committed before (a second ingester, a retry): then the caller writes nothing. */
export async function commitLedger(trx: Trx, batch: LedgerBatch, at: number): Promise<boolean> {
  if (batch.from === 0) {
    const made = await trx
      .insertInto('ledger_cursor')
      .values({ segment: batch.segment, offset_bytes: batch.next, updated_at: at })
      .onConflict((c) => c.column('segment').doNothing())
      .returning('segment')
      .executeTakeFirst()
    return made !== undefined
  }
  const { numUpdatedRows } = await trx
    .updateTable('ledger_cursor')
    .set({ offset_bytes: batch.next, updated_at: at })
    .where('segment', '=', batch.segment)
    .where('offset_bytes', '=', batch.from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** True when a stream holds complete lines that are not committed. */
export async function ledgerHasPending(input: {
  db: Reader
  root: string
  stream: readonly string[]
}): Promise<boolean> {
  for await (const _ of pendingLedger(input)) return true
  return false
}

/** Deletes a segment whose lines are all committed and that no writer appends to any more. */
export async function dropSegment(root: string, segment: string): Promise<void> {
  await rm(join(root, segment), { force: true })
}
