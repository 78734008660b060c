import { existsSync } from 'node:fs'
import { open, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Database, Reader, Trx } from '../db/index.ts'

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

/**
 * Lines that were appended to a stream and not yet committed, oldest segment first; at most about 4 MiB a batch. What is appended while they are worked on is left
 * to the next look: a stream that grows without a pause would never end here.
 */
export async function* pendingLedger({
  db,
  root,
  stream,
}: {
  db: Reader
  root: string
  stream: readonly string[]
}): AsyncGenerator<LedgerBatch> {
  for await (const { segment, path } of segmentsOf(root, stream)) {
    let offset = await committedOffset(db, segment)
    const size = await sizeOf(path)
    while (offset < size) {
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

async function readLines(path: string, offset: number, length: number): Promise<{ lines: Buffer; count: number }> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    for (let wanted = length; ; wanted *= 2) {
      const buffer = Buffer.alloc(Math.min(wanted, size - offset))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
      const end = bytesRead === 0 ? 0 : buffer.lastIndexOf(10, bytesRead - 1) + 1
      // A line that is longer than a batch is a batch of its own.
      if (end === 0 && wanted < size - offset) continue
      const lines = buffer.subarray(0, end)
      let count = 0
      for (let at = lines.indexOf(10); at >= 0; at = lines.indexOf(10, at + 1)) count += 1
      return { lines, count }
    }
  } finally {
    await handle.close()
  }
}

/** The complete lines of the newest segment of each writer, committed or not: what a writer that was killed wrote last is in there. */
export async function* newestLines(root: string, stream: readonly string[]): AsyncGenerator<Buffer> {
  for await (const { path, isNewest } of segmentsOf(root, stream)) {
    if (!isNewest) continue
    for (let offset = 0; ; ) {
      const size = await sizeOf(path)
      if (size <= offset) break
      const { lines } = await readLines(path, offset, Math.min(size - offset, mostBytes))
      if (lines.length === 0) break
      yield lines
      offset += lines.length
    }
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

/**
 * Overwrites the lines of a committed batch with blanks in their segment, which its writer goes on appending to: what was sealed for the table lies in clear text
 * nowhere then. Nobody reads a line before the committed offset.
 */
export async function blankCommitted(root: string, { segment, from, lines }: LedgerBatch): Promise<void> {
  const blank = Buffer.alloc(lines.length, ' ')
  for (let at = lines.indexOf(10); at >= 0; at = lines.indexOf(10, at + 1)) blank[at] = 10
  try {
    const handle = await open(join(root, segment), 'r+')
    try {
      await handle.write(blank, 0, blank.length, from)
      await handle.datasync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
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

const completeAfterMs = 60 * 60_000

/** Deletes the segments of a stream whose lines are all committed and that no writer appends to any more: not the newest of its writer, or long untouched. */
export async function dropCommitted({
  db,
  root,
  stream,
}: {
  db: Database
  root: string
  stream: readonly string[]
}): Promise<number> {
  const dropped: string[] = []
  for await (const { segment, path, isNewest } of segmentsOf(root, stream)) {
    const { size, mtimeMs } = await stat(path)
    if (isNewest && Date.now() - mtimeMs < completeAfterMs) continue
    if ((await committedOffset(db.read, segment)) < size) continue
    // The file goes first: a cursor without a file does no harm, a file without its cursor would be read again.
    await rm(path)
    if (isNewest) await rmdir(dirname(path)).catch(() => {})
    dropped.push(segment)
  }
  if (dropped.length > 0)
    await db.write
      .transaction()
      .execute((trx) => trx.deleteFrom('ledger_cursor').where('segment', 'in', dropped.slice(0, 1000)).execute())
  return dropped.length
}

async function* segmentsOf(
  root: string,
  stream: readonly string[],
): AsyncGenerator<{ segment: string; path: string; isNewest: boolean }> {
  const directory = join(root, ...stream.map(encodeURIComponent))
  for (const writer of await namesIn(directory)) {
    const files = await namesIn(join(directory, writer))
    for (const file of files)
      yield {
        segment: [...stream.map(encodeURIComponent), writer, file].join('/'),
        path: join(directory, writer, file),
        isNewest: file === files.at(-1),
      }
  }
}

/** 0 for a segment that was dropped since it was listed. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function committedOffset(db: Reader, segment: string): Promise<number> {
  const row = await db
    .selectFrom('ledger_cursor')
    .select('offset_bytes')
    .where('segment', '=', segment)
    .executeTakeFirst()
  return row?.offset_bytes ?? 0
}
