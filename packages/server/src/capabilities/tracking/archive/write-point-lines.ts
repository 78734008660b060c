import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Database } from '../../../kernel/db/index.ts'
import type { TableColumn } from '../../../kernel/ports/index.ts'
import type { LinesInput, LinesPlace } from './point-lines-thread.ts'

/** The columns of a point in a file; a NaN is null. */
export const pointColumns: TableColumn[] = [
  { name: 'step', type: 'integer' },
  { name: 'timestamp', type: 'integer' },
  { name: 'value', type: 'number' },
]

const module = new URL(`./point-lines-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** The points of series that are in the table as JSON lines, some thousand at a time. */
export async function* pointLines(
  db: Database,
  series: LinesInput['series'],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let from: LinesPlace = { index: 0 }; from.index < series.length; ) {
    signal?.throwIfAborted()
    const input: LinesInput = { series, from }
    const bytes = await db.offload({ module, name: 'pointLineBytes', input, slow: true })
    const end = bytes.indexOf(10)
    from = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as LinesPlace
    if (end + 1 < bytes.length) yield bytes.subarray(end + 1)
  }
}

/** Writes lines to a file that only the server reads. */
export const writeLines = (path: string, lines: AsyncIterable<Uint8Array>): Promise<void> =>
  pipeline(Readable.from(lines), createWriteStream(path, { mode: 0o600 }))
