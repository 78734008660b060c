import { readdir, lstat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

const everyMs = 500
/** What has to stay free for the database, whatever a step may write. */
const reserveBytes = 500_000_000

/** Looks every half second what lies in some directories together and how much of the disk is free; calls `exceeded` once when it is too much or too little. */
export function watchDisk(directories: readonly string[], mostBytes: number, exceeded: () => void): () => void {
  let stopped = false
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    void look(directories, mostBytes)
      .then((tooMuch) => {
        looking = false
        if (!tooMuch || stopped) return
        stopped = true
        clearInterval(timer)
        exceeded()
      })
      .catch(() => {
        looking = false
      })
  }, everyMs)
  return () => {
    stopped = true
    clearInterval(timer)
  }
}

async function look(directories: readonly string[], mostBytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(directories[0] ?? '/')
  if (bavail * bsize < reserveBytes) return true
  let sum = 0
  for (const directory of directories) sum += await bytesBelow(directory, mostBytes - sum)
  return sum > mostBytes
}

/** Stops counting once it is more than `enough`. */
async function bytesBelow(directory: string, enough: number): Promise<number> {
  let sum = 0
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) sum += await bytesBelow(path, enough - sum)
    // Blocks, not length: a file may have holes.
    else
      sum += await lstat(path)
        .then(({ blocks }) => blocks * 512)
        .catch(() => 0)
    if (sum > enough) break
  }
  return sum
}
