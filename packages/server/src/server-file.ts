import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Tells commands on this machine where the server of a data directory listens: `server.json`, mode 600, while it answers. Returns what takes it away again. */
export function writeServerFile(data: string, url: string): () => void {
  const path = join(data, 'server.json')
  // Made anew, because a mode is only given to a new file.
  rmSync(path, { force: true })
  writeFileSync(path, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 })
  return () => rmSync(path, { force: true })
}
