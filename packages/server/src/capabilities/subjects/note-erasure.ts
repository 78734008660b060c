import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErasureLine, erasureLines } from './erasure-lines.ts'

/** Beside the checkpoints, and in the data directory: what a restore of an older backup has to replay. */
export const erasuresFile = 'erasures.jsonl'

/** Notes an erasure outside of the database, where a database that is lost or replaced cannot take it along. Noted already, it is not noted again. */
export async function noteErasure(directories: readonly string[], line: ErasureLine): Promise<void> {
  for (const directory of directories) {
    const file = join(directory, erasuresFile)
    const known = await readFile(file, 'utf8').catch(() => '')
    if (known.includes(`"erasure":${JSON.stringify(line.erasure)},`)) continue
    await mkdir(directory, { recursive: true, mode: 0o700 })
    // A line that was cut off when the power went must not spoil this one.
    const gap = known === '' || known.endsWith('\n') ? '' : '\n'
    await appendFile(file, gap + erasureLines([line]), { mode: 0o600, flush: true })
  }
}
